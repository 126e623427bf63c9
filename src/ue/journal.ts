import type { Tap, TapRecord } from '../core/tap.ts';
import { CSEQ } from '../sip/message/header-types.ts';
import { isRequest, type Message, type Request, type Response, startLine } from '../sip/message/message.ts';
import type { Patience } from './patience.ts';

/** One message that crossed a handset's sockets, retransmissions included. */
export interface JournalEntry extends Pick<TapRecord, 'dir' | 'transport' | 'local' | 'remote' | 'octets'> {
  readonly message: Message;
}

type Wanted = (message: Message) => boolean;

interface Waiter {
  readonly wanted: Wanted;
  readonly resolve: (message: Message) => void;
}

/** Entries kept; the oldest go, so that a handset may run for weeks. */
const MOST_ENTRIES = 5_000;

/** What a handset sent and received, in its order, and a place to wait for the next message. */
export class Journal implements Tap {
  readonly active = true;
  /** Told of each entry as it is written. */
  onEntry: ((entry: JournalEntry) => void) | undefined;
  readonly #patience: Patience;
  readonly #onward: Tap;
  #entries: JournalEntry[] = [];
  /** Received and not yet asked for. */
  #untaken: Message[] = [];
  #waiters: Waiter[] = [];

  /** @param onward a tap that is told of everything too. */
  constructor(patience: Patience, onward: Tap) {
    this.#patience = patience;
    this.#onward = onward;
  }

  get entries(): readonly JournalEntry[] {
    return this.#entries;
  }

  get received(): readonly Message[] {
    return this.#entries.filter(({ dir }) => dir === 'FROM').map(({ message }) => message);
  }

  get sent(): readonly Message[] {
    return this.#entries.filter(({ dir }) => dir === 'TO').map(({ message }) => message);
  }

  message(record: TapRecord): void {
    if (this.#onward.active) this.#onward.message(record);
    const entry = record as JournalEntry;
    this.#entries.push(entry);
    if (this.#entries.length > MOST_ENTRIES) this.#entries = this.#entries.slice(MOST_ENTRIES / 2);
    if (entry.dir === 'FROM') this.#arrived(entry.message);
    this.onEntry?.(entry);
  }

  /**
   * The oldest received message that fits and that no earlier `expect` gave, or the first one to come. Rejects when none
   * comes in time, saying what came instead.
   */
  expect(wanted: Wanted, name = 'the expected message'): Promise<Message> {
    const at = this.#untaken.findIndex(wanted);
    const [found] = at < 0 ? [] : this.#untaken.splice(at, 1);
    if (found !== undefined) return Promise.resolve(found);
    let waiter: Waiter | undefined;
    const next = new Promise<Message>((resolve) => {
      waiter = { wanted, resolve };
      this.#waiters.push(waiter);
    });
    return this.#patience.within(next, () => {
      this.#waiters = this.#waiters.filter((one) => one !== waiter);
      const others = this.#untaken.map(describe).join(', ');
      return `${name} did not come; ${others === '' ? 'nothing came' : `came instead: ${others}`}`;
    });
  }

  async expectRequest(method: string, wanted: (request: Request) => boolean = () => true): Promise<Request> {
    const fits: Wanted = (message) => isRequest(message) && message.method === method && wanted(message);
    return (await this.expect(fits, `a request ${method}`)) as Request;
  }

  /** @param method of the request that is answered. */
  async expectResponse(status: number, method: string): Promise<Response> {
    const fits: Wanted = (message) =>
      !isRequest(message) && message.status === status && message.headers.tryGet(CSEQ)?.method === method;
    return (await this.expect(fits, `a ${status} to ${method}`)) as Response;
  }

  /** What came so far is not given by a later `expect`. */
  forget(): void {
    this.#untaken = [];
  }

  #arrived(message: Message): void {
    const waiter = this.#waiters.find(({ wanted }) => wanted(message));
    if (waiter === undefined) {
      this.#untaken.push(message);
      if (this.#untaken.length > MOST_ENTRIES) this.#untaken = this.#untaken.slice(MOST_ENTRIES / 2);
      return;
    }
    this.#waiters = this.#waiters.filter((one) => one !== waiter);
    waiter.resolve(message);
  }
}

function describe(message: Message): string {
  if (isRequest(message)) return startLine(message);
  return `${message.status} ${message.reason} to ${message.headers.tryGet(CSEQ)?.method ?? 'something'}`;
}
