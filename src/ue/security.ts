/**
 * A handset's part of the security agreement (RFC 3329; TS 33.203 §7.2; TS 24.229 §5.1.1): what it offers in REGISTER, what
 * it makes of the challenge, and what it repeats in every request that is protected.
 */
import { isIPv6 } from 'node:net';
import type { Flow } from '../core/flow.ts';
import { silent } from '../core/logger.ts';
import { type Random, randomBelow } from '../core/random.ts';
import type { AlgorithmPair, SessionKeys } from '../ipsec/algorithm.ts';
import type { AssociationSet } from '../ipsec/association-set.ts';
import { SECURITY_CLIENT, SECURITY_VERIFY, type SideParameters } from '../ipsec/mechanism.ts';
import type { Kernel, KernelCapabilities } from '../net/ports.ts';
import { PROXY_REQUIRE, REQUIRE, SUPPORTED } from '../sip/message/header-types.ts';
import type { Headers } from '../sip/message/headers.ts';
import { isRequest, type Message, type Request, type Response } from '../sip/message/message.ts';
import type { Answer } from './challenge-answer.ts';
import { DEFAULT_TIMERS, type HandsetOptions, type HandsetParts } from './options.ts';
import { ProtectedSets, type ProtectedSetsParts } from './protected-sets.ts';
import { chosenBy, offeredPairs, printAlgorithmPair, printOffer } from './security-offer.ts';

interface OurOffer {
  readonly ours: SideParameters;
  /** The value of Security-Client. */
  readonly client: string;
}

/** RFC 4303 §2.1: the lower ones are reserved. */
const FIRST_SPI = 256;

/** Finding out takes time, and handsets of one process find the same. */
const found = new WeakMap<Kernel, Promise<KernelCapabilities>>();

async function usablePairs(
  kernel: Kernel,
  wanted: readonly AlgorithmPair[] | undefined,
  server: string,
): Promise<readonly AlgorithmPair[]> {
  const finding = found.get(kernel) ?? kernel.capabilities();
  found.set(kernel, finding);
  const capabilities = await finding;
  const pairs = offeredPairs(capabilities, wanted);
  const missing =
    pairs.length > 0
      ? 'the kernel has no ESP for IPv6'
      : `the kernel has none of ${(wanted ?? []).map(printAlgorithmPair).join(', ')}`;
  if (pairs.length > 0 && (capabilities.ipv6 || !isIPv6(server))) return pairs;
  throw new Error(`no IPsec here: ${capabilities.problem ?? missing}`);
}

export class Security {
  readonly sets: ProtectedSets;
  /** Told of each set that was made. */
  onSet: ((set: AssociationSet) => void) | undefined;
  readonly #random: Random;
  readonly #pairs: readonly AlgorithmPair[];
  readonly #addresses: { readonly local: string; readonly remote: string };
  #offer: OurOffer | undefined;

  /**
   * Undefined for a handset without IPsec. Rejects with an Error in words when it wants IPsec and has no SIM, or the kernel
   * has none for this process, or none of the algorithms.
   */
  static async open(options: HandsetOptions, parts: HandsetParts): Promise<Security | undefined> {
    const { ipsec, impi, secrets, server, local, transport = 'UDP', timers = DEFAULT_TIMERS } = options;
    if (ipsec === undefined) return undefined;
    const { kernel, clock, random, logger: log = silent } = parts;
    if (secrets.sim === undefined) throw new Error(`no IPsec: ${impi} has no SIM, whose keys it needs`);
    if (kernel === undefined) throw new Error('no IPsec: there is no kernel to hold the security associations');
    const pairs = await usablePairs(kernel, ipsec.algorithms, server.address);
    const addresses = { local: local.address, remote: server.address };
    return new Security(pairs, addresses, { kernel, clock, random, log, transport, t1Ms: timers.t1Ms });
  }

  private constructor(
    pairs: readonly AlgorithmPair[],
    addresses: { local: string; remote: string },
    parts: ProtectedSetsParts,
  ) {
    this.#pairs = pairs;
    this.#addresses = addresses;
    this.#random = parts.random;
    this.sets = new ProtectedSets(parts);
  }

  /** The way of messages while there is a set in use. */
  get flow(): Flow | undefined {
    return this.sets.currentFlow;
  }

  /** The way of the next REGISTER: through the set its challenge has made, else the one in use, else in clear. */
  get registerFlow(): Flow | undefined {
    return this.sets.temporaryFlow ?? this.flow;
  }

  /** Other SPIs and another port_uc for the challenge to come (TS 24.229 §5.1.1.4.2); port_us stays. */
  renewOffer(): void {
    const spiC = this.#drawSpi();
    let spiS = this.#drawSpi();
    while (spiS === spiC) spiS = this.#drawSpi();
    const portS = this.sets.ports?.serverPorts[0] ?? 0;
    const ours = { spiC, spiS, portC: this.sets.freeClientPort(), portS };
    this.#offer = { ours, client: printOffer(this.#pairs, ours) };
  }

  /** Completes a request before it goes that way. */
  dress({ method, headers }: Request, flow: Flow): void {
    // RFC 3329 §2.6: these two carry none of it.
    if (method === 'ACK' || method === 'CANCEL') return;
    const set = flow.protected && this.sets.find(flow.protected.set);
    const register = method === 'REGISTER';
    if (!register && set === undefined) return;
    headers.add(REQUIRE, 'sec-agree').add(PROXY_REQUIRE, 'sec-agree');
    if (register) headers.add(SUPPORTED, 'sec-agree');
    if (register && this.#offer !== undefined) headers.addRaw(SECURITY_CLIENT.name, this.#offer.client);
    if (set !== undefined) headers.addRaw(SECURITY_VERIFY.name, set.securityServer);
  }

  /** Makes ready for the answer to a challenge; resolves with a text when there is to be no answer, and why. */
  async challenged({ headers }: Response, answer: Answer): Promise<string | undefined> {
    switch (answer.kind) {
      case 'mac-failure':
      case 'sync-failure':
        // TS 24.229 §5.1.1.5.3: goes the way its REGISTER went, and offers anew.
        this.renewOffer();
        return undefined;
      case 'unanswerable':
        return undefined;
      case 'password':
        return 'a password gives no keys for it: authent_type of the user must be AKAv1 or AKAv2';
      case 'res':
        return this.#setUp(headers, answer.keys);
    }
  }

  /**
   * Takes note of a message that came. Says whether it may be served: TS 33.203 §7.1 has a handset with associations take
   * no requests outside them.
   */
  admits(message: Message, { protected: came }: Flow): boolean {
    if (came !== undefined) this.sets.dispatch({ type: 'received', set: came.set });
    return came !== undefined || !isRequest(message) || this.flow === undefined;
  }

  /** Resolves with why there is no set, if so. */
  async #setUp(headers: Headers, keys: SessionKeys): Promise<string | undefined> {
    const offer = this.#offer;
    const chosen = chosenBy(headers, this.#pairs);
    if (typeof chosen === 'string') return chosen;
    if (offer === undefined) return 'nothing was offered';
    const { local, remote } = this.#addresses;
    const { algorithms, theirs, verify } = chosen;
    try {
      const set = await this.sets.add({
        ours: { address: local, ...offer.ours },
        handset: { address: remote, ...theirs },
        algorithms,
        ck: Buffer.from(keys.ck).toString('hex'),
        ik: Buffer.from(keys.ik).toString('hex'),
        securityServer: verify,
      });
      if (set !== undefined) this.onSet?.(set);
      return undefined;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  #drawSpi(): number {
    return FIRST_SPI + randomBelow(this.#random, 2 ** 32 - FIRST_SPI);
  }
}
