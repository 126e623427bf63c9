/**
 * Reliable provisional responses (RFC 3262). The side that sends them is a machine, one for each early dialog: one
 * response waits for its PRACK at a time, and what is to be said meanwhile waits behind it, so that the peer hears
 * everything in order; a 2xx waits too, as it must when the response before it held a session description (§3).
 *
 *     idle ──reliable response──► unacknowledged ──PRACK──► idle (or the next that waits)
 *                                   │ T1, 2·T1, …: again
 *                                   └──64·T1: gave up──► over
 */
import { MalformedError } from '../../core/errors.ts';
import type { MachineDefinition, Step, TimerEvent } from '../../core/machine.ts';
import type { HeaderType } from '../message/headers.ts';

/** What PRACK acknowledges (RFC 3262 §7.2). */
export interface Rack {
  readonly sequence: number;
  readonly cseq: number;
  readonly method: string;
}

export const RACK: HeaderType<Rack> = {
  name: 'RAck',
  list: false,
  parse(raw) {
    const [, sequence, cseq, method] = /^\s*(\d{1,10})\s+(\d{1,10})\s+([A-Za-z0-9\-.!%*_+`'~]+)\s*$/.exec(raw) ?? [];
    if (method === undefined) throw new MalformedError('RAck: two numbers and a method expected');
    return { sequence: Number(sequence), cseq: Number(cseq), method };
  },
  print: ({ sequence, cseq, method }) => `${sequence} ${cseq} ${method}`,
};

/** A response to the INVITE in the order it was asked for. */
export interface Ordered {
  readonly status: number;
  /** Whether it waits for a PRACK. */
  readonly reliable: boolean;
}

export type ReliableState<R extends Ordered> =
  | { readonly name: 'idle' /** RSeq of the next one. */; readonly next: number }
  | {
      readonly name: 'unacknowledged';
      readonly sequence: number;
      readonly response: R;
      readonly waiting: readonly R[];
      readonly timers: { readonly repeat: number; readonly giveUp: number };
      /** Length of the present wait before it is sent again. */
      readonly intervalMs: number;
    }
  | { readonly name: 'over' };

export type ReliableEvent<R extends Ordered> =
  | TimerEvent<'repeat' | 'giveUp'>
  | { readonly type: 'send'; readonly response: R }
  /** A PRACK for this RSeq. */
  | { readonly type: 'prack'; readonly sequence: number };

export type ReliableEffect<R extends Ordered> =
  /** `sequence` is its RSeq, undefined for an unreliable one. */
  | { readonly type: 'send'; readonly response: R; readonly sequence: number | undefined }
  | { readonly type: 'repeat'; readonly response: R; readonly sequence: number }
  | { readonly type: 'gaveUp' };

type ReliableStep<R extends Ordered> = Step<ReliableState<R>, ReliableEffect<R>>;

export interface ReliableTimers {
  readonly t1Ms: number;
}

/** Responses that wait for one PRACK. */
const MOST_WAITING = 8;

/** @returns the machine for responses of a kind. */
export function reliableMachine<R extends Ordered>(): MachineDefinition<
  ReliableState<R>,
  ReliableEvent<R>,
  ReliableEffect<R>,
  ReliableTimers
> {
  return {
    name: 'reliable provisional responses',
    final: ['over'],
    handlers: {
      idle(state, event, now, timers) {
        return event.type === 'send' ? send(state.next, [event.response], now, timers) : undefined;
      },
      unacknowledged(state, event, now, timers) {
        switch (event.type) {
          case 'send':
            // Who repeats its 180 without end need not be heard each time; the 2xx is.
            if (state.waiting.length >= MOST_WAITING && event.response.status < 200) return { state };
            return { state: { ...state, waiting: [...state.waiting, event.response] } };
          case 'prack':
            if (event.sequence !== state.sequence) return undefined;
            return send(state.sequence + 1, state.waiting, now, timers);
          case 'timer': {
            if (event.timer === 'giveUp') return { state: { name: 'over' }, effects: [{ type: 'gaveUp' }] };
            // §3: the interval doubles without the limit T2.
            const intervalMs = 2 * state.intervalMs;
            const { response, sequence } = state;
            return {
              state: { ...state, intervalMs, timers: { ...state.timers, repeat: now + intervalMs } },
              effects: [{ type: 'repeat', response, sequence }],
            };
          }
        }
      },
      over: () => undefined,
    },
  };
}

/** Sends what waits up to and including the next reliable one. */
function send<R extends Ordered>(
  next: number,
  waiting: readonly R[],
  now: number,
  { t1Ms }: ReliableTimers,
): NonNullable<ReliableStep<R>> {
  const at = waiting.findIndex(({ reliable }) => reliable);
  const response = waiting[at];
  const effects = (at < 0 ? waiting : waiting.slice(0, at + 1)).map((one): ReliableEffect<R> => {
    return { type: 'send', response: one, sequence: one.reliable ? next : undefined };
  });
  if (response === undefined) return { state: { name: 'idle', next }, effects };
  return {
    state: {
      name: 'unacknowledged',
      sequence: next,
      response,
      waiting: waiting.slice(at + 1),
      timers: { repeat: now + t1Ms, giveUp: now + 64 * t1Ms },
      intervalMs: t1Ms,
    },
    effects,
  };
}

/** The side that gets them, one for each early dialog. */
export class ReliableReceiver {
  #last: number | undefined;

  /** Whether this response is to be acknowledged: §4, repetitions and what overtook another one are not. */
  takes(sequence: number): boolean {
    if (this.#last !== undefined && sequence !== this.#last + 1) return false;
    this.#last = sequence;
    return true;
  }
}
