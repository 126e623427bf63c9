import type { B2bua } from './call/b2bua.ts';
import type { BindingRow, UserRow } from './control/actions.ts';
import type { Clock } from './core/clock.ts';
import { printEndpoint } from './core/endpoint.ts';
import { readableText } from './sip/message/message.ts';
import { printUri } from './sip/message/uri.ts';
import type { Binding, Registrations } from './store/registrations.ts';
import type { ShortMessages } from './store/short-messages.ts';
import type { Subscribers } from './store/subscribers.ts';

/** The users as commands show them. */
export function userRows(
  subscribers: Subscribers,
  registrations: Registrations,
  b2bua: B2bua,
  messages: ShortMessages,
  clock: Clock,
): readonly UserRow[] {
  return [...subscribers.all()].map((subscriber) => {
    const bindings = registrations.of(subscriber);
    return {
      impi: subscriber.impi,
      impus: subscriber.identities.map(({ text }) => readableText(text)),
      state: bindings.length > 0 ? 'registered' : 'unregistered',
      bindings: bindings.map((binding) => bindingRow(binding, clock)),
      dialogs: b2bua.callsOf(subscriber).length,
      sms: messages.count(subscriber),
    };
  });
}

function bindingRow(binding: Binding, clock: Clock): BindingRow {
  const device = binding.instance ?? binding.userAgent;
  return {
    id: binding.id,
    contact: readableText(printUri(binding.contact.uri)),
    q: binding.q,
    expiresInS: Math.max(0, Math.round((binding.expiresAt - clock.now()) / 1000)),
    transport: binding.flow.transport,
    remote: printEndpoint(binding.flow.remote),
    ...(device !== undefined && { device: readableText(device) }),
    ipsec: binding.flow.protected !== undefined,
  };
}
