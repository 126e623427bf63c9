import type { MachineDefinition, Step, TimerEvent } from '../core/machine.ts';

/**
 * The life of one contact (RFC 3680 §3.4.2), a machine whose owner keeps the binding:
 *
 *     init --bind--> active --bind (refresh)--> active
 *                       |--bind with an earlier end by the network--> active (shortened)
 *                       |--expiry--> terminated (expired)
 *                       |--remove--> terminated (unregistered | deactivated | rejected)
 */
export type ContactState =
  | { readonly name: 'init' }
  | { readonly name: 'active'; readonly timers: { readonly expiry: number } }
  | { readonly name: 'terminated' };

export type ContactMachineEvent =
  | TimerEvent<'expiry'>
  | { readonly type: 'bind'; readonly expiresAt: number }
  | { readonly type: 'remove' };

/** `expired`: take the binding out. */
export type ContactEffect = { readonly type: 'expired' };

export const CONTACT_MACHINE: MachineDefinition<ContactState, ContactMachineEvent, ContactEffect, undefined> = {
  name: 'contact',
  final: ['terminated'],
  handlers: {
    init: (_state, event) => (event.type === 'bind' ? bound(event.expiresAt) : undefined),
    active: (_state, event) => {
      switch (event.type) {
        case 'bind':
          return bound(event.expiresAt);
        case 'timer':
          return { state: { name: 'terminated' }, effects: [{ type: 'expired' }] };
        case 'remove':
          return { state: { name: 'terminated' } };
      }
    },
    terminated: () => undefined,
  },
};

function bound(expiresAt: number): Step<ContactState, ContactEffect> {
  return { state: { name: 'active', timers: { expiry: expiresAt } } };
}
