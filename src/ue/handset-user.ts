/** A user of a configuration file as a handset: the other end of what the server knows of it. */

import { readSqn } from '../aka/sequence.ts';
import type { UserSettings } from '../config/settings/user.ts';
import { simKeysOf } from '../config/sim-keys.ts';
import type { Secrets } from './challenge-answer.ts';
import type { HandsetOptions } from './options.ts';

/**
 * Who the handset of this user is.
 * @param topDomain of users that have no domain of their own.
 */
export function identityOfUser(
  user: UserSettings,
  topDomain: string,
): Pick<HandsetOptions, 'impi' | 'impu' | 'domain' | 'secrets'> {
  const domain = user.domain ?? topDomain;
  return { impi: user.impi, impu: impuOf(user, domain), domain, secrets: secretsOf(user) };
}

/** A SIP URI of the user's; the one that follows from the IMSI when none is written (TS 23.003 §13.4B). */
function impuOf({ impi, impu, imsi }: UserSettings, domain: string): string {
  const texts = impu.map((one) => one.impu);
  const sip = texts.find((text) => /^sips?:/.test(text));
  if (sip !== undefined) return sip.includes('@') ? sip : `${sip}@${domain}`;
  if (imsi !== undefined) return `sip:${imsi}@${domain}`;
  const tel = texts.find((text) => text.startsWith('tel:'));
  if (tel !== undefined) return `sip:${tel.slice('tel:'.length)}@${domain};user=phone`;
  return `sip:${impi.includes('@') ? impi : `${impi}@${domain}`}`;
}

function secretsOf(user: UserSettings): Secrets {
  const sim = simKeysOf(user);
  return {
    ...(user.pwd !== undefined && { password: user.pwd }),
    ...(sim !== undefined && { sim, sqn: readSqn(user.sqn) }),
  };
}
