/**
 * What the server makes of a handset's Security-Client, and whether its Security-Verify is what it was told: RFC 3329
 * §2.3, TS 33.203 §7.2 and Annex H. Configured preferences are ordered, and only what the handset offered is chosen.
 */
import { MalformedError } from '../core/errors.ts';
import { type AlgorithmPair, algorithmPair, isKnownEncryption, isKnownIntegrity } from './algorithm.ts';
import {
  type IpsecMechanism,
  ipsecMechanism,
  isIpsec,
  type Mechanism,
  readIpsecMechanism,
  type SideParameters,
} from './mechanism.ts';

/** Algorithm names of Annex H, the most wanted first; the integrity algorithm weighs more. */
export interface Preferences {
  readonly integrity: readonly string[];
  readonly encryption: readonly string[];
}

/** What was chosen of an offer: the algorithms, and the handset's SPIs and ports that came with them. */
export interface Offer extends SideParameters {
  readonly algorithms: AlgorithmPair;
}

/**
 * `none`: no `ipsec-3gpp` among the mechanisms. `malformed`: there are some, and none can be read. `unusable`: not ESP
 * in transport mode, or no algorithms that both sides have.
 */
export interface Unagreed {
  readonly kind: 'none' | 'malformed' | 'unusable';
  /** In plain words, with what the handset offered. */
  readonly reason: string;
}

export type Choice = { readonly offer: Offer } | { readonly unagreed: Unagreed };

/** @param supported whether the kernel can do this pair. */
export function choose(
  offers: readonly Mechanism[],
  preferences: Preferences,
  supported: (pair: AlgorithmPair) => boolean,
): Choice {
  const ipsec = offers.filter(isIpsec);
  if (ipsec.length === 0) return { unagreed: { kind: 'none', reason: noneReason(offers) } };
  const read = ipsec.map(readLeniently);
  const readable = read.filter((one) => typeof one !== 'string');
  const [problem] = read.filter((one) => typeof one === 'string');
  if (readable.length === 0 && problem !== undefined) return { unagreed: { kind: 'malformed', reason: problem } };
  const usable = readable.filter(({ protocol, mode }) => protocol === 'esp' && mode === 'trans');
  for (const integrity of preferences.integrity) {
    for (const encryption of preferences.encryption) {
      const found = usable.find((offer) => offer.integrity === integrity && offer.encryption === encryption);
      const algorithms = found === undefined ? undefined : algorithmPair(integrity, encryption);
      if (found === undefined || algorithms === undefined || !supported(algorithms)) continue;
      const { spiC, spiS, portC, portS } = found;
      return { offer: { algorithms, spiC, spiS, portC, portS } };
    }
  }
  return { unagreed: { kind: 'unusable', reason: unusableReason(readable, usable, preferences) } };
}

/** One mechanism that cannot be read does not spoil the others: its place takes what is wrong with it, in words. */
function readLeniently(mechanism: Mechanism): IpsecMechanism | string {
  try {
    return readIpsecMechanism(mechanism);
  } catch (error) {
    if (error instanceof MalformedError) return `${mechanism.name}: ${error.message}`;
    throw error;
  }
}

function noneReason(offers: readonly Mechanism[]): string {
  if (offers.length === 0) return 'no security mechanism offered';
  return `ipsec-3gpp not among the offered mechanisms: ${listed(offers.map(({ name }) => name))}`;
}

function unusableReason(
  readable: readonly IpsecMechanism[],
  usable: readonly IpsecMechanism[],
  { integrity, encryption }: Preferences,
): string {
  if (usable.length === 0) {
    return `only ESP in transport mode can be used, offered: ${listed(readable.map((offer) => `${offer.protocol} ${offer.mode}`))}`;
  }
  const pairs = listed(usable.map((offer) => `${offer.integrity} with ${offer.encryption}`));
  const unknown = new Set<string>();
  for (const offer of usable) {
    if (!isKnownIntegrity(offer.integrity)) unknown.add(offer.integrity);
    if (!isKnownEncryption(offer.encryption)) unknown.add(offer.encryption);
  }
  const note = unknown.size === 0 ? '' : `; unknown here: ${listed([...unknown])}`;
  return (
    `no common pair of algorithms: offered ${pairs}; ` +
    `accepted ${integrity.join(', ')} with ${encryption.join(', ')}, never null with null${note}`
  );
}

/** Strangers' words in a log line: few and short. */
function listed(words: readonly string[]): string {
  const distinct = [...new Set(words)];
  const shown = distinct.slice(0, 8).map((text) => text.slice(0, 48));
  return `${shown.join(', ')}${distinct.length > shown.length ? ', …' : ''}`;
}

/** The one mechanism of our Security-Server: with a second, handsets differ in what they echo. */
export function securityServer(algorithms: AlgorithmPair, ours: SideParameters): Mechanism {
  // RFC 3329 §2.2: every mechanism of a server has its preference.
  return ipsecMechanism({ q: '0.1', protocol: 'esp', mode: 'trans', ...algorithms, ...ours });
}

/**
 * What a Security-Verify has other than the Security-Server it should repeat; undefined when it is the same. Order,
 * case, spacing, quotes, `q` and mechanisms other than `ipsec-3gpp` do not matter; a value that differs does, since it
 * tells that somebody changed our list on its way (RFC 3329 §2.3.1).
 */
export function verifyMismatch(verify: readonly Mechanism[], server: Mechanism): string | undefined {
  const echoed = verify.filter(isIpsec);
  if (echoed.length === 0) return 'no ipsec-3gpp in Security-Verify';
  const sent = readIpsecMechanism(server);
  for (const mechanism of echoed) {
    const difference = differenceOf(mechanism, sent);
    if (difference !== undefined) return difference;
  }
  return undefined;
}

const COMPARED: readonly (readonly [parameter: string, key: keyof IpsecMechanism])[] = [
  ['alg', 'integrity'],
  ['ealg', 'encryption'],
  ['prot', 'protocol'],
  ['mod', 'mode'],
  ['spi-c', 'spiC'],
  ['spi-s', 'spiS'],
  ['port-c', 'portC'],
  ['port-s', 'portS'],
];

function differenceOf(mechanism: Mechanism, sent: IpsecMechanism): string | undefined {
  const echo = readLeniently(mechanism);
  if (typeof echo === 'string') return echo;
  for (const [parameter, key] of COMPARED) {
    if (echo[key] !== sent[key]) return `${parameter} ${String(echo[key]).slice(0, 48)} where ${sent[key]} was sent`;
  }
  return undefined;
}
