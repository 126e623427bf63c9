import { MalformedError } from './errors.ts';

/** Reads a binary message from its start; everything that is not there is a MalformedError with its offset. */
export class OctetReader {
  readonly #octets: Uint8Array;
  #offset = 0;

  constructor(octets: Uint8Array) {
    // Node's Buffer has a `slice` of its own that copies nothing.
    this.#octets = new Uint8Array(octets.buffer, octets.byteOffset, octets.length);
  }

  get offset(): number {
    return this.#offset;
  }

  /** Octets not read yet. */
  get left(): number {
    return this.#octets.length - this.#offset;
  }

  octet(what: string): number {
    const octet = this.#octets[this.#offset];
    if (octet === undefined) throw new MalformedError(`${what} is missing`, this.#offset);
    this.#offset++;
    return octet;
  }

  /** A view, not a copy. */
  octets(length: number, what: string): Uint8Array {
    if (this.left < length) {
      throw new MalformedError(`${what}: ${length} octets expected, ${this.left} are left`, this.#offset);
    }
    this.#offset += length;
    return this.#octets.subarray(this.#offset - length, this.#offset);
  }

  /** As many octets as the one before them says. */
  counted(what: string): Uint8Array {
    return this.octets(this.octet(`length of ${what}`), what);
  }
}
