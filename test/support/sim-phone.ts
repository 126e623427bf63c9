import type { SimKeys } from '../../src/aka/sim-keys.ts';
import { Usim } from '../../src/aka/usim.ts';
import { akaPassword, parseAkaNonce, printAuts } from '../../src/sip/message/aka-digest.ts';
import { digestResponse } from '../../src/sip/message/digest.ts';
import type { Response } from '../../src/sip/message/message.ts';
import { challengeOf } from './phone.ts';

/** The Authorization line with which a card answers the challenge of a 401 (TS 24.229 §5.1.1.5). */
export function cardAnswer(card: Usim, username: string, challenged: Response, uri = 'sip:ims.test'): string {
  const { realm, nonce, algorithm = '', opaque } = challengeOf(challenged);
  const { rand, autn } = parseAkaNonce(nonce);
  const answer = card.authenticate(rand, autn);
  const common = `Authorization: Digest username="${username}", realm="${realm}", nonce="${nonce}", uri="${uri}", algorithm=${algorithm}, opaque="${opaque}"`;
  if (answer.kind === 'mac-failure') return `${common}, response=""`;
  const password =
    answer.kind === 'success'
      ? akaPassword(algorithm === 'AKAv2-MD5' ? 'AKAv2-MD5' : 'AKAv1-MD5', answer)
      : new Uint8Array(0);
  const input = { username, realm, password, method: 'REGISTER', uri, nonce, qop: 'auth', nc: '00000001', cnonce: 'c' };
  const auts = answer.kind === 'sync-failure' ? `, auts="${printAuts(answer.auts)}"` : '';
  return `${common}, response="${digestResponse(input)}", qop=auth, nc=00000001, cnonce="c"${auts}`;
}

export function newCard(keys: SimKeys, sqn = 0): Usim {
  return new Usim(keys, sqn);
}
