import { dialled, isSip, isTel, parseUri, printUri, type Uri, unescapeUri } from '../sip/message/uri.ts';

/**
 * Public user identities and the numbers people dial, under one key: visual separators, `+`, `;phone-context`,
 * `user=phone` and the choice of `sip:` or `tel:` make no difference, and the host part is not looked at.
 */
export function identityKey(uri: Uri): string {
  if (isTel(uri)) return numberKey(uri.number);
  if (!isSip(uri)) return printUri(uri).toLowerCase();
  // Phones write sip:2723;phone-context=ims.example@ims.example;user=phone: the user part holds tel parameters.
  const user = unescapeUri(uri.user ?? '').split(';', 1)[0] ?? '';
  return isNumber(user) ? numberKey(user) : user;
}

function isNumber(text: string): boolean {
  return /^\+?[0-9*#][0-9*#().\- ]*$/.test(text);
}

function numberKey(number: string): string {
  return dialled(number).replace(/^\+/, '');
}

/** Whether an identity is written as a telephone number. */
export function isNumberKey(key: string): boolean {
  return isNumber(key);
}

/**
 * The full URI of a public identity as configured: a `sip:` one gets the user's domain, which configurations leave out.
 * @param text `sip:user`, `sip:user@host`, `tel:…` or `urn:…`.
 * @throws MalformedError when it is no URI.
 */
export function identityUri(text: string, domain: string): Uri {
  return parseUri(/^sips?:[^@]+$/i.test(text) ? `${text}@${domain}` : text);
}
