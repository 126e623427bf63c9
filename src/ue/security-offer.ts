/**
 * What a handset offers in Security-Client, and which of a server's Security-Server it takes (RFC 3329 §2.3, TS 33.203
 * §7.2 and Annex H, TS 24.229 §5.1.1.5.1).
 */
import { MalformedError } from '../core/errors.ts';
import { ALGORITHM_PAIRS, type AlgorithmPair, algorithmPair } from '../ipsec/algorithm.ts';
import {
  type IpsecMechanism,
  ipsecMechanism,
  isIpsec,
  type Mechanism,
  printMechanism,
  readIpsecMechanism,
  SECURITY_SERVER,
  type SideParameters,
} from '../ipsec/mechanism.ts';
import type { KernelCapabilities } from '../net/ports.ts';
import type { Headers } from '../sip/message/headers.ts';

/** The pairs of a list like `hmac-sha-1-96/aes-cbc,hmac-md5-96/null`. @throws MalformedError naming what is no pair. */
export function parseAlgorithmPairs(text: string): readonly AlgorithmPair[] {
  return text.split(',').map((item) => {
    const [integrity = '', encryption = 'null', more] = item.trim().toLowerCase().split('/');
    const pair = more === undefined ? algorithmPair(integrity, encryption) : undefined;
    if (pair === undefined) {
      throw new MalformedError(
        `${item.trim()} is no pair; these are: ${ALGORITHM_PAIRS.map(printAlgorithmPair).join(', ')}`,
      );
    }
    return pair;
  });
}

export function printAlgorithmPair({ integrity, encryption }: AlgorithmPair): string {
  return `${integrity}/${encryption}`;
}

/** Those of `wanted`, or of all, that the kernel has. */
export function offeredPairs(
  { integrity, encryption }: KernelCapabilities,
  wanted: readonly AlgorithmPair[] = ALGORITHM_PAIRS,
): readonly AlgorithmPair[] {
  return wanted.filter((pair) => integrity.has(pair.integrity) && encryption.has(pair.encryption));
}

/** One mechanism for each pair, the most wanted first, all with the same numbers: one value of Security-Client. */
export function printOffer(pairs: readonly AlgorithmPair[], ours: SideParameters): string {
  return pairs
    .map((pair) => printMechanism(ipsecMechanism({ protocol: 'esp', mode: 'trans', ...pair, ...ours })))
    .join(', ');
}

/** What the server chose. */
export interface Chosen {
  readonly algorithms: AlgorithmPair;
  /** Its SPIs and protected ports. */
  readonly theirs: SideParameters;
  /** Its Security-Server as it stood: what Security-Verify repeats. */
  readonly verify: string;
}

/** The mechanism of the server's that it wants most and that was offered to it; a text says why there is none. */
export function chosenBy(headers: Headers, offered: readonly AlgorithmPair[]): Chosen | string {
  let mechanisms: readonly IpsecMechanism[];
  try {
    const listed = headers.all(SECURITY_SERVER);
    if (listed.length === 0)
      return 'the challenge has no Security-Server: the server does not do IPsec, or not with this user';
    mechanisms = [...listed].filter(isIpsec).sort(byPreference).map(readIpsecMechanism);
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error;
    return `its Security-Server cannot be read: ${error.message}`;
  }
  for (const { integrity, encryption, protocol, mode, spiC, spiS, portC, portS } of mechanisms) {
    const algorithms = offered.find((pair) => pair.integrity === integrity && pair.encryption === encryption);
    if (algorithms === undefined || protocol !== 'esp' || mode !== 'trans') continue;
    return {
      algorithms,
      theirs: { spiC, spiS, portC, portS },
      verify: headers.rawAll(SECURITY_SERVER.name).join(', '),
    };
  }
  return `nothing in its Security-Server was offered to it: ${headers.rawAll(SECURITY_SERVER.name).join(', ')}`;
}

/** RFC 3329 §2.2: the highest `q` is the most wanted. */
function byPreference(a: Mechanism, b: Mechanism): number {
  return preference(b) - preference(a);
}

function preference({ params }: Mechanism): number {
  const q = Number(params.get('q') ?? '0');
  return Number.isFinite(q) ? q : 0;
}
