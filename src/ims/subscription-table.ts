import type { Clock } from '../core/clock.ts';
import type { DialogState } from '../sip/dialog/dialog.ts';
import { TERMINATION_REASONS, type TerminationReason } from '../sip/dialog/subscription.ts';
import { type NameAddr, parseNameAddr, printNameAddr } from '../sip/message/header-types.ts';
import { FLOW_COLUMNS, flowOf } from '../store/flow-columns.ts';
import type { Row, TableDefinition } from '../store/persistence.ts';
import { integerOf, optionalIntegerOf, optionalTextOf, textOf, textsOf, wordOf } from '../store/row.ts';

/** A subscription to the registration event as plain data. */
export interface SubscriptionRecord {
  readonly impi: string;
  readonly dialog: DialogState;
  /** Instant of the clock. */
  readonly expiresAt: number;
  /** Seconds granted at first, which a refresh may not exceed. */
  readonly granted: number;
  /** Parameter `id` of Event. */
  readonly eventId: string | undefined;
  /** Version of the next NOTIFY. */
  readonly version: number;
  /** Whether something happened that no answered NOTIFY has told. */
  readonly untold: boolean;
  /** Why it ends, while its last NOTIFY is under way. */
  readonly ending: TerminationReason | undefined;
}

export function subscriptionTable(clock: Clock): TableDefinition<SubscriptionRecord> {
  const flowColumns = Object.entries(FLOW_COLUMNS).map(
    ([name, column]) => [name, ({ dialog }: SubscriptionRecord) => column(dialog)] as const,
  );
  return {
    name: 'subscription',
    key: 2,
    columns: {
      call_id: ({ dialog }) => dialog.callId,
      local_party: ({ dialog }) => printNameAddr(dialog.local),
      impi: ({ impi }) => impi,
      remote_party: ({ dialog }) => printNameAddr(dialog.remote),
      routes: ({ dialog }) => JSON.stringify(dialog.routeSet.map(printNameAddr)),
      target: ({ dialog }) => dialog.remoteTarget,
      local_cseq: ({ dialog }) => dialog.localSequence,
      remote_cseq: ({ dialog }) => dialog.remoteSequence ?? null,
      expires_at: ({ expiresAt }) => Math.round(clock.wallNow() + expiresAt - clock.now()),
      granted: ({ granted }) => granted,
      event_id: ({ eventId }) => eventId ?? null,
      version: ({ version }) => version,
      untold: ({ untold }) => Number(untold),
      ending: ({ ending }) => ending ?? null,
      ...Object.fromEntries(flowColumns),
    },
  };
}

/** @throws MalformedError */
export function readSubscription(row: Row, clock: Clock): SubscriptionRecord {
  return {
    impi: textOf(row, 'impi'),
    dialog: {
      callId: textOf(row, 'call_id'),
      local: partyOf(row, 'local_party'),
      remote: partyOf(row, 'remote_party'),
      routeSet: textsOf(row, 'routes').map(parseNameAddr),
      remoteTarget: textOf(row, 'target'),
      localSequence: integerOf(row, 'local_cseq'),
      remoteSequence: optionalIntegerOf(row, 'remote_cseq'),
      flow: flowOf(row),
    },
    expiresAt: clock.now() + integerOf(row, 'expires_at') - clock.wallNow(),
    granted: integerOf(row, 'granted'),
    eventId: optionalTextOf(row, 'event_id'),
    version: integerOf(row, 'version'),
    untold: integerOf(row, 'untold') !== 0,
    ending: row.ending === null ? undefined : wordOf(row, 'ending', TERMINATION_REASONS),
  };
}

function partyOf(row: Row, column: string): NameAddr {
  return parseNameAddr(textOf(row, column));
}
