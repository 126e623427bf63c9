/** Which algorithms a kernel has for ESP, found by adding a state of each, which protects nothing, and deleting it. */
import type { EspEncryption, EspIntegrity, Kernel, KernelCapabilities, SecurityState } from '../ports.ts';
import { XfrmError } from './failure.ts';

type Pair = readonly [integrity: EspIntegrity, encryption: EspEncryption, keyOctets: number];
/** Each algorithm beside one that is nothing, so that what lacks is known by name. */
const PAIRS: readonly Pair[] = [
  ['hmac-md5-96', 'null', 16],
  ['hmac-sha-1-96', 'null', 20],
  ['aes-gmac', 'null', 20],
  ['null', 'aes-cbc', 16],
  ['null', 'des-ede3-cbc', 24],
  ['null', 'des-cbc', 8],
  ['null', 'aes-gcm', 20],
];
const LOOPBACK = '127.0.0.1';
const LOOPBACK_6 = '::1';
/** The states of a trial differ in their SPI; those of phones are drawn and rarely as small. */
const FIRST_SPI = 256;
/** Of a state that should be gone at once. */
const LIFETIME_MS = 10_000;

export async function findCapabilities(apply: Kernel['apply']): Promise<KernelCapabilities> {
  const refusals = await Promise.all(PAIRS.map((pair, index) => refusal(apply, pair, LOOPBACK, FIRST_SPI + index)));
  const accepted = PAIRS.filter((_, index) => refusals[index] === undefined);
  const [first] = accepted;
  const spi6 = FIRST_SPI + PAIRS.length;
  const integrity = new Set(accepted.map(([name]) => name));
  const encryption = new Set(accepted.map(([, name]) => name));
  return {
    integrity,
    encryption,
    ipv6: first !== undefined && (await refusal(apply, first, LOOPBACK_6, spi6)) === undefined,
    ...(first === undefined && { problem: refusals[0] ?? '' }),
  };
}

/** @returns why the kernel does not take it. */
async function refusal(apply: Kernel['apply'], pair: Pair, address: string, spi: number): Promise<string | undefined> {
  const [integrity, encryption, octets] = pair;
  // Built as a key for triple DES is (TS 33.203 Annex I), which a kernel under FIPS 140 does not take.
  const key = Uint8Array.from({ length: octets }, (_, index) => index % 16);
  const none = new Uint8Array();
  const state: SecurityState = {
    source: { address, port: 1 },
    destination: { address, port: 1 },
    spi,
    reqid: 0,
    integrity: { algorithm: integrity, key: integrity === 'null' ? none : key },
    encryption: { algorithm: encryption, key: encryption === 'null' ? none : key },
    lifetimeMs: LIFETIME_MS,
  };
  try {
    await apply([
      { type: 'addState', state },
      { type: 'deleteState', destination: address, spi },
    ]);
    return undefined;
  } catch (error) {
    // Another server is trying the same.
    if (error instanceof XfrmError) return error.code === 'EEXIST' ? undefined : error.why;
    throw error;
  }
}
