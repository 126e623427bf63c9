/**
 * Session timers (RFC 4028): both sides agree on an interval and on who refreshes the session, and whoever hears nothing
 * for that long ends it.
 *
 *     off ──agreed──► running ──half the interval: refresh──► running
 *                        │ refreshed, by whom ever: agreed
 *                        └──shortly before the interval is over: expire──► off
 */
import type { MachineDefinition, TimerEvent } from '../../core/machine.ts';
import { type HeaderValue, header } from '../message/build.ts';
import { type Parameterised, REQUIRE, SESSION_EXPIRES, SUPPORTED } from '../message/header-types.ts';
import type { Headers, HeaderType } from '../message/headers.ts';
import type { Request, Response } from '../message/message.ts';
import { Params } from '../message/params.ts';
import { SipError } from '../message/sip-error.ts';

/** Setting session_expires; seconds. */
export interface SessionTimerOptions {
  /** 0: no session timer. */
  readonly duration: number;
  readonly min?: number;
  /** Who refreshes: undefined leaves it to the peer. */
  readonly refresher?: 'uac' | 'uas';
  /** Undefined: UPDATE where the peer allows it. */
  readonly method?: 'UPDATE' | 'INVITE';
}

/** §4: no session timer is shorter. */
const SHORTEST_S = 90;

export const MIN_SE: HeaderType<Parameterised> = { ...SESSION_EXPIRES, name: 'Min-SE' };

/** What two sides agreed on. */
export interface SessionAgreement {
  readonly intervalS: number;
  readonly weRefresh: boolean;
}

export type SessionTimerState =
  | { readonly name: 'off' }
  | {
      readonly name: 'running';
      readonly timers: { readonly refresh: number | undefined; readonly expire: number };
    }
  | { readonly name: 'over' };

export type SessionTimerEvent =
  | TimerEvent<'refresh' | 'expire'>
  /** Undefined: no timer runs any more. */
  | { readonly type: 'agreed'; readonly agreement: SessionAgreement | undefined }
  /** The refresh could not be now. */
  | { readonly type: 'later'; readonly inMs: number }
  | { readonly type: 'end' };

export type SessionTimerEffect = { readonly type: 'refresh' } | { readonly type: 'expire' };

export const SESSION_TIMER_MACHINE: MachineDefinition<
  SessionTimerState,
  SessionTimerEvent,
  SessionTimerEffect,
  undefined
> = {
  name: 'session timer',
  final: ['over'],
  handlers: {
    off(_state, event, now) {
      if (event.type === 'agreed') return { state: agreed(event.agreement, now) };
      return event.type === 'end' ? { state: { name: 'over' } } : undefined;
    },
    running(state, event, now) {
      switch (event.type) {
        case 'agreed':
          return { state: agreed(event.agreement, now) };
        case 'later':
          return { state: { ...state, timers: { ...state.timers, refresh: now + event.inMs } } };
        case 'timer':
          if (event.timer === 'refresh') return { state, effects: [{ type: 'refresh' }] };
          return { state: { name: 'off' }, effects: [{ type: 'expire' }] };
        case 'end':
          return { state: { name: 'over' } };
      }
    },
    over: () => undefined,
  },
};

/** §10: refreshed at half the interval; ended 32 s, or a third of it, before it is over. */
function agreed(agreement: SessionAgreement | undefined, now: number): SessionTimerState {
  if (agreement === undefined) return { name: 'off' };
  const { intervalS, weRefresh } = agreement;
  return {
    name: 'running',
    timers: {
      refresh: weRefresh ? now + intervalS * 500 : undefined,
      expire: now + (intervalS - Math.min(32, intervalS / 3)) * 1000,
    },
  };
}

/** What a peer says of the session timer in one message. */
interface Wish {
  readonly intervalS: number | undefined;
  readonly refresher: 'uac' | 'uas' | undefined;
  readonly minS: number;
  readonly supported: boolean;
}

/**
 * What we answer to an INVITE or UPDATE (§9): headers for the 2xx, and the timer that runs from then on.
 * @throws SipError 422 with Min-SE for an interval that is too short.
 */
export function acceptSession(
  { headers }: Request,
  options: SessionTimerOptions,
): { readonly agreement: SessionAgreement | undefined; readonly headers: readonly HeaderValue[] } {
  const wish = wishOf(headers);
  // Who does not know session timers is not made to refresh, nor ended.
  if (options.duration === 0 || !wish.supported) return { agreement: undefined, headers: [] };
  const ours = options.min ?? SHORTEST_S;
  if (wish.intervalS !== undefined && wish.intervalS < ours) {
    throw new SipError(422, `a session timer of ${wish.intervalS} s; ${ours} s is the shortest`).with(MIN_SE, {
      value: String(ours),
      params: Params.none,
    });
  }
  const intervalS = Math.max(Math.min(wish.intervalS ?? options.duration, options.duration), wish.minS, ours);
  const refresher = wish.refresher ?? options.refresher ?? 'uas';
  return {
    agreement: { intervalS, weRefresh: refresher === 'uas' },
    headers: [
      header(SESSION_EXPIRES, { value: String(intervalS), params: Params.of({ refresher }) }),
      ...(refresher === 'uac' ? [header(REQUIRE, 'timer')] : []),
    ],
  };
}

/**
 * What our INVITE or UPDATE asks for (§7.1).
 * @param minS the least that the peer takes, as a 422 said.
 * @param present what was agreed on before: a refresh keeps interval and roles, which are named for its client (§7.4).
 */
export function askSession(options: SessionTimerOptions, minS = 0, present?: SessionAgreement): readonly HeaderValue[] {
  if (options.duration === 0) return [];
  const least = Math.max(options.min ?? 0, minS);
  const role = present?.weRefresh ? 'uac' : 'uas';
  const refresher = present === undefined ? options.refresher : role;
  const value = String(Math.max(present?.intervalS ?? options.duration, least));
  return [
    header(SESSION_EXPIRES, { value, params: refresher === undefined ? Params.none : Params.of({ refresher }) }),
    ...(least > SHORTEST_S ? [header(MIN_SE, { value: String(least), params: Params.none })] : []),
  ];
}

/** What the peer's 2xx to such a request says (§7.2). */
export function agreedSession({ headers }: Response): SessionAgreement | undefined {
  const { intervalS, refresher } = wishOf(headers);
  if (intervalS === undefined) return undefined;
  return { intervalS: Math.max(intervalS, SHORTEST_S), weRefresh: refresher !== 'uas' };
}

/** The interval a 422 wants at least (§7.3). */
export function wantedMinimum({ status, headers }: Response): number | undefined {
  return status === 422 ? seconds(headers.tryGet(MIN_SE)) : undefined;
}

function wishOf(headers: Headers): Wish {
  const expires = headers.tryGet(SESSION_EXPIRES);
  const refresher = expires?.params.get('refresher')?.toLowerCase();
  const supported = [...headers.rawAll(SUPPORTED.name), ...headers.rawAll(REQUIRE.name)];
  return {
    intervalS: seconds(expires),
    refresher: refresher === 'uac' || refresher === 'uas' ? refresher : undefined,
    minS: seconds(headers.tryGet(MIN_SE)) ?? 0,
    supported: supported.some((raw) => raw.split(',').some((name) => name.trim().toLowerCase() === 'timer')),
  };
}

/** More than a timer can wait is as long as that. */
function seconds(value: Parameterised | undefined): number | undefined {
  return value !== undefined && /^\d{1,10}$/.test(value.value) ? Math.min(Number(value.value), 2 ** 31) : undefined;
}
