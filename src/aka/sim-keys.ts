import type { SimAlgorithm } from './algorithm.ts';
import { Milenage, type MilenageKeys } from './milenage.ts';
import { Tuak, type TuakKeys } from './tuak.ts';
import { Xor, type XorKeys } from './xor.ts';

/** What a card and its home network share. */
export type SimKeys = XorKeys | MilenageKeys | TuakKeys;

/** Costs some microseconds: made when a subscriber is challenged. @throws MalformedError naming the key that is wrong. */
export function simAlgorithm(keys: SimKeys): SimAlgorithm {
  switch (keys.algo) {
    case 'xor':
      return new Xor(keys);
    case 'milenage':
      return new Milenage(keys);
    case 'tuak':
      return new Tuak(keys);
  }
}
