import { MalformedError } from '../core/errors.ts';
import { isSip, isTel, parseUri, unescapeUri } from '../sip/message/uri.ts';
import { addressText, type TpAddress, tpAddress } from '../sms/address.ts';
import { isNumberKey } from '../store/identity.ts';
import type { Identity, IdentityOwner, Subscriber, Subscribers } from '../store/subscribers.ts';

/** The user a TP-DA names, by number or by name. */
export function ownerOf(address: TpAddress, subscribers: Subscribers): IdentityOwner | undefined {
  const text = addressText(address);
  try {
    return subscribers.owners(parseUri(address.type === 'alphanumeric' ? `sip:${text}@x` : `tel:${text}`))[0];
  } catch (error) {
    if (error instanceof MalformedError) return undefined;
    throw error;
  }
}

/** TP-OA of what a user sends: its msisdn, else a number of its, else its name. */
export function originatorOf(subscriber: Subscriber, identity: Identity | undefined): TpAddress {
  const { msisdn, identities } = subscriber;
  if (msisdn !== undefined) return tpAddress(msisdn.startsWith('+') ? msisdn : `+${msisdn}`);
  const own = identity === undefined ? identities : [identity, ...identities];
  const [first] = own;
  const numbered =
    own.find(({ uri, key }) => isTel(uri) && isNumberKey(key)) ?? own.find(({ key }) => isNumberKey(key));
  return tpAddress(numbered === undefined ? (first?.key ?? '') : numberOf(numbered));
}

/** With its plus, where it has one. */
function numberOf({ uri, key }: Identity): string {
  const written = isTel(uri) ? uri.number : isSip(uri) ? unescapeUri(uri.user ?? '') : '';
  return written.startsWith('+') ? `+${key}` : key;
}
