import type { Clock } from '../core/clock.ts';
import { MalformedError } from '../core/errors.ts';
import type { Logger } from '../core/logger.ts';
import { parseNameAddr, printNameAddr } from '../sip/message/header-types.ts';
import { FLOW_COLUMNS, flowOf } from './flow-columns.ts';
import type { Row, Table, TableDefinition } from './persistence.ts';
import { type Binding, CONTACT_EVENTS, type Features, type Registrations } from './registrations.ts';
import { integerOf, numberOf, optionalTextOf, textOf, textsOf, wordOf } from './row.ts';
import type { Subscribers } from './subscribers.ts';

/** Bindings in the state file. Their end is kept as a date: the clock starts anew with the process. */
export function bindingTable(clock: Clock): TableDefinition<Binding> {
  return {
    name: 'binding',
    key: 2,
    columns: {
      impi: ({ subscriber }) => subscriber.impi,
      id: ({ id }) => id,
      contact: ({ contact }) => printNameAddr(contact),
      instance: ({ instance }) => instance ?? null,
      q: ({ q }) => q,
      identity: ({ identity }) => identity.text,
      call_id: ({ callId }) => callId,
      cseq: ({ cseq }) => cseq,
      expires_at: ({ expiresAt }) => Math.round(clock.wallNow() + expiresAt - clock.now()),
      registered_at: ({ registeredAt }) => registeredAt,
      event: ({ event }) => event,
      path: ({ path }) => JSON.stringify(path),
      user_agent: ({ userAgent }) => userAgent ?? null,
      features: ({ features }) => JSON.stringify(FEATURES.filter((name) => features[name])),
      ...FLOW_COLUMNS,
    },
  };
}

const FEATURES = ['video', 'sms', 'mmtel'] as const satisfies readonly (keyof Features)[];

/** Ten days, the longest that is granted: a PC whose clock went back would keep a binding for years. */
const LONGEST_MS = 864_000_000;

/** Fills the registrations with those of users there still are; the overdue ones among them are the registrar's to end. */
export function restoreBindings(
  table: Table<Binding>,
  registrations: Registrations,
  subscribers: Subscribers,
  { clock, logger }: { readonly clock: Clock; readonly logger: Logger },
): void {
  table.restore((row) => {
    const binding = bindingOf(row, subscribers, clock);
    if (binding === undefined) {
      logger.warn(
        `${textOf(row, 'identity')} of ${textOf(row, 'impi')} is not in ue_db any more: its registration ends`,
      );
      return false;
    }
    registrations.restore(binding);
    return true;
  });
}

/** Undefined when its user or identity is gone. @throws MalformedError */
function bindingOf(row: Row, subscribers: Subscribers, clock: Clock): Binding | undefined {
  const subscriber = subscribers.byImpi(textOf(row, 'impi'));
  const text = textOf(row, 'identity');
  const identity = [...(subscriber?.identities ?? []), ...(subscriber?.outside?.barred ?? [])].find(
    (one) => one.text === text,
  );
  if (subscriber === undefined || identity === undefined) return undefined;
  const features = textsOf(row, 'features');
  const q = numberOf(row, 'q');
  if (!(q >= 0 && q <= 1)) throw new MalformedError(`column q holds ${q}`);
  return {
    id: textOf(row, 'id'),
    subscriber,
    contact: parseNameAddr(textOf(row, 'contact')),
    instance: optionalTextOf(row, 'instance'),
    q,
    identity,
    callId: textOf(row, 'call_id'),
    cseq: integerOf(row, 'cseq'),
    expiresAt: clock.now() + Math.min(integerOf(row, 'expires_at') - clock.wallNow(), LONGEST_MS),
    registeredAt: integerOf(row, 'registered_at'),
    event: wordOf(row, 'event', CONTACT_EVENTS),
    flow: flowOf(row),
    path: textsOf(row, 'path'),
    userAgent: optionalTextOf(row, 'user_agent'),
    features: {
      video: features.includes('video'),
      sms: features.includes('sms'),
      mmtel: features.includes('mmtel'),
    },
  };
}
