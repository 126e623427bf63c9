import type { Clock } from '../core/clock.ts';
import type { Logger } from '../core/logger.ts';
import { Queue } from '../core/queue.ts';
import type { Row, Table, TableDefinition } from './persistence.ts';
import { integerOf, octetsOf, optionalIntegerOf, optionalTextOf, textOf } from './row.ts';
import type { ShortMessage, Submission } from './short-message.ts';
import type { Subscriber, Subscribers } from './subscribers.ts';

/** Short messages in the state file. Their end is kept as a date: the clock starts anew with the process. */
export function shortMessageTable(clock: Clock): TableDefinition<ShortMessage> {
  return {
    name: 'short_message',
    key: 1,
    columns: {
      id: ({ id }) => id,
      impi: ({ subscriber }) => subscriber.impi,
      called: ({ called }) => called.text,
      tpdu: ({ tpdu }) => tpdu,
      taken_at: ({ takenAt }) => takenAt,
      expires_at: ({ expiresAt }) => Math.round(clock.wallNow() + expiresAt - clock.now()),
      single_shot: ({ singleShot }) => Number(singleShot),
      reference: ({ reference }) => reference ?? null,
      attempts: ({ attempts }) => attempts,
      sender: ({ submission }) => submission?.impi ?? null,
      sender_identity: ({ submission }) => submission?.identity ?? null,
      sender_reference: ({ submission }) => submission?.reference ?? null,
      destination: ({ submission }) => submission?.destination ?? null,
      report: ({ submission }) => Number(submission?.report ?? false),
      submission_key: ({ submission }) => submission?.key ?? null,
    },
  };
}

/** The reference a user's message had last: the next one gets another, so that a late RP-ACK is not taken for its own. */
export interface LastReference {
  readonly impi: string;
  readonly reference: number;
}

export const LAST_REFERENCES: TableDefinition<LastReference> = {
  name: 'sms_reference',
  key: 1,
  columns: { impi: ({ impi }) => impi, reference: ({ reference }) => reference },
};

export type NewMessage = Omit<ShortMessage, 'id' | 'reference' | 'attempts'>;

interface Tables {
  readonly messages: Table<ShortMessage>;
  readonly references: Table<LastReference>;
}

/** Messages that wait, in a queue for each recipient. */
export class ShortMessages {
  readonly #tables: Tables;
  readonly #queues = new Map<Subscriber, Queue<ShortMessage>>();
  readonly #removals = new Map<ShortMessage, () => void>();
  readonly #references = new Map<string, number>();
  #lastId = 0;

  constructor(tables: Tables) {
    this.#tables = tables;
  }

  get size(): number {
    return this.#removals.size;
  }

  add(message: NewMessage): ShortMessage {
    const added = { ...message, id: this.#lastId + 1, reference: undefined, attempts: 0 };
    this.#enqueue(added);
    this.keep(added);
    return added;
  }

  /** What of it changed survives a restart. */
  keep(message: ShortMessage): void {
    this.#tables.messages.put(message);
  }

  remove(message: ShortMessage): void {
    this.#removals.get(message)?.();
    this.#removals.delete(message);
    this.#tables.messages.delete(message);
    if (this.count(message.subscriber) === 0) this.#queues.delete(message.subscriber);
  }

  /** The message whose turn it is. */
  first(subscriber: Subscriber): ShortMessage | undefined {
    return this.#queues.get(subscriber)?.first;
  }

  of(subscriber: Subscriber): readonly ShortMessage[] {
    return [...(this.#queues.get(subscriber) ?? [])];
  }

  count(subscriber: Subscriber): number {
    return this.#queues.get(subscriber)?.size ?? 0;
  }

  recipients(): readonly Subscriber[] {
    return [...this.#queues.keys()];
  }

  /** An SM-RP-MR for a message of this user: each in turn, 0 after 255. One message of a user is under way at a time. */
  nextReference({ impi }: Subscriber): number {
    const reference = ((this.#references.get(impi) ?? -1) + 1) % 256;
    this.#references.set(impi, reference);
    this.#tables.references.put({ impi, reference });
    return reference;
  }

  /** Takes up what waited before a restart, in its order, but what was for users that are no more. */
  restore(subscribers: Subscribers, { clock, logger }: { readonly clock: Clock; readonly logger: Logger }): void {
    this.#tables.references.restore((row) => {
      this.#references.set(textOf(row, 'impi'), integerOf(row, 'reference') % 256);
      return true;
    });
    const restored: ShortMessage[] = [];
    this.#tables.messages.restore((row) => {
      const message = messageOf(row, subscribers, clock);
      if (message === undefined) {
        logger.warn(`${textOf(row, 'impi')} is not in ue_db any more: a short message for it is dropped`);
        return false;
      }
      restored.push(message);
      return true;
    });
    for (const message of restored.sort((a, b) => a.id - b.id)) this.#enqueue(message);
  }

  #enqueue(message: ShortMessage): void {
    let queue = this.#queues.get(message.subscriber);
    if (queue === undefined) {
      queue = new Queue();
      this.#queues.set(message.subscriber, queue);
    }
    this.#removals.set(message, queue.push(message));
    this.#lastId = message.id;
  }
}

/** Undefined when its recipient is gone. @throws MalformedError */
function messageOf(row: Row, subscribers: Subscribers, clock: Clock): ShortMessage | undefined {
  const subscriber = subscribers.byImpi(textOf(row, 'impi'));
  const text = textOf(row, 'called');
  const called = subscriber?.identities.find((one) => one.text === text) ?? subscriber?.identities[0];
  if (subscriber === undefined || called === undefined) return undefined;
  return {
    id: integerOf(row, 'id'),
    subscriber,
    called,
    tpdu: octetsOf(row, 'tpdu'),
    takenAt: integerOf(row, 'taken_at'),
    expiresAt: clock.now() + integerOf(row, 'expires_at') - clock.wallNow(),
    singleShot: integerOf(row, 'single_shot') !== 0,
    submission: submissionOf(row),
    reference: optionalIntegerOf(row, 'reference'),
    attempts: integerOf(row, 'attempts'),
  };
}

function submissionOf(row: Row): Submission | undefined {
  const impi = optionalTextOf(row, 'sender');
  if (impi === undefined) return undefined;
  return {
    impi,
    identity: textOf(row, 'sender_identity'),
    reference: integerOf(row, 'sender_reference'),
    destination: octetsOf(row, 'destination'),
    report: integerOf(row, 'report') !== 0,
    key: optionalTextOf(row, 'submission_key'),
  };
}
