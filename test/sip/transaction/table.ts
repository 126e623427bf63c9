import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Flow } from '../../../src/core/flow.ts';
import type { MachineDefinition, MachineState } from '../../../src/core/machine.ts';
import { Headers } from '../../../src/sip/message/headers.ts';
import { EMPTY_BODY, type Response } from '../../../src/sip/message/message.ts';
import type { ReceivedResponse } from '../../../src/sip/transaction/client-event.ts';
import { timerValues } from '../../../src/sip/transaction/timers.ts';
import type { Packet } from '../../../src/sip/transaction/wire.ts';

/** One row of a machine's table: in this state, on this event, the whole next state and the effects in order. */
export interface Row<S, E, F, C> {
  readonly title: string;
  readonly from: S;
  readonly on: E;
  /** undefined: the event is unexpected in this state. */
  readonly to: S | undefined;
  readonly effects?: readonly F[];
  readonly context?: C;
}

/** The instant at which every row happens. */
export const NOW = 1000;
export const TIMERS = timerValues({ t1Ms: 500, t2Ms: 4000, t4Ms: 5000 });
export const FLOW: Flow = {
  transport: 'UDP',
  local: { address: '192.0.2.1', port: 5060 },
  remote: { address: '192.0.2.9', port: 5060 },
};

export function checkRows<S extends MachineState, E extends { readonly type: string }, F, C>(
  definition: MachineDefinition<S, E, F, C>,
  context: C,
  rows: readonly NoInfer<Row<S, E, F, C>>[],
): void {
  for (const row of rows) {
    it(`${row.from.name}: ${row.title}`, () => {
      const handler = definition.handlers[row.from.name as S['name']] as (s: S, e: E, now: number, c: C) => unknown;
      const step = handler(row.from, row.on, NOW, row.context ?? context) as
        | { readonly state: S; readonly effects?: readonly F[] }
        | undefined;
      assert.deepEqual(step?.state, row.to);
      assert.deepEqual(step?.effects ?? [], row.effects ?? []);
    });
  }
}

export function received(status: number): ReceivedResponse {
  const response: Response = { status, reason: 'x', headers: new Headers(), body: EMPTY_BODY };
  return { type: 'response', response, flow: FLOW };
}

export function packet(reliable = false): Packet {
  return { reliable, send() {} };
}
