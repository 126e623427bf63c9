// Which properties of a user need which others (manual §5.2.1).
import type { Check } from '../schema/check.ts';
import type { ObjectValue } from '../value.ts';
import type { ImpuSettings } from './impu.ts';

/** What the rules look at; the table of users gives more. */
interface UserKeys {
  readonly impu?: readonly ImpuSettings[];
  readonly authent_type?: 'none' | 'MD5' | 'AKAv1' | 'AKAv2';
  readonly authentication?: boolean;
  readonly sim_algo?: 'xor' | 'milenage' | 'tuak';
  readonly K?: Uint8Array;
  readonly res_len?: number;
}

const RES_LENGTHS = {
  xor: { allowed: (bytes: number) => bytes >= 4 && bytes <= 16, words: 'from 4 to 16' },
  milenage: { allowed: (bytes: number) => bytes >= 4 && bytes <= 8, words: 'from 4 to 8' },
  tuak: { allowed: (bytes: number) => [4, 8, 16].includes(bytes), words: 'of 4, 8 or 16' },
};

/** Reports at the property that is wrong, or at the user's brace when something is missing. */
export function userRules(user: UserKeys, source: ObjectValue, path: string, check: Check): void {
  if (check.partial) return;
  const has = (name: string) => source.members.has(name);
  const missing = (name: string, expected: string, why: string) =>
    check.error(source, `${path}.${name}`, `${expected} expected, found nothing: ${why}`);

  if (!has('impi') && !has('imsi')) missing('impi', 'string', 'a user has an impi, or an imsi that makes it');
  if (has('K')) checkKeys(user, source, path, check, missing);
}

/** Reports a user without the keys its authentication needs, where no HSS is asked for them. */
export function checkHasKeys(user: UserKeys, source: ObjectValue, path: string, check: Check): void {
  const has = (name: string) => source.members.has(name);
  const missing = (name: string, expected: string, why: string) =>
    check.error(source, `${path}.${name}`, `${expected} expected, found nothing: ${why}`);
  // Not judged when the level itself was wrong.
  if (!has('authent_type') || user.authent_type !== undefined) {
    const level = user.authent_type ?? (has('pwd') ? 'MD5' : 'AKAv1');
    const why = `${level} needs the key of the SIM (a client without a SIM has pwd)`;
    if (!has('K') && level.startsWith('AKA') && isChallenged(user)) missing('K', '16 bytes of hexadecimal', why);
    if (level === 'MD5' && !has('pwd') && !has('K') && isChallenged(user)) missing('pwd', 'string', 'MD5 needs it');
  }
}

function checkKeys(
  user: UserKeys,
  source: ObjectValue,
  path: string,
  check: Check,
  missing: (name: string, expected: string, why: string) => undefined,
): void {
  const { sim_algo: algorithm, K, res_len: resLength } = user;
  const has = (name: string) => source.members.has(name);
  if (algorithm === undefined) return;
  if (algorithm === 'milenage' && !has('op') && !has('opc')) missing('opc', 'op or opc', 'Milenage needs one');
  if (algorithm === 'tuak' && !has('top') && !has('topc')) missing('topc', 'top or topc', 'TUAK needs one');
  if (K?.length === 32 && algorithm !== 'tuak') {
    const message = `16 bytes of hexadecimal expected (32 digits) for ${algorithm}, found 64 digits`;
    check.error(source.members.get('K')?.value ?? source, `${path}.K`, message);
  }
  const { allowed, words } = RES_LENGTHS[algorithm];
  if (resLength !== undefined && !allowed(resLength)) {
    const message = `number ${words} expected for ${algorithm}, found ${resLength}`;
    check.error(source.members.get('res_len')?.value ?? source, `${path}.res_len`, message);
  }
}

/** Whether any of the user's identities is authenticated. */
function isChallenged({ impu = [], authentication = true }: UserKeys): boolean {
  return impu.length === 0 ? authentication : impu.some((one) => one.authentication ?? authentication);
}
