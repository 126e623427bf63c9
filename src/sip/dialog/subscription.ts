import type { MachineDefinition, Step, TimerEvent } from '../../core/machine.ts';

/**
 * A subscription at the notifier (RFC 6665 §4.2), one NOTIFY under way at a time:
 *
 *     active --subscribe--> active (NOTIFY)        active --change--> active (NOTIFY, or after the present one)
 *     active --expiry, end--> ending (last NOTIFY) ending --answered--> terminated
 *     any    --NOTIFY refused or unanswered--> terminated
 */
export type SubscriptionState =
  | {
      readonly name: 'active';
      readonly timers: { readonly expiry: number };
      /** A NOTIFY awaits its response. */
      readonly notifying: boolean;
      /** Something happened meanwhile that a further NOTIFY has to tell. */
      readonly changed: boolean;
    }
  | { readonly name: 'ending'; readonly reason: TerminationReason; readonly last: boolean }
  | { readonly name: 'terminated' };

/** RFC 6665 §4.1.3. */
export const TERMINATION_REASONS = ['deactivated', 'rejected', 'timeout', 'noresource'] as const;
export type TerminationReason = (typeof TERMINATION_REASONS)[number];

export type SubscriptionEvent =
  | TimerEvent<'expiry'>
  /** SUBSCRIBE, the first or a refresh. */
  | { readonly type: 'subscribe'; readonly expiresAt: number }
  | { readonly type: 'change' }
  | { readonly type: 'end'; readonly reason: TerminationReason }
  | { readonly type: 'notifyAnswered' }
  | { readonly type: 'notifyFailed' };

export type SubscriptionEffect = {
  readonly type: 'notify';
  /** Undefined while the subscription is active. */
  readonly terminated: TerminationReason | undefined;
};

type Active = Extract<SubscriptionState, { name: 'active' }>;
type Next = Step<SubscriptionState, SubscriptionEffect>;

export const SUBSCRIPTION_MACHINE: MachineDefinition<
  SubscriptionState,
  SubscriptionEvent,
  SubscriptionEffect,
  undefined
> = {
  name: 'subscription',
  final: ['terminated'],
  handlers: {
    active(state, event, now) {
      switch (event.type) {
        case 'subscribe':
          if (event.expiresAt <= now) return end(state, 'timeout');
          return notify({ ...state, timers: { expiry: event.expiresAt } });
        case 'change':
          return notify(state);
        case 'end':
          return end(state, event.reason);
        case 'timer':
          return end(state, 'timeout');
        case 'notifyAnswered':
          return state.changed ? notify({ ...state, notifying: false }) : { state: { ...state, notifying: false } };
        case 'notifyFailed':
          return { state: { name: 'terminated' } };
      }
    },
    ending(state, event) {
      switch (event.type) {
        case 'notifyAnswered':
          // The answer to the NOTIFY before the last one lets the last one go.
          return state.last ? { state: { name: 'terminated' } } : lastNotify(state.reason);
        case 'notifyFailed':
          return { state: { name: 'terminated' } };
        case 'change':
        case 'end':
          return { state };
        case 'subscribe':
        case 'timer':
          return undefined;
      }
    },
    terminated: () => undefined,
  },
};

function notify(state: Active): Next {
  if (state.notifying) return { state: { ...state, changed: true } };
  return {
    state: { ...state, notifying: true, changed: false },
    effects: [{ type: 'notify', terminated: undefined }],
  };
}

function end(state: Active, reason: TerminationReason): Next {
  return state.notifying ? { state: { name: 'ending', reason, last: false } } : lastNotify(reason);
}

function lastNotify(reason: TerminationReason): Next {
  return {
    state: { name: 'ending', reason, last: true },
    effects: [{ type: 'notify', terminated: reason }],
  };
}
