import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { load, NEEDED, printed } from './parsing.ts';

/** Settings of the needed properties and some more. */
function settings(text: string, files: Readonly<Record<string, string>> = {}) {
  const { settings: found, errors } = load({ ...files, '/ims.cfg': NEEDED + text });
  assert.deepEqual(printed(errors), []);
  assert.ok(found);
  return found;
}

/** Errors of some text that begins in line 2, without the file's name. */
function errors(text: string): string[] {
  return printed(load(NEEDED + text).errors).map((error) => error.replace('/ims.cfg:', ''));
}

describe('settings', () => {
  it('fills in the defaults of the manual', () => {
    const { sip_addr, domain, ue_db, ...rest } = settings('');
    assert.deepEqual(sip_addr, [{ addr: { address: '192.0.2.1', port: 5060 }, port_min: 10000, port_max: 20000 }]);
    assert.equal(domain, 'ims.test');
    assert.deepEqual(ue_db, []);
    assert.deepEqual(rest, {
      tcp_threshold: 1300,
      timer_t1: 2,
      timer_t2: 16,
      timer_t4: 17,
      custom_headers: [],
      limits: {
        message_size: 65535,
        header_count: 256,
        nesting: 8,
        connections: 10000,
        connections_per_address: 1000,
        message_time: 32,
        idle_time: 7200,
      },
      domain_aliases: [],
      binding_expires: 3600,
      subscribe_expires: 0,
      auth_on_register_only: false,
      auto_create: false,
      ipsec: true,
      ipsec_required: false,
      ipsec_aalg_list: ['hmac-md5-96', 'hmac-sha-1-96'],
      ipsec_ealg_list: ['null', 'aes-cbc', 'des-ede3-cbc'],
      session_expires: { duration: 3600 },
      precondition: false,
      precondition_policy: 'pass',
      p_called_party_id: false,
      dialog_timeout: 15,
      echo: [],
      emergency_numbers: ['112', '911'],
      sms_expires: 86400,
      sms_centre_address: '+10000000000',
      sms_retry_delay: 60,
      sms_message_filter: { cp_data: 'treat', cp_ack: 'treat', rp_data: 'treat', rp_ack: 'treat' },
      sms_forced_cp_cause: 0,
      sms_forced_rp_cause: 0,
      cx_origin_realm: 'amarisoft.com',
      cx_origin_host: 'ims.amarisoft.com',
      rx_origin_realm: 'amarisoft.com',
      rx_origin_host: 'ims.amarisoft.com',
      rx_required: false,
      com_name: 'IMS',
      com_ssl_peer_verify: false,
      com_metrics: false,
    });
  });

  it('takes sip_addr as a string, an object or an array of both', () => {
    const v4 = { addr: { address: '192.0.2.1', port: 5070 }, port_min: 10000, port_max: 20000 };
    const v6 = { addr: { address: '2001:db8::1', port: 5060 }, port_min: 4000, port_max: 4010 };
    assert.deepEqual(settings('sip_addr: "192.0.2.1:5070"').sip_addr, [v4]);
    const object = '{ addr: "2001:db8:0::1", port_min: 4000, port_max: 4010, bind_addr: "eth0" }';
    assert.deepEqual(settings(`sip_addr: ${object}`).sip_addr, [{ ...v6, bind_addr: { interface: 'eth0' } }]);
    const bound = '{ addr: "192.0.2.1:5070", bind_addr: "198.51.100.1" }';
    assert.deepEqual(settings(`sip_addr: [${bound}, "192.0.2.1:5070"]`).sip_addr, [
      { ...v4, bind_addr: { address: '198.51.100.1', port: 0 } },
      v4,
    ]);
    assert.deepEqual(errors('sip_addr: []'), ['2:11: sip_addr: at least 1 element expected, found 0']);
  });

  it('takes the later spellings too', () => {
    const later = settings(`
      session_expires: { duration: 1800, min: 90, refresher: "uac", method: "update" },
      precondition: "on",
      echo: ["tel:666", { impu: "404", code: 404, anonymous: 1, authentication: 0 }],
      license_server: { server_addr: "192.0.2.9" },
      com_auth: { password: "secret" },`);
    assert.deepEqual(later.session_expires, { duration: 1800, min: 90, refresher: 'uac', method: 'UPDATE' });
    assert.equal(later.precondition, true);
    const echoed = { impu: 'sip:404', code: 404, anonymous: true, authentication: false };
    assert.deepEqual(later.echo, [{ impu: 'tel:666' }, echoed]);
    assert.deepEqual(later.com_auth, { password: 'secret' });
    assert.equal('license_server' in later, false);
    assert.deepEqual(settings('session_expires: 0, echo: "tel:7"').session_expires, { duration: 0 });
    assert.deepEqual(settings('echo: "tel:7"').echo, [{ impu: 'tel:7' }]);
  });

  it('makes arrays of single methods and codes', () => {
    const text =
      'custom_headers: [{ name: "X-A", value: "1", methods: "*", codes: 0 }, { name: "X-B", value: "", codes: [180, 200] }]';
    assert.deepEqual(settings(text).custom_headers, [
      { name: 'X-A', value: '1', methods: ['*'], codes: [0] },
      { name: 'X-B', value: '', codes: [180, 200] },
    ]);
  });

  it('refuses custom headers that the protocol writes itself', () => {
    for (const name of ['Via', 'to', 'L', 'CSeq', 'Contact', 'Max-Forwards', 'WWW-Authenticate']) {
      assert.deepEqual(errors(`custom_headers: [{ name: "${name}", value: "x", codes: 0 }]`), [
        `2:26: custom_headers[0].name: header that the protocol does not write itself expected, found the string "${name}"`,
      ]);
    }
    assert.equal(settings('custom_headers: [{ name: "P-Via", value: "x", codes: 0 }]').custom_headers.length, 1);
  });

  it('fills in the limits that are not named', () => {
    const { message_size, header_count } = settings('limits: { header_count: 20 }').limits;
    assert.deepEqual([message_size, header_count], [65535, 20]);
    assert.deepEqual(errors('limits: { message_size: 10 }'), [
      '2:25: limits.message_size: integer from 1000 to 16777216 expected, found the number 10',
    ]);
  });

  it('takes addresses of Cx and Rx from other properties', () => {
    const one = settings('sctp_addr: "192.0.2.1:5000", cx_server_addr: "192.0.2.2"');
    assert.deepEqual(one.sctp_addr, { address: '192.0.2.1', port: 5000 });
    assert.deepEqual(one.cx_server_addr, { address: '192.0.2.2', port: 3868, transport: 'SCTP' });
    assert.deepEqual(one.cx_bind_addr, { address: '192.0.2.1', port: 0 });
    assert.deepEqual(one.rx_server_addr, { address: '192.0.2.2', port: 3868, transport: 'SCTP' });
    assert.deepEqual(one.rx_bind_addr, { address: '192.0.2.1', port: 0 });
    const other = settings('sctp_addr: "192.0.2.1", cx_server_addr: "[2001:db8::2]:9", rx_server_addr: "192.0.2.3"');
    assert.equal(other.cx_bind_addr, undefined);
    assert.equal(other.rx_bind_addr, undefined);
    assert.deepEqual(other.rx_server_addr, { address: '192.0.2.3', port: 3868, transport: 'SCTP' });
  });

  it('resolves file names against the folder of the main file', () => {
    const files = { '/sub/b.cfg': 'log_filename: "logs/ims.log", mt_call_sdp_file: "mt.sdp"', '/mt.sdp': 'v=0\r\n' };
    const found = settings(
      'include "sub/b.cfg", ue_db_filename: "/var/x.db", com_ssl_certificate: "c", com_ssl_key: "../k"',
      files,
    );
    assert.equal(found.log_filename, '/logs/ims.log');
    assert.equal(found.ue_db_filename, '/var/x.db');
    assert.equal(found.com_ssl_certificate, '/c');
    assert.equal(found.com_ssl_key, '/k');
    assert.deepEqual(found.mt_call_sdp_file, { path: '/mt.sdp', text: 'v=0\r\n' });
  });

  it('keeps the two logs apart', () => {
    assert.deepEqual(errors('log_filename: "a.log", log_json_filename: "./a.log"'), [
      '2:43: log_json_filename: file of its own, other than log_filename expected, found the string "./a.log"',
    ]);
    assert.equal(settings('log_filename: "a.log", log_json_filename: "a.json"').log_json_filename, '/a.json');
  });

  it('lets the log judge log_options', () => {
    const checks = { log_options: (text: string) => (text === 'bad' ? 'layer expected, found "bad"' : undefined) };
    const wrong = load(`${NEEDED}log_options: "bad"`, checks);
    assert.deepEqual(printed(wrong.errors), ['/ims.cfg:2:14: log_options: layer expected, found "bad"']);
    assert.equal(load(`${NEEDED}log_options: "good"`, checks).settings?.log_options, 'good');
  });
});

describe('errors of properties', () => {
  const table: [string, string][] = [
    [
      'sip_addr: "nowhere"',
      '2:11: sip_addr: IP address with optional port (192.0.2.1, 192.0.2.1:5060, 2001:db8::1 or [2001:db8::1]:5060) expected, found the string "nowhere"',
    ],
    ['sip_addr: 5060', '2:11: sip_addr: IP address with optional port, or object expected, found the number 5060'],
    ['sip_addr: ["192.0.2.1", {}]', '2:25: sip_addr[1].addr: IP address with optional port expected, found nothing'],
    [
      'sip_addr: { addr: "::", port_min: 0 }',
      '2:35: sip_addr.port_min: integer from 1 to 65535 expected, found the number 0',
    ],
    [
      'sip_addr: { addr: "::", port_min: 20, port_max: 19 }',
      '2:11: sip_addr.port_min: port_min not above port_max expected, found 20 > 19',
    ],
    [
      'sip_addr: { addr: "::", bind_addr: "10.0.0" }',
      '2:36: sip_addr.bind_addr: IP address with optional port, or name of a network interface expected, found the string "10.0.0"',
    ],
    [
      'com_addr: "127.0.0.1:70000"',
      '2:11: com_addr: IP address with optional port (192.0.2.1, 192.0.2.1:5060, 2001:db8::1 or [2001:db8::1]:5060) expected, found the string "127.0.0.1:70000"',
    ],
    ['domain: "a b"', '2:9: domain: domain name expected, found the string "a b"'],
    ['ipsec: 2', '2:8: ipsec: true or false expected, found the number 2'],
    ['ipsec: "yes"', '2:8: ipsec: true or false expected, found the string "yes"'],
    ['precondition: "maybe"', '2:15: precondition: boolean, "on" or "off" expected, found the string "maybe"'],
    [
      'ipsec_aalg_list: ["hmac-sha1-96"]',
      '2:19: ipsec_aalg_list[0]: "hmac-md5-96", "hmac-sha-1-96", "aes-gmac" or "null" expected, found "hmac-sha1-96" (did you mean "hmac-sha-1-96"?)',
    ],
    [
      'ipsec_ealg_list: "null"',
      '2:18: ipsec_ealg_list: array of encryption algorithms expected, found the string "null"',
    ],
    ['timer_t1: 0', '2:11: timer_t1: number greater than 0 expected, found the number 0'],
    ['timer_t2: 1+2*I', '2:11: timer_t2: number greater than 0 expected, found the complex number 1+2*I'],
    ['tcp_threshold: 1.5', '2:16: tcp_threshold: integer of at least 0 expected, found the number 1.5'],
    [
      'subscribe_expires: 864001',
      '2:20: subscribe_expires: integer from 0 to 864000 expected, found the number 864001',
    ],
    [
      'session_expires: 30',
      '2:18: session_expires: integer of at least 90, or 0 (no session timer) expected, found the number 30',
    ],
    [
      'session_expires: { min: 4000 }',
      '2:18: session_expires.min: number not above duration expected, found 4000 > 3600',
    ],
    [
      'sms_message_filter: { cp_data: "trat" }',
      '2:32: sms_message_filter.cp_data: "treat", "ignore" or "reject" expected, found "trat" (did you mean "treat"?)',
    ],
    ['sms_forced_cp_cause: 256', '2:22: sms_forced_cp_cause: integer from 0 to 255 expected, found the number 256'],
    [
      'custom_headers: [{ name: "A B", value: "x", codes: 1 }]',
      '2:26: custom_headers[0].name: header name expected, found the string "A B"',
    ],
    [
      'custom_headers: [{ name: "A", value: "x\\nB: y", codes: 200 }]',
      '2:38: custom_headers[0].value: string without line breaks expected, found the string "x\\nB: y"',
    ],
    [
      'echo: { impu: "sip:a b" }',
      '2:15: echo.impu: IMPU ("user", "sip:user", "tel:+33123456789" or "urn:service:sos") expected, found "sip:a b"',
    ],
    [
      'echo: ["tel:me"]',
      '2:8: echo[0]: IMPU ("user", "sip:user", "tel:+33123456789" or "urn:service:sos") expected, found "tel:me"',
    ],
    ['emergency_numbers: ["nine"]', '2:21: emergency_numbers[0]: string of digits expected, found the string "nine"'],
    [
      'emergency_numbers: [112]',
      '2:21: emergency_numbers[0]: string of digits expected, found the number 112: put it in quotes',
    ],
    [
      'com_ssl_certificate: "x.pem"',
      '2:1: com_ssl_key: file name expected, found nothing: com_ssl_certificate needs its key',
    ],
    ['mt_call_sdp_file: "no.sdp"', '2:19: mt_call_sdp_file: file "/no.sdp" cannot be read: no such file'],
    ['log_filename: ""', '2:15: log_filename: string expected, found the string ""'],
    ['auto_create: "who"', '2:14: auto_create: impi of a user in ue_db expected, found the string "who"'],
    ['auto_create: true', '2:14: auto_create: false or the IMPI of a user expected, found true'],
    ['ue_db: {}', '2:8: ue_db: array of users expected, found an object'],
  ];
  for (const [text, expected] of table) it(text, () => assert.equal(errors(text)[0], expected));

  it('are all reported, in reading order, through includes', () => {
    const { errors: found, settings: none } = load({
      '/ims.cfg': 'domain: 1,\ninclude "b.cfg",\nipsec: 7',
      '/b.cfg': '\n  timer_t1: -1, ue_db: [{ impi: "a", pwd: 3 }, 4]',
    });
    assert.equal(none, undefined);
    assert.deepEqual(printed(found), [
      '/ims.cfg:1:9: domain: domain name expected, found the number 1: put it in quotes',
      '/b.cfg:2:13: timer_t1: number greater than 0 expected, found the number -1',
      '/b.cfg:2:43: ue_db[0].pwd: string expected, found the number 3: put it in quotes',
      '/b.cfg:2:48: ue_db[1]: object expected, found the number 4',
      '/ims.cfg:3:8: ipsec: true or false expected, found the number 7',
      '/ims.cfg:1:1: sip_addr: IP address with optional port, or object, or array of SIP sockets expected, found nothing',
    ]);
  });

  it('are reported beside errors of the language, without guesses about what is missing', () => {
    const { errors: found } = load(
      'timer_t1: 0,\nue_db: [{ impi: "x" sim_algo: "milenage", K: "00" }],\ncom_name: nothing',
    );
    assert.deepEqual(printed(found), [
      "/ims.cfg:2:21: ',' or '}' expected, found 'sim_algo'",
      '/ims.cfg:3:11: unknown identifier nothing',
      '/ims.cfg:1:11: timer_t1: number greater than 0 expected, found the number 0',
      '/ims.cfg:2:46: ue_db[0].K: 16 or 32 bytes of hexadecimal expected (32 or 64 digits), found 2 digits',
    ]);
  });

  it('does not take unknown properties for errors', () => {
    const { settings: found, warnings } = load(
      `${NEEDED}gtp_addr: "192.0.2.1",\nqci: { audio: 1 },\nue_db: [{ impi: "a", pwd: "b",\n pdn_list: [] }]`,
    );
    assert.ok(found);
    assert.equal('qci' in found, false);
    assert.deepEqual(printed(warnings), [
      "Warning: /ims.cfg:2: unused property 'gtp_addr'",
      "Warning: /ims.cfg:3: 'qci' has no effect: set it in the rx object of the MME configuration",
      "Warning: /ims.cfg:5: unused property 'pdn_list'",
    ]);
  });

  it('warns about a custom header that is never added', () => {
    const { warnings } = load(`${NEEDED}custom_headers: [{ name: "A", value: "b" }]`);
    assert.deepEqual(printed(warnings), [
      'Warning: /ims.cfg:2: custom header without methods and codes is never added',
    ]);
  });
});
