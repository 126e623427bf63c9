import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { CancelOrder, ClientContext } from '../../../src/sip/transaction/client-event.ts';
import { calling, type InviteClientState, inviteClient } from '../../../src/sip/transaction/invite-client.ts';
import { checkRows, NOW, received, TIMERS } from './table.ts';

const udp: ClientContext = { timers: TIMERS, reliable: false };
const tcp: ClientContext = { timers: TIMERS, reliable: true };
const error = new Error('no route');
const lost = { type: 'transportError', error } as const;
const cancel: CancelOrder = { type: 'cancel', reason: 'SIP;cause=200' };
const ringing = received(180);
const ok = received(200);
const busy = received(486);

const Calling: InviteClientState = { name: 'Calling', intervalMs: 500, timers: { A: 900, B: 32_000 } };
const waiting: InviteClientState = { ...Calling, cancel };
const Proceeding: InviteClientState = { name: 'Proceeding', timers: {} };
const cancelled: InviteClientState = { name: 'Proceeding', timers: { cancelled: 20_000 } };
const Accepted: InviteClientState = { name: 'Accepted', timers: { M: 20_000 } };
const Completed: InviteClientState = { name: 'Completed', timers: { D: 20_000 } };
const Terminated: InviteClientState = { name: 'Terminated' };

describe('INVITE client transaction (RFC 3261 figure 5, RFC 6026 figure 8)', () => {
  it('begins Calling with A at T1 and B at 64·T1, without A over a reliable transport', () => {
    assert.deepEqual(calling(NOW, udp), { name: 'Calling', intervalMs: 500, timers: { A: 1500, B: 33_000 } });
    assert.deepEqual(calling(NOW, tcp), { name: 'Calling', intervalMs: 500, timers: { A: undefined, B: 33_000 } });
  });

  checkRows(inviteClient, udp, [
    {
      title: 'A sends again and doubles',
      from: Calling,
      on: { type: 'timer', timer: 'A' },
      to: { name: 'Calling', intervalMs: 1000, timers: { A: 2000, B: 32_000 } },
      effects: [{ type: 'send' }],
    },
    {
      title: 'A doubles past T2',
      from: { name: 'Calling', intervalMs: 8000, timers: { A: 900, B: 32_000 } },
      on: { type: 'timer', timer: 'A' },
      to: { name: 'Calling', intervalMs: 16_000, timers: { A: 17_000, B: 32_000 } },
      effects: [{ type: 'send' }],
    },
    {
      title: 'B fails with a timeout',
      from: Calling,
      on: { type: 'timer', timer: 'B' },
      to: Terminated,
      effects: [{ type: 'fail', why: { kind: 'timeout' } }],
    },
    {
      title: 'transport error fails',
      from: Calling,
      on: lost,
      to: Terminated,
      effects: [{ type: 'fail', why: { kind: 'transport', error } }],
    },
    {
      title: '1xx stops A and B',
      from: Calling,
      on: ringing,
      to: Proceeding,
      effects: [{ type: 'deliver', received: ringing }],
    },
    {
      title: '2xx',
      from: Calling,
      on: ok,
      to: { name: 'Accepted', timers: { M: 33_000 } },
      effects: [{ type: 'deliver', received: ok }],
    },
    {
      title: '300-699 is acknowledged and told',
      from: Calling,
      on: busy,
      to: { name: 'Completed', timers: { D: 33_000 } },
      effects: [
        { type: 'ack', response: busy.response },
        { type: 'deliver', received: busy },
      ],
    },
    {
      title: '300-699 over a reliable transport ends it (D is 0)',
      context: tcp,
      from: Calling,
      on: busy,
      to: Terminated,
      effects: [
        { type: 'ack', response: busy.response },
        { type: 'deliver', received: busy },
      ],
    },
    { title: 'cancel waits for a provisional response', from: Calling, on: cancel, to: waiting },
    {
      title: 'a waiting cancel goes out with the first 1xx',
      from: waiting,
      on: ringing,
      to: { name: 'Proceeding', timers: { cancelled: 33_000 } },
      effects: [
        { type: 'cancel', reason: 'SIP;cause=200' },
        { type: 'deliver', received: ringing },
      ],
    },
    {
      title: 'a final response makes a waiting cancel needless',
      from: waiting,
      on: ok,
      to: { name: 'Accepted', timers: { M: 33_000 } },
      effects: [{ type: 'deliver', received: ok }],
    },
    {
      title: 'a waiting cancel survives A',
      from: waiting,
      on: { type: 'timer', timer: 'A' },
      to: { name: 'Calling', intervalMs: 1000, timers: { A: 2000, B: 32_000 }, cancel },
      effects: [{ type: 'send' }],
    },

    {
      title: '1xx is told',
      from: Proceeding,
      on: ringing,
      to: Proceeding,
      effects: [{ type: 'deliver', received: ringing }],
    },
    {
      title: '2xx',
      from: Proceeding,
      on: ok,
      to: { name: 'Accepted', timers: { M: 33_000 } },
      effects: [{ type: 'deliver', received: ok }],
    },
    {
      title: '300-699',
      from: Proceeding,
      on: busy,
      to: { name: 'Completed', timers: { D: 33_000 } },
      effects: [
        { type: 'ack', response: busy.response },
        { type: 'deliver', received: busy },
      ],
    },
    {
      title: 'cancel goes out at once and gives the peer 64·T1',
      from: Proceeding,
      on: cancel,
      to: { name: 'Proceeding', timers: { cancelled: 33_000 } },
      effects: [{ type: 'cancel', reason: 'SIP;cause=200' }],
    },
    { title: 'a second cancel changes nothing', from: cancelled, on: cancel, to: cancelled },
    {
      title: '1xx after the cancel leaves the peer no more time',
      from: cancelled,
      on: ringing,
      to: cancelled,
      effects: [{ type: 'deliver', received: ringing }],
    },
    {
      title: 'no final response after the cancel is a timeout',
      from: Proceeding,
      on: { type: 'timer', timer: 'cancelled' },
      to: Terminated,
      effects: [{ type: 'fail', why: { kind: 'timeout' } }],
    },
    { title: 'a late transport error is unexpected', from: Proceeding, on: lost, to: undefined },

    {
      title: 'every 2xx is told',
      from: Accepted,
      on: ok,
      to: Accepted,
      effects: [{ type: 'deliver', received: ok }],
    },
    { title: '1xx of another fork is absorbed', from: Accepted, on: ringing, to: Accepted },
    { title: '300-699 is absorbed', from: Accepted, on: busy, to: Accepted },
    { title: 'cancel comes too late', from: Accepted, on: cancel, to: Accepted },
    { title: 'M ends it', from: Accepted, on: { type: 'timer', timer: 'M' }, to: Terminated },
    { title: 'a late transport error is unexpected', from: Accepted, on: lost, to: undefined },

    {
      title: '300-699 is acknowledged again, not told',
      from: Completed,
      on: busy,
      to: Completed,
      effects: [{ type: 'ack', response: busy.response }],
    },
    { title: '1xx is absorbed', from: Completed, on: ringing, to: Completed },
    {
      title: 'a 2xx forwarded after the refusal is a stray',
      from: Completed,
      on: ok,
      to: Completed,
      effects: [{ type: 'stray', received: ok }],
    },
    { title: 'cancel comes too late', from: Completed, on: cancel, to: Completed },
    { title: 'D ends it', from: Completed, on: { type: 'timer', timer: 'D' }, to: Terminated },
    {
      title: 'transport error of the ACK ends it',
      from: Completed,
      on: lost,
      to: Terminated,
      effects: [{ type: 'fail', why: { kind: 'transport', error } }],
    },
    { title: 'nothing is expected', from: Terminated, on: ok, to: undefined },
  ]);
});
