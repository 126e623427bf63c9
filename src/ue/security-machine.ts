/**
 * The sets of security associations of a handset as it sees them, as a machine (TS 24.229 §5.1.1.5.1). A set is named by
 * its number.
 *
 *     clear --challenged--> challenged --registered--> secured --registered (the new set)--> switching
 *       ^                       |                      ^    |                                    |
 *       +--refused, temporary---+                      +----|---------received (the new set)-----+ (old drains)
 *       +--current (nothing renewed it), left---------------+
 *
 * A new challenge replaces the temporary set and touches nothing else. A draining set carries what is under way in it
 * until its instant.
 */
import type { MachineDefinition, Step, TimerEvent } from '../core/machine.ts';

/** A set, and the instant at which it ends by itself. */
export interface Life {
  readonly set: number;
  readonly endsAt: number;
}

export type SecurityEvent =
  /** It was set up for the answer to a challenge. */
  | { readonly type: 'challenged'; readonly set: number }
  /** A REGISTER that went through it was accepted; the registration ends at `until`. */
  | { readonly type: 'registered'; readonly set: number; readonly until: number }
  /** A REGISTER that went through it was refused, or nobody answered it. */
  | { readonly type: 'refused'; readonly set: number }
  /** A message came through it. */
  | { readonly type: 'received'; readonly set: number }
  /** The registration is over. */
  | { readonly type: 'left' }
  | TimerEvent<'temporary' | 'current' | 'old' | 'drained'>;

export type SecurityEffect =
  | { readonly type: 'extend'; readonly set: number; readonly endsAt: number }
  | { readonly type: 'remove'; readonly set: number };

interface Common {
  /** Replaced sets, for what is under way in them. */
  readonly draining: readonly Life[];
  readonly timers: {
    readonly temporary?: number | undefined;
    readonly current?: number | undefined;
    readonly old?: number | undefined;
    readonly drained?: number | undefined;
  };
}

type Body =
  | { readonly name: 'clear' }
  | { readonly name: 'challenged'; readonly temporary: Life }
  | { readonly name: 'secured'; readonly current: Life; readonly temporary?: Life | undefined }
  | { readonly name: 'switching'; readonly current: Life; readonly old: Life; readonly temporary?: Life | undefined };

export type SecurityState = Body & Common;

export interface SecurityContext {
  readonly t1Ms: number;
}

type Result = Step<SecurityState, SecurityEffect>;

/** TS 24.229 §5.1.1.5.1 with table 7.8.1: reg-await-auth is 4 minutes. */
export const TEMPORARY_MS = 240_000;
/** TS 24.229 §5.1.1.5.1: an established set outlives its registration by so much. */
const BEYOND_REGISTRATION_MS = 30_000;

export const IN_CLEAR: SecurityState = { name: 'clear', draining: [], timers: {} };

export const SECURITY_MACHINE: MachineDefinition<SecurityState, SecurityEvent, SecurityEffect, SecurityContext> = {
  name: 'security',
  final: [],
  handlers: {
    clear(state, event, now) {
      switch (event.type) {
        case 'challenged':
          return challenged(state, event.set, now);
        case 'timer':
          return drain(state, now);
        case 'received':
        case 'left':
          return { state };
        default:
          return undefined;
      }
    },
    challenged(state, event, now, context) {
      const { temporary, draining } = state;
      switch (event.type) {
        case 'challenged':
          return challenged(state, event.set, now);
        case 'registered':
          return event.set === temporary.set
            ? established({ name: 'secured', current: lasting(temporary.set, event.until) }, draining)
            : undefined;
        case 'refused':
          return event.set === temporary.set ? next({ name: 'clear' }, draining, [remove(temporary)]) : undefined;
        case 'timer':
          if (event.timer === 'drained') return drain(state, now);
          return next({ name: 'clear' }, draining, [remove(temporary)]);
        case 'received':
          return { state };
        case 'left':
          return next({ name: 'clear' }, drained(draining, temporary, now, context));
      }
    },
    secured(state, event, now, context) {
      switch (event.type) {
        case 'registered':
          return registered(state, event, now, context);
        case 'received':
          return { state };
        default:
          return besides(state, event, now, context);
      }
    },
    switching(state, event, now, context) {
      const { current, old, temporary, draining } = state;
      switch (event.type) {
        case 'registered':
          return registered(state, event, now, context);
        case 'received':
          if (event.set !== current.set) return { state };
          return next({ name: 'secured', current, temporary }, drained(draining, old, now, context));
        case 'timer':
          if (event.timer !== 'old') return besides(state, event, now, context);
          return next({ name: 'secured', current, temporary }, draining, [remove(old)]);
        default:
          return besides(state, event, now, context);
      }
    },
  },
};

type Established = Extract<SecurityState, { name: 'secured' | 'switching' }>;

/** Through the set in use, which lives on, or through a new one, which is used from now on. */
function registered(
  state: Established,
  { set, until }: { readonly set: number; readonly until: number },
  now: number,
  context: SecurityContext,
): Result {
  const { current, temporary, draining } = state;
  if (set === current.set) return established({ ...state, current: lasting(set, until, current) }, draining);
  if (set !== temporary?.set) return undefined;
  const left = state.name === 'switching' ? drained(draining, state.old, now, context) : draining;
  return established({ name: 'switching', current: lasting(set, until, current), old: current }, left);
}

/** What concerns the temporary set beside an established one, and the end of all. */
function besides(
  state: Established,
  event: Exclude<SecurityEvent, { type: 'registered' | 'received' }>,
  now: number,
  context: SecurityContext,
): Result {
  const { current, temporary, draining } = state;
  switch (event.type) {
    case 'challenged':
      return challenged(state, event.set, now);
    case 'refused':
      if (event.set === temporary?.set) return next({ ...state, temporary: undefined }, draining, [remove(temporary)]);
      return { state };
    case 'left': {
      const rest = state.name === 'switching' ? [current, state.old] : [current];
      const fading = rest.reduce((lives, life) => drained(lives, life, now, context), draining);
      return next({ name: 'clear' }, fading, temporary === undefined ? [] : [remove(temporary)]);
    }
    case 'timer':
      if (event.timer === 'drained') return drain(state, now);
      if (event.timer === 'temporary') {
        return next({ ...state, temporary: undefined }, draining, temporary === undefined ? [] : [remove(temporary)]);
      }
      return next(
        { name: 'clear' },
        draining,
        [current, temporary, 'old' in state ? state.old : undefined].flatMap(gone),
      );
  }
}

function challenged(state: SecurityState, set: number, now: number): Result {
  const temporary = { set, endsAt: now + TEMPORARY_MS };
  const body: Body = state.name === 'clear' ? { name: 'challenged', temporary } : { ...state, temporary };
  return next(body, state.draining, 'temporary' in state ? gone(state.temporary) : []);
}

/** TS 24.229 §5.1.1.5.1: the longer of what the set before had and the registration just granted plus 30 s. */
function lasting(set: number, until: number, previous?: Life): Life {
  return { set, endsAt: Math.max(previous?.endsAt ?? 0, until + BEYOND_REGISTRATION_MS) };
}

function established(body: Extract<Body, { readonly current: Life }>, draining: readonly Life[]): Result {
  const { set, endsAt } = body.current;
  return next(body, draining, [{ type: 'extend', set, endsAt }]);
}

/** TS 24.229 §5.1.1.5.1: once the transactions that use it are over, the last after 64·T1 (RFC 3261 §17). */
function drained(
  draining: readonly Life[],
  { set, endsAt }: Life,
  now: number,
  { t1Ms }: SecurityContext,
): readonly Life[] {
  return [...draining, { set, endsAt: Math.min(endsAt, now + 64 * t1Ms) }];
}

function drain(state: SecurityState, now: number): Result {
  const left = state.draining.filter(({ endsAt }) => endsAt > now);
  return next(state, left, state.draining.filter(({ endsAt }) => endsAt <= now).map(remove));
}

function gone(life: Life | undefined): SecurityEffect[] {
  return life === undefined ? [] : [remove(life)];
}

function remove({ set }: Life): SecurityEffect {
  return { type: 'remove', set };
}

function next(body: Body, draining: readonly Life[], effects: readonly SecurityEffect[] = []): Result {
  const ends = draining.map(({ endsAt }) => endsAt);
  const timers = {
    temporary: 'temporary' in body ? body.temporary?.endsAt : undefined,
    current: 'current' in body ? body.current.endsAt : undefined,
    old: 'old' in body ? body.old.endsAt : undefined,
    drained: ends.length === 0 ? undefined : Math.min(...ends),
  };
  return { state: { ...body, draining, timers }, effects };
}
