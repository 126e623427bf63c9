import { randomBytes } from 'node:crypto';

/** Randomness as an argument: the daemon uses `systemRandom`, tests a source of their own. */
export interface Random {
  bytes(length: number): Uint8Array;
}

/** The operating system's generator, drawn in blocks because small draws cost as much as large ones. */
export function systemRandom(): Random {
  let block: Uint8Array = new Uint8Array(0);
  let used = 0;
  return {
    bytes(length) {
      if (used + length > block.length) {
        // Copied out of Node's Buffer, whose slice() would share its memory.
        block = new Uint8Array(randomBytes(Math.max(4096, length)));
        used = 0;
      }
      used += length;
      return block.slice(used - length, used);
    },
  };
}

/** `length` random octets in lower-case hexadecimal: tags, branches, Call-IDs. */
export function randomHex(random: Random, length: number): string {
  const { buffer, byteOffset } = random.bytes(length);
  return Buffer.from(buffer, byteOffset, length).toString('hex');
}

/** A uniform integer in [0, limit). @throws RangeError unless limit is an integer of 1..2^32. */
export function randomBelow(random: Random, limit: number): number {
  if (!Number.isInteger(limit) || limit < 1 || limit > 2 ** 32) throw new RangeError(`no integer below ${limit}`);
  const cut = 2 ** 32 - (2 ** 32 % limit);
  for (;;) {
    const drawn = Buffer.from(random.bytes(4)).readUInt32BE(0);
    if (drawn < cut) return drawn % limit;
  }
}
