/** The states of a handset's sets of security associations (the machine is in association.ts), and what is read from them. */
import type { TimerEvent } from '../core/machine.ts';

/** A set by its number, and the instant it ends at. */
export interface Life {
  readonly set: number;
  readonly endsAt: number;
}

interface Challenged {
  readonly name: 'challenged';
  readonly temporary: Life;
}

interface Established {
  readonly name: 'established';
  readonly current: Life;
  readonly temporary?: Life | undefined;
}

/** The handset has authenticated in `current` and was not seen to use it since: requests to it still go in `old`. */
interface Switching {
  readonly name: 'switching';
  readonly current: Life;
  readonly old: Life;
  readonly temporary?: Life | undefined;
}

interface Leaving {
  readonly name: 'leaving';
  /** In which set requests reach the handset while it lasts: the NOTIFY that tells it. */
  readonly last?: number | undefined;
}

interface Ended {
  readonly name: 'ended';
}

type Timer = 'temporary' | 'current' | 'switch' | 'fade';

/** A state without what all have. */
export type Body = Challenged | Established | Switching | Leaving | Ended;

interface Common {
  /** Sets that only finish what is under way in them. */
  readonly fading: readonly Life[];
  readonly timers: { readonly [T in Timer]?: number | undefined };
}

type WithCommon<B> = B extends unknown ? B & Common : never;
export type AssociationState = WithCommon<Body>;

export type AssociationEvent =
  | TimerEvent<Timer>
  /** A 401 with a new set is about to be sent. */
  | { readonly type: 'challenged'; readonly set: number }
  /** The handset has answered the challenge in this set; `registeredUntil` is when its registration ends. */
  | { readonly type: 'authenticated'; readonly set: number; readonly registeredUntil: number }
  /** A registration refreshed without a challenge. */
  | { readonly type: 'extended'; readonly registeredUntil: number }
  /** The attempt of this temporary set has failed. */
  | { readonly type: 'refused'; readonly set: number }
  /** A message came in this set. */
  | { readonly type: 'used'; readonly set: number }
  /** Deregistered, expired or replaced. */
  | { readonly type: 'left' }
  /** A set that is not authenticated has to make room at once. */
  | { readonly type: 'dropped'; readonly set: number };

/** `keep` and `forget` are for the state file, which holds the current and the old set. */
export type AssociationEffect = { readonly type: 'remove' | 'keep' | 'forget'; readonly set: number };

export interface AssociationContext {
  readonly t1Ms: number;
}

/** The state with its timers. */
export function stateOf(body: Body, fading: readonly Life[], t1Ms: number): AssociationState {
  let first: number | undefined;
  for (const { endsAt } of fading) first = Math.min(first ?? endsAt, endsAt);
  const timers = {
    temporary: 'temporary' in body ? body.temporary?.endsAt : undefined,
    current: 'current' in body ? body.current.endsAt : undefined,
    switch: body.name === 'switching' ? body.old.endsAt - 64 * t1Ms : undefined,
    fade: first,
  };
  return { ...body, fading, timers };
}

/** What a set is to its handset. */
export type SetRole = 'temporary' | 'current' | 'old' | 'fading';

/** In which set requests reach the handset now; none before it has authenticated. */
export function requestSet(state: AssociationState): number | undefined {
  switch (state.name) {
    case 'established':
      return state.current.set;
    case 'switching':
      return state.old.set;
    case 'leaving':
      return state.fading.some(({ set }) => set === state.last) ? state.last : undefined;
    case 'challenged':
    case 'ended':
      return undefined;
  }
}

/** The part a set plays and when it ends; undefined when it is not one of these. */
export function roleOf(state: AssociationState, set: number): { role: SetRole; endsAt: number } | undefined {
  const lives: [SetRole, Life | undefined][] = [
    ['temporary', 'temporary' in state ? state.temporary : undefined],
    ['current', 'current' in state ? state.current : undefined],
    ['old', state.name === 'switching' ? state.old : undefined],
    ...state.fading.map((life): [SetRole, Life] => ['fading', life]),
  ];
  for (const [role, life] of lives) if (life?.set === set) return { role, endsAt: life.endsAt };
  return undefined;
}
