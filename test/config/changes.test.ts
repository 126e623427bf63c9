import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { changeableSettings, changeSettings, readUser } from '../../src/config/changes.ts';
import { load, NEEDED } from './parsing.ts';

function initial() {
  const { settings } = load(`${NEEDED}ue_db: [{ impi: "a", pwd: "b" }], sms_message_filter: { cp_ack: "ignore" }`);
  assert.ok(settings);
  return settings;
}

describe('settings in requests', () => {
  it('shows the properties that may be changed', () => {
    assert.deepEqual(changeableSettings(initial()), {
      binding_expires: 3600,
      subscribe_expires: 0,
      auth_on_register_only: false,
      precondition: false,
      p_called_party_id: false,
      dialog_timeout: 15,
      sms_expires: 86400,
      sms_retry_delay: 60,
      sms_message_filter: { cp_data: 'treat', cp_ack: 'ignore', rp_data: 'treat', rp_ack: 'treat' },
      sms_forced_cp_cause: 0,
      sms_forced_rp_cause: 0,
    });
  });

  it('changes what the request names and nothing else', () => {
    const settings = initial();
    const changed = changeSettings(settings, {
      dialog_timeout: 20,
      precondition: 1,
      sms_message_filter: { rp_ack: 'reject' },
    });
    assert.deepEqual(changed, {
      value: {
        ...settings,
        dialog_timeout: 20,
        precondition: true,
        sms_message_filter: { cp_data: 'treat', cp_ack: 'ignore', rp_data: 'treat', rp_ack: 'reject' },
      },
    });
    assert.equal(settings.dialog_timeout, 15);
  });

  it('refuses a request with anything wrong in it', () => {
    const request = {
      dialog_timeout: -1,
      sms_expires: 10,
      ipsec: false,
      precondition: null,
      sms_message_filter: { x: 1 },
    };
    assert.deepEqual(changeSettings(initial(), request), {
      errors: [
        'precondition: a value expected, found null',
        'dialog_timeout: integer of at least 0 expected, found the number -1',
        "ipsec: unused property 'ipsec'",
        "sms_message_filter.x: unused property 'x'",
      ],
    });
  });

  it('reads a user as one of ue_db', () => {
    const user = readUser({ imsi: '001010000000001', K: '00112233445566778899aabbccddeeff' }, 'ims.test', '/');
    assert.ok('value' in user);
    assert.equal(user.value.impi, '001010000000001@ims.test');
    assert.equal(user.value.authent_type, 'AKAv1');
    assert.equal(user.value.amf, 0x9001);
    assert.deepEqual(readUser({ impi: 'a', K: '00' }, 'ims.test', '/'), {
      errors: ['K: 16 or 32 bytes of hexadecimal expected (32 or 64 digits), found 2 digits'],
    });
    assert.deepEqual(readUser([], 'ims.test', '/'), { errors: ['object expected, found an empty array'] });
  });

  it('survives requests nested without end', () => {
    let nested: unknown = 1;
    for (let depth = 0; depth < 100_000; depth++) nested = [nested];
    const { errors } = readUser({ impi: nested, impu: nested }, 'ims.test', '/') as { errors: string[] };
    assert.match(errors[0] ?? '', /nested too deeply/);
  });
});
