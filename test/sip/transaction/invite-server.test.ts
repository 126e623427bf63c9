import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Headers } from '../../../src/sip/message/headers.ts';
import { EMPTY_BODY } from '../../../src/sip/message/message.ts';
import { type InviteServerState, inviteServer, proceeding } from '../../../src/sip/transaction/invite-server.ts';
import type { ReceivedAck } from '../../../src/sip/transaction/server-event.ts';
import { checkRows, FLOW, NOW, packet, TIMERS } from './table.ts';

const ringing = packet();
const final = packet();
const error = new Error('no route');
const lost = { type: 'transportError', error } as const;
const broken = { type: 'fail', why: { kind: 'transport', error } } as const;
const again = { type: 'request' } as const;
const ack: ReceivedAck = {
  type: 'ack',
  request: { method: 'ACK', uri: 'sip:a', headers: new Headers(), body: EMPTY_BODY },
  flow: FLOW,
};

const fresh: InviteServerState = { name: 'Proceeding', timers: { trying: 1200 } };
const Proceeding: InviteServerState = { name: 'Proceeding', timers: {}, packet: ringing };
const Accepted: InviteServerState = { name: 'Accepted', timers: { L: 20_000 }, packet: final };
const Completed: InviteServerState = {
  name: 'Completed',
  intervalMs: 500,
  timers: { G: 900, H: 20_000 },
  packet: final,
};
const Confirmed: InviteServerState = { name: 'Confirmed', timers: { I: 5000 } };
const Terminated: InviteServerState = { name: 'Terminated' };
const overTcp = packet(true);

describe('INVITE server transaction (RFC 3261 figure 7, RFC 6026 figure 7)', () => {
  it('begins Proceeding and waits 200 ms for the user', () => {
    assert.deepEqual(proceeding(NOW, TIMERS), fresh);
  });

  checkRows(inviteServer, TIMERS, [
    { title: 'a repeated INVITE before any response is absorbed', from: fresh, on: again, to: fresh },
    {
      title: '100 when the user is slow',
      from: { name: 'Proceeding', timers: {} },
      on: { type: 'timer', timer: 'trying' },
      to: { name: 'Proceeding', timers: {} },
      effects: [{ type: 'trying' }],
    },
    {
      title: '101-199 is sent, kept, and makes the 100 needless',
      from: fresh,
      on: { type: 'respond', status: 180, packet: ringing },
      to: Proceeding,
      effects: [{ type: 'send', packet: ringing }],
    },
    {
      title: 'a repeated INVITE gets the latest provisional response',
      from: Proceeding,
      on: again,
      to: Proceeding,
      effects: [{ type: 'send', packet: ringing }],
    },
    {
      title: '2xx',
      from: Proceeding,
      on: { type: 'respond', status: 200, packet: final },
      to: { name: 'Accepted', timers: { L: 33_000 }, packet: final },
      effects: [{ type: 'send', packet: final }],
    },
    {
      title: '2xx over a reliable transport waits L too',
      from: Proceeding,
      on: { type: 'respond', status: 200, packet: overTcp },
      to: { name: 'Accepted', timers: { L: 33_000 }, packet: overTcp },
      effects: [{ type: 'send', packet: overTcp }],
    },
    {
      title: '300-699 with G at T1 and H at 64·T1',
      from: Proceeding,
      on: { type: 'respond', status: 486, packet: final },
      to: { name: 'Completed', intervalMs: 500, timers: { G: 1500, H: 33_000 }, packet: final },
      effects: [{ type: 'send', packet: final }],
    },
    {
      title: '300-699 over a reliable transport has no G',
      from: Proceeding,
      on: { type: 'respond', status: 486, packet: overTcp },
      to: { name: 'Completed', intervalMs: 500, timers: { G: undefined, H: 33_000 }, packet: overTcp },
      effects: [{ type: 'send', packet: overTcp }],
    },
    {
      title: 'transport error is told and the state stays',
      from: Proceeding,
      on: lost,
      to: Proceeding,
      effects: [broken],
    },
    { title: 'ACK is unexpected', from: Proceeding, on: ack, to: undefined },
    { title: 'repeat is unexpected', from: Proceeding, on: { type: 'repeat' }, to: undefined },

    { title: 'a repeated INVITE is absorbed', from: Accepted, on: again, to: Accepted },
    {
      title: 'the user repeats its 2xx',
      from: Accepted,
      on: { type: 'repeat' },
      to: Accepted,
      effects: [{ type: 'send', packet: final }],
    },
    { title: 'ACK is the user’s', from: Accepted, on: ack, to: Accepted, effects: [{ type: 'acknowledged', ack }] },
    { title: 'transport error is told and the state stays', from: Accepted, on: lost, to: Accepted, effects: [broken] },
    { title: 'L ends it', from: Accepted, on: { type: 'timer', timer: 'L' }, to: Terminated },
    {
      title: 'another response is unexpected',
      from: Accepted,
      on: { type: 'respond', status: 486, packet: final },
      to: undefined,
    },

    {
      title: 'a repeated INVITE gets the response again',
      from: Completed,
      on: again,
      to: Completed,
      effects: [{ type: 'send', packet: final }],
    },
    {
      title: 'G sends again and doubles',
      from: Completed,
      on: { type: 'timer', timer: 'G' },
      to: { name: 'Completed', intervalMs: 1000, timers: { G: 2000, H: 20_000 }, packet: final },
      effects: [{ type: 'send', packet: final }],
    },
    {
      title: 'G grows no longer than T2',
      from: { ...Completed, intervalMs: 4000 },
      on: { type: 'timer', timer: 'G' },
      to: { name: 'Completed', intervalMs: 4000, timers: { G: 5000, H: 20_000 }, packet: final },
      effects: [{ type: 'send', packet: final }],
    },
    {
      title: 'H fails with a timeout',
      from: Completed,
      on: { type: 'timer', timer: 'H' },
      to: Terminated,
      effects: [{ type: 'fail', why: { kind: 'timeout' } }],
    },
    { title: 'ACK', from: Completed, on: ack, to: { name: 'Confirmed', timers: { I: 6000 } } },
    {
      title: 'ACK over a reliable transport ends it (I is 0)',
      from: { ...Completed, packet: overTcp },
      on: ack,
      to: Terminated,
    },
    {
      title: 'transport error is told and the state stays',
      from: Completed,
      on: lost,
      to: Completed,
      effects: [broken],
    },
    { title: 'repeat is unexpected', from: Completed, on: { type: 'repeat' }, to: undefined },

    { title: 'a repeated ACK is absorbed', from: Confirmed, on: ack, to: Confirmed },
    { title: 'a late INVITE is absorbed', from: Confirmed, on: again, to: Confirmed },
    { title: 'I ends it', from: Confirmed, on: { type: 'timer', timer: 'I' }, to: Terminated },
    { title: 'a late transport error is unexpected', from: Confirmed, on: lost, to: undefined },
    { title: 'nothing is expected', from: Terminated, on: again, to: undefined },
  ]);
});
