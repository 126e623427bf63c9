/**
 * The connection with one peer that we open (RFC 6733 §5.6, the initiator's side) and watch over (RFC 3539 §3.4):
 *
 *     closed --reconnect--> waitConnAck --up--> waitCea --cea, accepted--> open <--anything received-- suspect
 *       ^                       |                  |                      |  \---watchdog unanswered----^ |
 *       |<------refused---------|<----refused------|                      |                               |
 *       |<------------------------------lost, disconnected by the peer----|<------watchdog once more------|
 *
 *     any --stop--> closing (open before: DPR sent) --DPA, lost, time over--> stopped
 */
import type { MachineDefinition, Step, TimerEvent } from '../core/machine.ts';

export type PeerState =
  | { readonly name: 'closed'; readonly failures: number; readonly timers: { readonly reconnect: number } }
  | { readonly name: 'waitConnAck'; readonly failures: number; readonly timers: { readonly answer: number } }
  | { readonly name: 'waitCea'; readonly failures: number; readonly timers: { readonly answer: number } }
  | {
      readonly name: 'open';
      /** A DWR was sent and nothing has come since. */
      readonly asked: boolean;
      readonly timers: { readonly watchdog: number };
    }
  | { readonly name: 'suspect'; readonly timers: { readonly watchdog: number } }
  | { readonly name: 'closing'; readonly timers: { readonly answer: number } }
  | { readonly name: 'stopped' };

export type PeerEvent =
  | TimerEvent<'reconnect' | 'answer' | 'watchdog'>
  /** The transport's connection stands. */
  | { readonly type: 'up' }
  /** It is gone, or could not be had. */
  | { readonly type: 'lost'; readonly why: string }
  | { readonly type: 'cea'; readonly refusal: string | undefined }
  /** Any message but a CEA: the peer lives. */
  | { readonly type: 'received' }
  /** The peer's DPR, answered already; `stayAway`: it does not want to see us soon (RFC 6733 §5.4.3). */
  | { readonly type: 'dpr'; readonly cause: string; readonly stayAway: boolean }
  | { readonly type: 'dpa' }
  | { readonly type: 'stop' };

export type PeerEffect =
  | { readonly type: 'connect' }
  | { readonly type: 'sendCer' }
  | { readonly type: 'opened' }
  | { readonly type: 'sendDwr' }
  | { readonly type: 'sendDpr' }
  /** The connection can serve no more: requests without an answer go elsewhere, or wait for the next one. */
  | { readonly type: 'failed'; readonly why: string; readonly retryMs: number }
  /** The connection is ended in order. */
  | { readonly type: 'close' }
  /** It is dropped. */
  | { readonly type: 'abort' };

export interface PeerTimes {
  /** Waiting for the connection, or a CEA. */
  readonly answerMs: number;
  /** Waiting for a DPA. */
  readonly farewellMs: number;
  /** After a connection that stood was lost. */
  readonly soonMs: number;
  /** RFC 6733 §12, Tc; doubled with each failure up to `longestMs`. */
  readonly reconnectMs: number;
  readonly longestMs: number;
  /** RFC 3539 §3.4.1, Tw. */
  readonly watchdogMs: number;
  /** A time spread at random, so that many who lost the same peer do not come back at once. */
  readonly spread: (ms: number) => number;
}

export const PEER_TIMES: Omit<PeerTimes, 'spread'> = {
  answerMs: 10_000,
  farewellMs: 2000,
  soonMs: 1000,
  reconnectMs: 30_000,
  longestMs: 120_000,
  watchdogMs: 30_000,
};

type PeerStep = Step<PeerState, PeerEffect>;

export const PEER_MACHINE: MachineDefinition<PeerState, PeerEvent, PeerEffect, PeerTimes> = {
  name: 'diameter peer',
  final: ['stopped'],
  handlers: {
    closed: (state, event, now, times) => {
      if (event.type === 'stop') return STOPPED;
      if (event.type !== 'timer') return undefined;
      return {
        state: { name: 'waitConnAck', failures: state.failures, timers: { answer: now + times.answerMs } },
        effects: [{ type: 'connect' }],
      };
    },
    waitConnAck: (state, event, now, times) => {
      if (event.type !== 'up') return connecting(state.failures, event, now, times);
      return {
        state: { name: 'waitCea', failures: state.failures, timers: { answer: now + times.answerMs } },
        effects: [{ type: 'sendCer' }],
      };
    },
    waitCea: (state, event, now, times) => {
      if (event.type !== 'cea') return connecting(state.failures, event, now, times);
      if (event.refusal !== undefined) {
        return refused(state.failures, `CEA: ${event.refusal}`, [{ type: 'close' }], now, times);
      }
      return { state: watched(now, times), effects: [{ type: 'opened' }] };
    },
    open: (state, event, now, times) => {
      if (event.type !== 'timer') return standing(event, now, times);
      if (state.asked) return { state: { name: 'suspect', timers: { watchdog: now + times.watchdogMs } } };
      return { state: { ...watched(now, times), asked: true }, effects: [{ type: 'sendDwr' }] };
    },
    suspect: (_state, event, now, times) => {
      if (event.type !== 'timer') return standing(event, now, times);
      return broken('no answer to Device-Watchdog-Request', [{ type: 'abort' }], now, times);
    },
    closing: (_state, event) => {
      switch (event.type) {
        case 'dpa':
        case 'dpr':
          return { state: { name: 'stopped' }, effects: [{ type: 'close' }] };
        case 'timer':
          return { state: { name: 'stopped' }, effects: [{ type: 'abort' }] };
        case 'lost':
          return STOPPED;
        default:
          return undefined;
      }
    },
    stopped: () => undefined,
  },
};

const STOPPED: PeerStep = { state: { name: 'stopped' } };

/** Before the peer has accepted us. */
function connecting(failures: number, event: PeerEvent, now: number, times: PeerTimes): PeerStep {
  switch (event.type) {
    case 'lost':
      return refused(failures, event.why, [], now, times);
    case 'timer':
      return refused(failures, 'no answer', [{ type: 'abort' }], now, times);
    case 'stop':
      return { state: { name: 'stopped' }, effects: [{ type: 'abort' }] };
    default:
      return undefined;
  }
}

/** While the peer serves us, or did until a moment ago. */
function standing(event: Exclude<PeerEvent, TimerEvent>, now: number, times: PeerTimes): PeerStep {
  switch (event.type) {
    case 'received':
      return { state: watched(now, times) };
    case 'lost':
      return broken(event.why, [], now, times);
    case 'dpr': {
      const why = `it disconnects: ${event.cause}`;
      const retryMs = times.spread(event.stayAway ? times.longestMs : times.reconnectMs);
      return ended(why, [{ type: 'close' }], 0, retryMs, now);
    }
    case 'stop':
      return {
        state: { name: 'closing', timers: { answer: now + times.farewellMs } },
        effects: [{ type: 'sendDpr' }],
      };
    default:
      return undefined;
  }
}

/** RFC 3539 §3.4.1: any message renews the watchdog. */
function watched(now: number, times: PeerTimes): Extract<PeerState, { name: 'open' }> {
  return { name: 'open', asked: false, timers: { watchdog: now + times.spread(times.watchdogMs) } };
}

/** It did not come to a connection: the wait doubles. */
function refused(failures: number, why: string, first: PeerEffect[], now: number, times: PeerTimes): PeerStep {
  const retryMs = times.spread(Math.min(times.reconnectMs * 2 ** failures, times.longestMs));
  return ended(why, first, Math.min(failures + 1, 16), retryMs, now);
}

/** A connection that stood is tried again soon, once: what broke it may be over. */
function broken(why: string, first: PeerEffect[], now: number, times: PeerTimes): PeerStep {
  return ended(why, first, 0, times.spread(times.soonMs), now);
}

function ended(why: string, first: PeerEffect[], failures: number, retryMs: number, now: number): PeerStep {
  return {
    state: { name: 'closed', failures, timers: { reconnect: now + retryMs } },
    effects: [...first, { type: 'failed', why, retryMs }],
  };
}
