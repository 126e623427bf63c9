/**
 * Symmetric RTP (RFC 4961, RFC 7362): a peer behind an address translator does not know the address its packets come
 * from, so the source of its first packet is where we send back to. That must be an address the description names or
 * the peer signals from, else anybody could take the media (RFC 7362 §5). Who may take the place is ranked by how well
 * the source fits, and whoever has it keeps it from equals until the stream has fallen silent.
 */
import { type Endpoint, sameEndpoint } from '../core/endpoint.ts';
import { isOfPeer } from './peer-address.ts';

/** How well a source fits what the description names; a higher rank takes the place of a lower one at once. */
const RANK = { none: 0, signalling: 1, sameAddress: 2, expected: 3 } as const;
type Rank = (typeof RANK)[keyof typeof RANK];

export interface LatchOptions {
  /** Milliseconds: a latched source that sends nothing for longer may be replaced by any other that fits. */
  readonly silentAfterMs: number;
  /** The address the peer signals from: behind an address translator its media has it too, whatever it describes. */
  readonly peer: string;
  /** Whether a source is a socket of our own: were it let in, packets could go round for ever. */
  readonly isOwn: (from: Endpoint) => boolean;
}

export class Latch {
  readonly #options: LatchOptions;
  readonly #onLatched: (from: Endpoint) => void;
  #expected: Endpoint | undefined;
  #latched: Endpoint | undefined;
  #rank: Rank = RANK.none;
  #lastAt = 0;

  /** @param onLatched told of each new source. */
  constructor(options: LatchOptions, onLatched: (from: Endpoint) => void) {
    this.#options = options;
    this.#onLatched = onLatched;
  }

  /** Where to send: to the source that latched, before that to where the description says. */
  get target(): Endpoint | undefined {
    return this.#latched ?? this.#expected;
  }

  /** What the description says; another one than before makes the stream open to a new source. */
  expect(expected: Endpoint | undefined): void {
    const same = expected === undefined ? this.#expected === undefined : isAt(this.#expected, expected);
    if (same) return;
    this.#expected = expected;
    // What came early is kept when it is what the description then names.
    if (expected !== undefined && isAt(this.#latched, expected)) {
      this.#rank = RANK.expected;
      return;
    }
    this.#latched = undefined;
    this.#rank = RANK.none;
  }

  /** Whether a packet that came `from` there at `now` (clock milliseconds) belongs to the stream. */
  accepts(from: Endpoint, now: number): boolean {
    const latched = this.#latched;
    // Two comparisons for nearly every packet: this is the relay's inner loop.
    if (latched !== undefined && from.port === latched.port && from.address === latched.address) {
      this.#lastAt = now;
      return true;
    }
    const rank = this.#rankOf(from);
    if (rank === RANK.none || this.#options.isOwn(from)) return false;
    if (rank <= this.#rank && now - this.#lastAt <= this.#options.silentAfterMs) return false;
    this.#latched = { address: from.address, port: from.port };
    this.#rank = rank;
    this.#lastAt = now;
    this.#onLatched(this.#latched);
    return true;
  }

  #rankOf(from: Endpoint): Rank {
    if (isAt(this.#expected, from)) return RANK.expected;
    if (this.#expected?.address === from.address) return RANK.sameAddress;
    return isOfPeer(from.address, this.#options.peer) ? RANK.signalling : RANK.none;
  }
}

function isAt(a: Endpoint | undefined, b: Endpoint): boolean {
  return a !== undefined && sameEndpoint(a, b);
}
