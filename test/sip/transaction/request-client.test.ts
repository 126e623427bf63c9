import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ClientContext } from '../../../src/sip/transaction/client-event.ts';
import { type RequestClientState, requestClient, trying } from '../../../src/sip/transaction/request-client.ts';
import { checkRows, NOW, received, TIMERS } from './table.ts';

const udp: ClientContext = { timers: TIMERS, reliable: false };
const tcp: ClientContext = { timers: TIMERS, reliable: true };
const error = new Error('no route');
const lost = { type: 'transportError', error } as const;
const cancel = { type: 'cancel', reason: undefined } as const;
const trial = received(100);
const ok = received(200);
const refused = received(403);

const Trying: RequestClientState = { name: 'Trying', intervalMs: 500, timers: { E: 900, F: 32_000 } };
const Proceeding: RequestClientState = { name: 'Proceeding', timers: { E: 900, F: 32_000 } };
const Completed: RequestClientState = { name: 'Completed', timers: { K: 20_000 } };
const Terminated: RequestClientState = { name: 'Terminated' };
const timeout = { type: 'fail', why: { kind: 'timeout' } } as const;
const broken = { type: 'fail', why: { kind: 'transport', error } } as const;

describe('non-INVITE client transaction (RFC 3261 figure 6)', () => {
  it('begins Trying with E at T1 and F at 64·T1, without E over a reliable transport', () => {
    assert.deepEqual(trying(NOW, udp), { name: 'Trying', intervalMs: 500, timers: { E: 1500, F: 33_000 } });
    assert.deepEqual(trying(NOW, tcp), { name: 'Trying', intervalMs: 500, timers: { E: undefined, F: 33_000 } });
  });

  checkRows(requestClient, udp, [
    {
      title: 'E sends again and doubles',
      from: Trying,
      on: { type: 'timer', timer: 'E' },
      to: { name: 'Trying', intervalMs: 1000, timers: { E: 2000, F: 32_000 } },
      effects: [{ type: 'send' }],
    },
    {
      title: 'E grows no longer than T2',
      from: { name: 'Trying', intervalMs: 2500, timers: { E: 900, F: 32_000 } },
      on: { type: 'timer', timer: 'E' },
      to: { name: 'Trying', intervalMs: 4000, timers: { E: 5000, F: 32_000 } },
      effects: [{ type: 'send' }],
    },
    { title: 'F fails', from: Trying, on: { type: 'timer', timer: 'F' }, to: Terminated, effects: [timeout] },
    { title: 'transport error fails', from: Trying, on: lost, to: Terminated, effects: [broken] },
    {
      title: '1xx leaves E and F running',
      from: Trying,
      on: trial,
      to: Proceeding,
      effects: [{ type: 'deliver', received: trial }],
    },
    {
      title: '2xx',
      from: Trying,
      on: ok,
      to: { name: 'Completed', timers: { K: 6000 } },
      effects: [{ type: 'deliver', received: ok }],
    },
    {
      title: '300-699',
      from: Trying,
      on: refused,
      to: { name: 'Completed', timers: { K: 6000 } },
      effects: [{ type: 'deliver', received: refused }],
    },
    {
      title: 'a final response over a reliable transport ends it (K is 0)',
      context: tcp,
      from: Trying,
      on: ok,
      to: Terminated,
      effects: [{ type: 'deliver', received: ok }],
    },
    { title: 'cancel is unexpected', from: Trying, on: cancel, to: undefined },

    {
      title: 'E sends again every T2',
      from: Proceeding,
      on: { type: 'timer', timer: 'E' },
      to: { name: 'Proceeding', timers: { E: 5000, F: 32_000 } },
      effects: [{ type: 'send' }],
    },
    { title: 'F fails', from: Proceeding, on: { type: 'timer', timer: 'F' }, to: Terminated, effects: [timeout] },
    { title: 'transport error fails', from: Proceeding, on: lost, to: Terminated, effects: [broken] },
    {
      title: '1xx is told',
      from: Proceeding,
      on: trial,
      to: Proceeding,
      effects: [{ type: 'deliver', received: trial }],
    },
    {
      title: 'a final response',
      from: Proceeding,
      on: refused,
      to: { name: 'Completed', timers: { K: 6000 } },
      effects: [{ type: 'deliver', received: refused }],
    },
    {
      title: 'a final response over a reliable transport ends it',
      context: tcp,
      from: Proceeding,
      on: refused,
      to: Terminated,
      effects: [{ type: 'deliver', received: refused }],
    },
    { title: 'cancel is unexpected', from: Proceeding, on: cancel, to: undefined },

    { title: 'repeated responses are absorbed', from: Completed, on: ok, to: Completed },
    { title: 'K ends it', from: Completed, on: { type: 'timer', timer: 'K' }, to: Terminated },
    { title: 'a late transport error is unexpected', from: Completed, on: lost, to: undefined },
    { title: 'nothing is expected', from: Terminated, on: ok, to: undefined },
  ]);
});
