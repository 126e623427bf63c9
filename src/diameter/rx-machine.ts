/**
 * One Rx session: what the PCRF is asked for one leg of a call (TS 29.214 §4.4). `wanted` is always all the media.
 *
 *     none --want--> opening --AAA--> open --want--> modifying --AAA--> open
 *      ^               | refused       |                 | refused: what was before stays
 *      |<--------------|               |                 |
 *      any of them --end, ASR--> closing --STA--> closed
 *                                   |--no answer--> owed --connected, time to retry--> closing
 *                                                     |--long after--> closed
 */
import type { MachineDefinition, Step, TimerEvent } from '../core/machine.ts';

export type RxState<M> =
  /** `doubtful`: it was asked for and no answer came, so that the PCRF may have it. */
  | { readonly name: 'none'; readonly doubtful: boolean }
  /** `next` came meanwhile. */
  | { readonly name: 'opening'; readonly sent: M; readonly next?: M }
  | { readonly name: 'open'; readonly sent: M }
  | { readonly name: 'modifying'; readonly before: M; readonly sent: M; readonly next?: M }
  | { readonly name: 'closing'; readonly timers: { readonly giveUp: number } }
  /** The PCRF has not heard that it is over. */
  | { readonly name: 'owed'; readonly timers: { readonly giveUp: number; readonly retry: number } }
  | { readonly name: 'closed' };

export type RxEvent<M> =
  | TimerEvent<'giveUp' | 'retry'>
  | { readonly type: 'want'; readonly media: M }
  | { readonly type: 'granted' }
  /** `unknown`: the PCRF does not know the session (any more). `unheard`: it did not say so, its answer is missing. */
  | { readonly type: 'refused'; readonly why: string; readonly unknown: boolean; readonly unheard: boolean }
  /** The STR was answered, or not. */
  | { readonly type: 'ended'; readonly heard: boolean }
  /** The PCRF can be reached again. */
  | { readonly type: 'connected' }
  /** It has lost all sessions. */
  | { readonly type: 'restarted' }
  /** ASR. */
  | { readonly type: 'aborted'; readonly why: string }
  | { readonly type: 'end' };

export type RxEffect<M> =
  | { readonly type: 'sendAar'; readonly media: M; readonly initial: boolean }
  | { readonly type: 'sendStr' }
  | { readonly type: 'reserving' }
  | { readonly type: 'reserved' }
  /** Nothing is reserved for what was wanted. */
  | { readonly type: 'failed'; readonly why: string }
  /** What was reserved is gone. */
  | { readonly type: 'lost'; readonly why: string };

export interface RxContext<M> {
  readonly isSame: (a: M, b: M) => boolean;
  /** How long the PCRF is owed an STR. */
  readonly giveUpMs: number;
  readonly retryMs: number;
}

type RxStep<M> = Step<RxState<M>, RxEffect<M>>;

export function rxMachine<M>(): MachineDefinition<RxState<M>, RxEvent<M>, RxEffect<M>, RxContext<M>> {
  const RESERVED: RxEffect<M> = { type: 'reserved' };
  const CLOSED: RxStep<M> = { state: { name: 'closed' } };

  function opening(media: M): NonNullable<RxStep<M>> {
    return {
      state: { name: 'opening', sent: media },
      effects: [{ type: 'sendAar', media, initial: true }, { type: 'reserving' }],
    };
  }

  /** Asks for what was wanted meanwhile, if it is something else. */
  function settled(sent: M, next: M | undefined, first: RxEffect<M>, context: RxContext<M>): RxStep<M> {
    if (next === undefined || context.isSame(sent, next)) return { state: { name: 'open', sent }, effects: [first] };
    return update(sent, next);
  }

  function update(before: M, media: M): RxStep<M> {
    return {
      state: { name: 'modifying', before, sent: media },
      effects: [{ type: 'sendAar', media, initial: false }, { type: 'reserving' }],
    };
  }

  function closing(now: number, { giveUpMs }: RxContext<M>, first: readonly RxEffect<M>[] = []): RxStep<M> {
    return { state: { name: 'closing', timers: { giveUp: now + giveUpMs } }, effects: [...first, { type: 'sendStr' }] };
  }

  /** What may happen to any session the PCRF may know. */
  function live(event: RxEvent<M>, now: number, context: RxContext<M>): RxStep<M> {
    if (event.type === 'end') return closing(now, context);
    if (event.type === 'aborted') return closing(now, context, [{ type: 'lost', why: event.why }]);
    return undefined;
  }

  return {
    name: 'rx session',
    final: ['closed'],
    handlers: {
      none: (state, event, now, context) => {
        if (event.type === 'want') return opening(event.media);
        if (event.type !== 'end') return undefined;
        return state.doubtful ? closing(now, context) : CLOSED;
      },
      opening: (state, event, now, context) => {
        switch (event.type) {
          case 'want':
            return { state: { ...state, next: event.media } };
          case 'granted':
            return settled(state.sent, state.next, RESERVED, context);
          case 'refused':
            return {
              state: { name: 'none', doubtful: event.unheard },
              effects: [{ type: 'failed', why: event.why }],
            };
          default:
            return live(event, now, context);
        }
      },
      open: (state, event, now, context) => {
        switch (event.type) {
          case 'want':
            return context.isSame(state.sent, event.media) ? { state } : update(state.sent, event.media);
          case 'restarted':
            return opening(state.sent);
          default:
            return live(event, now, context);
        }
      },
      modifying: (state, event, now, context) => {
        switch (event.type) {
          case 'want':
            return { state: { ...state, next: event.media } };
          case 'granted':
            return settled(state.sent, state.next, RESERVED, context);
          case 'refused':
            if (event.unknown) return opening(state.next ?? state.sent);
            return settled(state.before, state.next, { type: 'failed', why: event.why }, context);
          case 'restarted':
            return opening(state.next ?? state.sent);
          default:
            return live(event, now, context);
        }
      },
      closing: ({ timers }, event, now, { retryMs }) => {
        if (event.type === 'timer') return CLOSED;
        if (event.type !== 'ended') return undefined;
        return event.heard ? CLOSED : { state: { name: 'owed', timers: { ...timers, retry: now + retryMs } } };
      },
      owed: ({ timers }, event) => {
        if (event.type === 'restarted' || (event.type === 'timer' && event.timer === 'giveUp')) return CLOSED;
        if (event.type !== 'connected' && event.type !== 'timer') return undefined;
        return { state: { name: 'closing', timers: { giveUp: timers.giveUp } }, effects: [{ type: 'sendStr' }] };
      },
      closed: () => undefined,
    },
  };
}
