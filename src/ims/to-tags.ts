import { hash } from 'node:crypto';
import { type Random, randomHex } from '../core/random.ts';
import { CALL_ID } from '../sip/message/header-types.ts';
import type { Request } from '../sip/message/message.ts';

/**
 * To tags of responses outside dialogs. Handsets are tested with one tag in the 401 and the 200 of a registration
 * (TS 34.229-1 A.1.3), so the tag follows from the Call-ID and a secret of this process: nothing needs remembering.
 */
export class ToTags {
  readonly #secret: string;

  constructor(random: Random) {
    this.#secret = randomHex(random, 16);
  }

  of({ headers }: Request): string {
    return hash('md5', `${this.#secret}${headers.raw(CALL_ID.name)}`, 'hex').slice(0, 16);
  }
}
