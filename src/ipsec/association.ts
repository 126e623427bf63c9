/**
 * The sets of security associations of one handset, as a machine (TS 33.203 §7.4, TS 24.229 §5.2.2.2): the set a 401 has
 * prepared is temporary until the handset authenticates in it.
 *
 *     challenged --authenticated--> established --authenticated--> switching --used (the new set)--> established
 *         |                          |    ^                           |  ^                              (old fades)
 *         |                          |    +--switch (old nearly over)-+  +--authenticated (again)
 *         +--refused--> leaving <----+---------------left-------------+
 *                          |
 *                          +--last set faded--> ended
 *
 * A temporary set may exist beside the others in established and switching; a new challenge replaces it and touches
 * nothing else. A registration that nobody refreshes takes its sets along when it ends. A fading set still carries what
 * is under way in it, until its instant: the old set 64·T1 after the first use of the new, a replaced or refused
 * temporary one and those of a handset that has left for the answer and its retransmissions. A handset that authenticates
 * in one stays with it: it has become the current set.
 */
import type { MachineDefinition, Step } from '../core/machine.ts';
import {
  type AssociationContext,
  type AssociationEffect,
  type AssociationEvent,
  type AssociationState,
  type Body,
  type Life,
  stateOf,
} from './association-states.ts';

/** TS 24.229 §5.2.2.2: the temporary set lives as long as reg-await-auth (table 7.8.1: 4 minutes). */
export const TEMPORARY_MS = 240_000;
/** TS 24.229 §5.2.2.2: longer than the registration it protects. */
const BEYOND_REGISTRATION_MS = 30_000;
/** Answers and their retransmissions are out by then however short T1 is. */
const LEAST_FADE_MS = 10_000;
/** Whoever asks for one challenge after the other keeps no more than these alive. */
const MOST_FADING = 4;

export function challenged(set: number, now: number): AssociationState {
  return stateOf({ name: 'challenged', temporary: { set, endsAt: now + TEMPORARY_MS } }, [], 0);
}

/** What was kept over a restart. */
export function restored(current: Life, old: Life | undefined, { t1Ms }: AssociationContext): AssociationState {
  const body: Body = old === undefined ? { name: 'established', current } : { name: 'switching', current, old };
  return stateOf(body, [], t1Ms);
}

export const ASSOCIATION_MACHINE: MachineDefinition<
  AssociationState,
  AssociationEvent,
  AssociationEffect,
  AssociationContext
> = {
  name: 'association',
  final: ['ended'],
  handlers: {
    challenged(state, event, now, context) {
      const { temporary, fading } = state;
      switch (event.type) {
        case 'challenged':
          return next(challengedBody(event.set, now), faded(fading, temporary, now, context), context);
        case 'authenticated':
          return begin(state, event, context);
        case 'refused':
          if (event.set !== temporary.set) return undefined;
          return next({ name: 'leaving' }, faded(fading, temporary, now, context), context);
        case 'left':
          return next({ name: 'leaving' }, faded(fading, temporary, now, context), context);
        case 'timer':
          if (event.timer === 'fade') return fade(state, now, context);
          return next({ name: 'leaving' }, fading, context, [{ type: 'remove', set: temporary.set }]);
        case 'dropped':
          if (event.set !== temporary.set) return dropFading(state, event.set, context);
          return next({ name: 'leaving' }, fading, context, [{ type: 'remove', set: event.set }]);
        case 'used':
          return same(state);
        case 'extended':
          return undefined;
      }
    },
    established(state, event, now, context) {
      const { current } = state;
      switch (event.type) {
        case 'authenticated': {
          if (event.set === current.set) return extend(state, event, context);
          const others = without(state, event.set);
          if (others === undefined) return undefined;
          const { temporary } = others;
          const body: Body = {
            name: 'switching',
            current: lasting(event.set, event, current),
            old: current,
            temporary,
          };
          return next(body, others.fading, context, kept(event.set, current.set));
        }
        case 'extended':
          return extend(state, event, context);
        case 'left':
          return leave(state, current.set, now, context);
        default:
          return besides(state, event, now, context);
      }
    },
    switching(state, event, now, context) {
      const { current, old } = state;
      switch (event.type) {
        case 'authenticated': {
          if (event.set === current.set) return extend(state, event, context);
          const others = without(state, event.set);
          if (others === undefined) return undefined;
          const { temporary } = others;
          const body: Body = {
            name: 'switching',
            current: lasting(event.set, event, current),
            old: current,
            temporary,
          };
          const effects: AssociationEffect[] = [...kept(event.set, current.set), { type: 'forget', set: old.set }];
          return next(body, drained(others.fading, old, now, context), context, effects);
        }
        case 'used':
          return event.set === current.set ? switched(state, now, context) : same(state);
        case 'extended':
          return extend(state, event, context);
        case 'left':
          return leave(state, old.set, now, context);
        case 'timer':
          // TS 24.229 §5.2.2.2: shortly before the old set ends the new one is used, seen in use or not.
          return event.timer === 'switch' ? switched(state, now, context) : besides(state, event, now, context);
        default:
          return besides(state, event, now, context);
      }
    },
    leaving(state, event, now, context) {
      switch (event.type) {
        case 'timer':
          return fade(state, now, context);
        case 'dropped':
          return dropFading(state, event.set, context);
        case 'challenged':
          return next(challengedBody(event.set, now), state.fading, context);
        case 'used':
        case 'left':
        case 'refused':
          return same(state);
        case 'authenticated':
          return begin(state, event, context);
        case 'extended':
          return undefined;
      }
    },
    ended: () => undefined,
  },
};

type Lasting = Extract<AssociationState, { name: 'established' | 'switching' }>;
type Granted = { readonly registeredUntil: number };

/** What a temporary set beside authenticated ones, and time, do: the same in both of their states. */
function besides(
  state: Lasting,
  event: AssociationEvent,
  now: number,
  context: AssociationContext,
): Step<AssociationState, AssociationEffect> {
  const { temporary, fading } = state;
  switch (event.type) {
    case 'challenged': {
      const body = { ...state, temporary: { set: event.set, endsAt: now + TEMPORARY_MS } };
      return next(body, temporary === undefined ? fading : faded(fading, temporary, now, context), context);
    }
    case 'refused':
      if (event.set !== temporary?.set) return undefined;
      return next({ ...state, temporary: undefined }, faded(fading, temporary, now, context), context);
    case 'dropped':
      if (event.set !== temporary?.set) return dropFading(state, event.set, context);
      return next({ ...state, temporary: undefined }, fading, context, [{ type: 'remove', set: event.set }]);
    case 'used':
      return same(state);
    case 'timer': {
      if (event.timer === 'fade') return fade(state, now, context);
      if (event.timer === 'current') return expire(state, context);
      const effects = temporary === undefined ? [] : [{ type: 'remove' as const, set: temporary.set }];
      return next({ ...state, temporary: undefined }, fading, context, effects);
    }
    default:
      return undefined;
  }
}

type Authenticated = Extract<AssociationEvent, { type: 'authenticated' }>;

/** The first set a handset has authenticated in, or the first again. */
function begin(
  state: Extract<AssociationState, { name: 'challenged' | 'leaving' }>,
  event: Authenticated,
  context: AssociationContext,
): Step<AssociationState, AssociationEffect> {
  const others = without(state, event.set);
  if (others === undefined) return undefined;
  const { temporary, fading } = others;
  const body: Body = { name: 'established', current: lasting(event.set, event), temporary };
  return next(body, fading, context, kept(event.set));
}

/** The temporary set and those that fade, but for one of them; undefined when the set is none of these. */
function without(
  state: AssociationState,
  set: number,
): { temporary?: Life | undefined; fading: readonly Life[] } | undefined {
  const temporary = 'temporary' in state ? state.temporary : undefined;
  if (temporary?.set === set) return { fading: state.fading };
  const fading = state.fading.filter((life) => life.set !== set);
  return fading.length === state.fading.length ? undefined : { temporary, fading };
}

/** TS 24.229 §5.2.2.2: the longer of what it was and the registration just granted plus 30 s. */
function lasting(set: number, { registeredUntil }: Granted, previous?: Life): Life {
  return { set, endsAt: Math.max(previous?.endsAt ?? 0, registeredUntil + BEYOND_REGISTRATION_MS) };
}

/** The set in use by a handset that still keeps to the old one lives on with the registration too. */
function extend(
  state: Lasting,
  granted: Granted,
  context: AssociationContext,
): Step<AssociationState, AssociationEffect> {
  const current = lasting(state.current.set, granted, state.current);
  if (state.name === 'established') return next({ ...state, current }, state.fading, context, kept(current.set));
  const old = lasting(state.old.set, granted, state.old);
  return next({ ...state, current, old }, state.fading, context, kept(current.set, old.set));
}

/** The new set is taken into use. */
function switched(
  { current, old, temporary, fading }: Extract<AssociationState, { name: 'switching' }>,
  now: number,
  context: AssociationContext,
): Step<AssociationState, AssociationEffect> {
  const effects: AssociationEffect[] = [{ type: 'forget', set: old.set }];
  return next({ name: 'established', current, temporary }, drained(fading, old, now, context), context, effects);
}

function leave(
  state: Lasting,
  last: number,
  now: number,
  context: AssociationContext,
): Step<AssociationState, AssociationEffect> {
  const sets = [state.current, ...(state.name === 'switching' ? [state.old] : [])];
  const gone = state.temporary === undefined ? sets : [...sets, state.temporary];
  const fading = gone.reduce((lives, life) => faded(lives, life, now, context), state.fading);
  return next({ name: 'leaving', last }, fading, context, forgotten(sets));
}

/** The registration has ended and nobody said so. */
function expire(state: Lasting, context: AssociationContext): Step<AssociationState, AssociationEffect> {
  const sets = [state.current, ...(state.name === 'switching' ? [state.old] : [])];
  const effects = [...forgotten(sets), ...sets.map(({ set }) => ({ type: 'remove' as const, set }))];
  const { temporary } = state;
  const body: Body = temporary === undefined ? { name: 'leaving' } : { name: 'challenged', temporary };
  return next(body, state.fading, context, effects);
}

function fade(
  state: Exclude<AssociationState, { name: 'ended' }>,
  now: number,
  context: AssociationContext,
): Step<AssociationState, AssociationEffect> {
  const over = state.fading.filter(({ endsAt }) => endsAt <= now);
  const effects = over.map(({ set }) => ({ type: 'remove' as const, set }));
  return next(
    state,
    state.fading.filter(({ endsAt }) => endsAt > now),
    context,
    effects,
  );
}

function dropFading(
  state: AssociationState,
  dropped: number,
  context: AssociationContext,
): Step<AssociationState, AssociationEffect> {
  const fading = state.fading.filter(({ set }) => set !== dropped);
  if (fading.length === state.fading.length) return undefined;
  return next(state, fading, context, [{ type: 'remove', set: dropped }]);
}

function challengedBody(set: number, now: number): Body {
  return { name: 'challenged', temporary: { set, endsAt: now + TEMPORARY_MS } };
}

function kept(...sets: readonly number[]): AssociationEffect[] {
  return sets.map((set) => ({ type: 'keep', set }));
}

function forgotten(lives: readonly Life[]): AssociationEffect[] {
  return lives.map(({ set }) => ({ type: 'forget', set }));
}

/** The old set after the first use of the new one (TS 24.229 §5.2.2.2). */
function drained(fading: readonly Life[], { set, endsAt }: Life, now: number, { t1Ms }: AssociationContext): Life[] {
  return [...fading, { set, endsAt: Math.min(endsAt, now + 64 * t1Ms) }];
}

function faded(fading: readonly Life[], { set }: Life, now: number, { t1Ms }: AssociationContext): Life[] {
  return [...fading, { set, endsAt: now + fadeMs(t1Ms) }];
}

/** How long a set that nothing new begins in lives on. */
export function fadeMs(t1Ms: number): number {
  return Math.max(LEAST_FADE_MS, 64 * t1Ms);
}

function same(state: AssociationState): Step<AssociationState, AssociationEffect> {
  return { state };
}

/** The next state with its timers; leaving with nothing left to fade is the end. */
function next(
  body: Body,
  lives: readonly Life[],
  { t1Ms }: AssociationContext,
  effects: readonly AssociationEffect[] = [],
): Step<AssociationState, AssociationEffect> {
  const excess = lives.slice(0, Math.max(0, lives.length - MOST_FADING));
  const fading = lives.slice(excess.length);
  const over = body.name === 'leaving' && fading.length === 0;
  return {
    state: stateOf(over ? { name: 'ended' } : body, fading, t1Ms),
    effects: [...effects, ...excess.map(({ set }) => ({ type: 'remove' as const, set }))],
  };
}
