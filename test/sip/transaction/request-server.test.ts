import { describe } from 'node:test';
import { type RequestServerState, requestServer, TRYING } from '../../../src/sip/transaction/request-server.ts';
import { checkRows, packet, TIMERS } from './table.ts';

const first = packet();
const second = packet();
const overTcp = packet(true);
const error = new Error('no route');
const lost = { type: 'transportError', error } as const;
const broken = { type: 'fail', why: { kind: 'transport', error } } as const;
const again = { type: 'request' } as const;

const Proceeding: RequestServerState = { name: 'Proceeding', packet: first };
const Completed: RequestServerState = { name: 'Completed', timers: { J: 20_000 }, packet: second };
const Terminated: RequestServerState = { name: 'Terminated' };

describe('non-INVITE server transaction (RFC 3261 figure 8)', () => {
  checkRows(requestServer, TIMERS, [
    { title: 'a repeated request is absorbed', from: TRYING, on: again, to: TRYING },
    {
      title: '1xx',
      from: TRYING,
      on: { type: 'respond', status: 100, packet: first },
      to: Proceeding,
      effects: [{ type: 'send', packet: first }],
    },
    {
      title: '200-699 waits J',
      from: TRYING,
      on: { type: 'respond', status: 200, packet: second },
      to: { name: 'Completed', timers: { J: 33_000 }, packet: second },
      effects: [{ type: 'send', packet: second }],
    },
    {
      title: '200-699 over a reliable transport ends it (J is 0)',
      from: TRYING,
      on: { type: 'respond', status: 403, packet: overTcp },
      to: Terminated,
      effects: [{ type: 'send', packet: overTcp }],
    },
    { title: 'ACK and the like are unexpected', from: TRYING, on: { type: 'repeat' }, to: undefined },

    {
      title: 'a repeated request gets the provisional response',
      from: Proceeding,
      on: again,
      to: Proceeding,
      effects: [{ type: 'send', packet: first }],
    },
    {
      title: '1xx replaces the one before',
      from: Proceeding,
      on: { type: 'respond', status: 183, packet: second },
      to: { name: 'Proceeding', packet: second },
      effects: [{ type: 'send', packet: second }],
    },
    {
      title: '200-699',
      from: Proceeding,
      on: { type: 'respond', status: 404, packet: second },
      to: { name: 'Completed', timers: { J: 33_000 }, packet: second },
      effects: [{ type: 'send', packet: second }],
    },
    { title: 'transport error fails', from: Proceeding, on: lost, to: Terminated, effects: [broken] },
    { title: 'repeat is unexpected', from: Proceeding, on: { type: 'repeat' }, to: undefined },

    {
      title: 'a repeated request gets the response again',
      from: Completed,
      on: again,
      to: Completed,
      effects: [{ type: 'send', packet: second }],
    },
    { title: 'J ends it', from: Completed, on: { type: 'timer', timer: 'J' }, to: Terminated },
    { title: 'transport error fails', from: Completed, on: lost, to: Terminated, effects: [broken] },
    {
      title: 'another response is unexpected',
      from: Completed,
      on: { type: 'respond', status: 500, packet: first },
      to: undefined,
    },
    { title: 'nothing is expected', from: Terminated, on: again, to: undefined },
  ]);
});
