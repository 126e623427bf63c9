import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CommandError } from '../../src/control/command.ts';
import { COMMANDS, type CommandName } from '../../src/control/index.ts';
import { ABSENT, fakeActions, LISTENING, REGISTERED, TALKING } from './fake-actions.ts';

const WIDE = Number.POSITIVE_INFINITY;

describe('help', () => {
  it('lists every command with its arguments', () => {
    const { actions } = fakeActions();
    const lines = COMMANDS.help.run({}, actions).print(WIDE);
    assert.deepEqual(
      lines.map((line) => line.split(' ')[0]),
      [
        'help',
        'log',
        'users',
        'unregister',
        'reauthenticate',
        'dialog',
        'dialog_set',
        'mt_call',
        'ipsec',
        'sms',
        'sms_flush',
        'mme',
        'cx',
        'rx',
        'quit',
      ],
    );
    assert.match(lines[0] ?? '', /^help \[command\] +\w/);
  });

  it('unregisters a user, with a word for its phones', () => {
    const { actions, asked } = fakeActions();
    const run = COMMANDS.unregister.run({ identity: REGISTERED.impi }, actions);
    assert.deepEqual(run.print(WIDE), ['1 binding ended']);
    COMMANDS.unregister.run({ identity: REGISTERED.impi, event: 'rejected' }, actions);
    assert.deepEqual(asked, [`unregister ${REGISTERED.impi} deactivated`, `unregister ${REGISTERED.impi} rejected`]);
    assert.throws(() => COMMANDS.unregister.run({ identity: REGISTERED.impi, event: 'gone' }, actions), CommandError);
    assert.throws(() => COMMANDS.unregister.run({ identity: 'nobody' }, actions), CommandError);
  });

  it('lets a user authenticate anew within 60 s, or what is said', () => {
    const { actions, asked } = fakeActions();
    const { impi: identity } = REGISTERED;
    COMMANDS.reauthenticate.run({ identity }, actions);
    COMMANDS.reauthenticate.run({ identity, seconds: '5' }, actions);
    assert.deepEqual(asked, [`reauthenticate ${identity} 60`, `reauthenticate ${identity} 5`]);
    assert.throws(() => COMMANDS.reauthenticate.run({ identity, seconds: '0' }, actions), CommandError);
    assert.throws(() => COMMANDS.reauthenticate.run({ identity: ABSENT.impi }, actions), /not registered/);
  });

  it('shows the HSS and the PCRF, and what the latter is asked for', () => {
    const { actions } = fakeActions();
    const peer = 'SCTP 127.0.1.100:3868 (epc.mnc001.mcc001.3gppnetwork.org) open for 12s, 0 requests pending';
    assert.deepEqual(COMMANDS.cx.run({}, actions).print(WIDE), [peer, 'Users: 3']);
    const [first, , line = ''] = COMMANDS.rx.run({}, actions).print(WIDE);
    assert.equal(first, peer);
    assert.match(line, /1a2b .* 192\.168\.3\.2 .* open .* audio:enabled video:removed .* 3GPP-E-UTRAN;/);
    const closed = { transport: 'TCP', remote: '192.0.2.1:3868', state: 'closed', retryInS: 30, pending: 0 } as const;
    const away = { ...actions, cx: () => ({ peer: { ...closed, trouble: 'refused' }, users: 0 }) };
    assert.match(COMMANDS.cx.run({}, away).print(WIDE)[0] ?? '', /closed, next attempt in 30s.*: refused$/);
    const none = { ...actions, rx: () => ({ peer: undefined, sessions: [] }) };
    assert.deepEqual(COMMANDS.rx.run({}, none).print(WIDE), ['No Rx: rx_server_addr is not set']);
  });

  it('lists security associations, of all users or of some', () => {
    const { actions } = fakeActions();
    const [header, line] = COMMANDS.ipsec.run({}, actions).print(WIDE);
    assert.match(header ?? '', /User +Set +Ends/);
    assert.match(line ?? '', /current +3620s +hmac-sha-1-96 +aes-cbc +in +192\.168\.3\.2:41000 .* 0x1234abcd$/);
    assert.deepEqual(COMMANDS.ipsec.run({ user: 'nobody' }, actions).print(WIDE), ['No security associations']);
    const without = { ...actions, associations: () => 'no ESP in this kernel' };
    assert.deepEqual(COMMANDS.ipsec.run({}, without).print(WIDE), ['No IPsec: no ESP in this kernel']);
  });

  it('sends a user a short message', () => {
    const { actions, asked } = fakeActions();
    const { impi: identity } = REGISTERED;
    assert.deepEqual(COMMANDS.sms.run({ identity, text: 'see you' }, actions).print(WIDE), ['Short message taken']);
    assert.deepEqual(COMMANDS.sms.run({ identity, text: 'a'.repeat(300) }, actions).print(WIDE), [
      'Short message taken, 2 parts',
    ]);
    assert.equal(asked[0], `sms ${identity} see you`);
    assert.throws(() => COMMANDS.sms.run({ identity: 'nobody', text: 'a' }, actions), /nobody has the identity/);
    // 255 parts of 153 characters, and of 33 that are two code units each.
    COMMANDS.sms.run({ identity, text: 'a'.repeat(255 * 153) }, actions);
    COMMANDS.sms.run({ identity, text: '😀'.repeat(255 * 33) }, actions);
    for (const text of ['a'.repeat(255 * 153 + 1), '😀'.repeat(255 * 33 + 1)]) {
      assert.throws(() => COMMANDS.sms.run({ identity, text }, actions), CommandError);
    }
  });

  it('forgets the short messages of a user', () => {
    const { actions } = fakeActions();
    const run = (identity: string) => COMMANDS.sms_flush.run({ identity }, actions).print(WIDE);
    assert.deepEqual(run(ABSENT.impi), ['12 short messages forgotten']);
    assert.deepEqual(run(REGISTERED.impi), ['0 short messages forgotten']);
    assert.throws(() => run('nobody'), CommandError);
  });

  it('explains each command', () => {
    const { actions } = fakeActions();
    for (const name of Object.keys(COMMANDS) as CommandName[]) {
      const lines = COMMANDS.help.run({ command: name }, actions).print(WIDE);
      assert.ok(lines[0]?.startsWith(name));
      assert.ok(lines.length >= 2);
    }
    assert.match(COMMANDS.help.run({ command: 'log' }, actions).print(WIDE).join('\n'), /file\.rotate=now/);
    assert.throws(() => COMMANDS.help.run({ command: 'toString' }, actions), CommandError);
  });
});

describe('log', () => {
  it('shows the options', () => {
    const { actions, asked } = fakeActions();
    const output = COMMANDS.log.run({}, actions);
    assert.deepEqual(output.data, { log_options: 'all.level=error,time=short' });
    assert.deepEqual(output.print(20), ['all.level=error,', '        time=short']);
    assert.deepEqual(asked, []);
  });

  it('changes them', () => {
    const { actions, asked } = fakeActions();
    COMMANDS.log.run({ options: 'sip.level=debug' }, actions);
    assert.deepEqual(asked, ['log sip.level=debug']);
    assert.throws(() => COMMANDS.log.run({ options: 'wrong' }, actions), /^CommandError: wrong: an assignment/);
  });

  it('completes layers, properties and values behind what is typed', () => {
    const { actions } = fakeActions();
    const complete = (typed: string): readonly string[] =>
      COMMANDS.log.complete?.([typed], actions).filter((candidate) => candidate.startsWith(typed)) ?? [];
    assert.deepEqual(complete('s'), ['sip.', 'sgsap.']);
    assert.deepEqual(complete('sip.le'), ['sip.level=']);
    assert.deepEqual(complete('sip.level=d'), ['sip.level=debug']);
    assert.deepEqual(complete('time=sec,cx.level=i'), ['time=sec,cx.level=info']);
    assert.deepEqual(complete('file.r'), ['file.rotate=']);
    assert.deepEqual(complete('file.rotate=n'), ['file.rotate=now']);
    assert.deepEqual(complete('nas.'), []);
  });
});

describe('users', () => {
  it('has a line per user and a binding below a registered one', () => {
    const { actions } = fakeActions();
    const lines = COMMANDS.users.run({}, actions).print(WIDE);
    assert.equal(lines.length, 4);
    assert.match(lines[0] ?? '', /IMPI +State +Dialogs +SMS +IMPU$/);
    assert.match(lines[1] ?? '', /^001010123456789@\S+ +registered +1 +0 +sip:\S+ tel:600$/);
    assert.equal(
      lines[2],
      'Binding 00a1 sip:001010123456789@192.168.3.2:5060  q=1  expires=3590s  TCP 192.168.3.2:41000  IPsec  imei 35-209900-176148-1',
    );
    assert.match(lines[3] ?? '', /^ +sipclient +absent +0 +12 +tel:1234$/);
  });

  it('fits the terminal', () => {
    const { actions } = fakeActions();
    for (const line of COMMANDS.users.run({}, actions).print(80)) assert.ok(line.length <= 80, line);
  });

  it('says when there are none', () => {
    const { actions } = fakeActions([]);
    assert.deepEqual(COMMANDS.users.run({}, actions).print(WIDE), ['No users']);
  });

  it('shows those whose identity contains the argument', () => {
    const { actions } = fakeActions();
    assert.deepEqual(COMMANDS.users.run({ identity: 'tel:12' }, actions).data, { users: [ABSENT] });
    assert.deepEqual(COMMANDS.users.run({ identity: '00101' }, actions).data, { users: [REGISTERED] });
  });

  it('completes identities', () => {
    const { actions } = fakeActions();
    assert.deepEqual(COMMANDS.users.complete?.(['tel:'], actions), ['tel:600', 'tel:1234']);
  });
});

describe('dialog', () => {
  it('has a line per dialog and one for each of its media', () => {
    const lines = COMMANDS.dialog.run({}, fakeActions().actions).print(WIDE);
    assert.equal(lines.length, 4);
    assert.match(lines[1] ?? '', /^0123456789abcdef +start +server +sip:sipclient@ims.test +tel:600 +12s$/);
    assert.equal(
      lines[2],
      'Media audio  sendrecv  RTP 192.168.3.2:4000 100 in 90 out  RTCP 192.168.3.2:4001 3 in 2 out',
    );
    assert.match(lines[3] ?? '', /^fedcba9876543210 +start +client/);
  });

  it('fits the terminal', () => {
    for (const line of COMMANDS.dialog.run({}, fakeActions().actions).print(70)) assert.ok(line.length <= 70, line);
  });

  it('shows one, and as data has the names of dialog_get', () => {
    const { actions } = fakeActions();
    const { data } = COMMANDS.dialog.run({ session: TALKING.sessionId }, actions);
    assert.deepEqual(data, {
      dialogs: [
        {
          session_id: '0123456789abcdef',
          state: 'start',
          type: 'server',
          to: 'tel:600',
          from: 'sip:sipclient@ims.test',
          mt_dialog: 'fedcba9876543210',
          date: 1_500_000_000,
          duration: 12.5,
          event_list: [{ type: 'state', timestamp: 0, state: 'init' }],
          medias: [
            {
              type: 'audio',
              qos: 'disabled',
              dir: 'sendrecv',
              rtp_addr: '192.168.3.2:4000',
              rtp_recv_count: 100,
              rtp_send_count: 90,
              rtcp_addr: '192.168.3.2:4001',
              rtcp_recv_count: 3,
              rtcp_send_count: 2,
            },
          ],
        },
      ],
    });
    const other = COMMANDS.dialog.run({ session: LISTENING.sessionId }, actions).data as { dialogs: object[] };
    assert.deepEqual(Object.entries(other.dialogs[0] ?? {})[5], ['mo_dialog', TALKING.sessionId]);
    assert.throws(() => COMMANDS.dialog.run({ session: 'other' }, actions), CommandError);
  });

  it('is stopped', () => {
    const { actions, asked } = fakeActions();
    COMMANDS.dialog_set.run({ session: TALKING.sessionId, action: 'stop' }, actions);
    assert.deepEqual(asked, [`stop ${TALKING.sessionId}`]);
    assert.throws(() => COMMANDS.dialog_set.run({ session: 'other', action: 'stop' }, actions), CommandError);
    assert.throws(() => COMMANDS.dialog_set.run({ session: TALKING.sessionId, action: 'go' }, actions), CommandError);
  });
});

describe('mt_call', () => {
  it('calls, with a file, a caller and a duration if they are given', () => {
    const { actions, asked } = fakeActions();
    const output = COMMANDS.mt_call.run({ callee: 'tel:600' }, actions);
    assert.deepEqual(output.data, { session_id: '00112233' });
    assert.match(output.print(WIDE).join(), /00112233, 44556677/);
    COMMANDS.mt_call.run({ callee: 'tel:600', duration: '2.5', sip_file: 'a.sdp', caller: 'tel:1' }, actions);
    assert.deepEqual(asked, ['mt_call tel:600 undefined undefined undefined', 'mt_call tel:600 2.5 a.sdp tel:1']);
  });

  it('says why it cannot', () => {
    const { actions } = fakeActions();
    assert.throws(() => COMMANDS.mt_call.run({ callee: ABSENT.impi }, actions), /is not registered/);
    for (const duration of ['0', 'x', '-1', '1e9']) {
      assert.throws(() => COMMANDS.mt_call.run({ callee: 'tel:600', duration }, actions), CommandError);
    }
  });
});

describe('mme', () => {
  const mmes = [
    { name: 'mme1.epc.test', remote: '192.0.2.9:36412', connected: true, ues: 12 },
    { name: undefined, remote: '192.0.2.10', connected: false, ues: 1 },
  ];

  it('lists the MMEs', () => {
    const { actions } = fakeActions([], mmes);
    const output = COMMANDS.mme.run({}, actions);
    assert.deepEqual(output.data, { mmes });
    assert.deepEqual(output.print(WIDE), [
      '         Name          Address         State  UEs',
      'mme1.epc.test  192.0.2.9:36412     connected   12',
      '            -       192.0.2.10  disconnected    1',
    ]);
  });

  it('says why there are none', () => {
    assert.deepEqual(COMMANDS.mme.run({}, fakeActions([], []).actions).print(WIDE), ['No MME connected']);
    assert.match(COMMANDS.mme.run({}, fakeActions().actions).print(WIDE)[0] ?? '', /sctp_addr is not set/);
  });
});

describe('quit', () => {
  it('stops the daemon', () => {
    const { actions, asked } = fakeActions();
    COMMANDS.quit.run({}, actions);
    assert.deepEqual(asked, ['quit']);
  });
});
