import { type AnchoredMedia, anchor } from './anchor.ts';
import { printSdp, type SessionDescription } from './session-description.ts';

/**
 * Our o= line on one leg: the version rises by one when what we say differs from what we said last, and stays when it
 * is the same (RFC 3264 §8).
 */
export class SessionOrigin {
  readonly #id: string;
  readonly #address: string;
  #version: bigint;
  #said: string | undefined;

  /** @param id of the session, and its first version: decimal figures below 2^62 (RFC 3264 §5). */
  constructor(id: string, address: string) {
    this.#id = id;
    this.#version = BigInt(id);
    this.#address = address;
  }

  /** `anchor` with our o=. */
  anchor(description: SessionDescription, media: readonly (AnchoredMedia | undefined)[]): SessionDescription {
    const same = this.#anchored(description, media);
    if (this.#said === undefined || this.#said === text(same)) {
      this.#said = text(same);
      return same;
    }
    this.#version += 1n;
    const changed = this.#anchored(description, media);
    this.#said = text(changed);
    return changed;
  }

  #anchored(description: SessionDescription, media: readonly (AnchoredMedia | undefined)[]): SessionDescription {
    return anchor(description, media, { id: this.#id, version: `${this.#version}`, address: this.#address });
  }
}

function text(description: SessionDescription): string {
  return printSdp(description).toString('latin1');
}
