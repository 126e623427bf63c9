import type { Clock } from '../core/clock.ts';
import type { Endpoint } from '../core/endpoint.ts';
import type { TransportName } from '../core/flow.ts';
import type { Logger } from '../core/logger.ts';
import type { Random } from '../core/random.ts';
import type { Tap } from '../core/tap.ts';
import type { AlgorithmPair } from '../ipsec/algorithm.ts';
import type { Kernel, Net } from '../net/ports.ts';
import type { TimerSettings } from '../sip/transaction/timers.ts';
import type { Secrets } from './challenge-answer.ts';
import type { Codec } from './codec.ts';

/** The values of RFC 3261 (table 4). */
export const DEFAULT_TIMERS: TimerSettings = { t1Ms: 500, t2Ms: 4000, t4Ms: 5000 };

export interface IpsecOptions {
  /** In order of preference. Default: all that the kernel has. */
  readonly algorithms?: readonly AlgorithmPair[];
}

/** Who a handset is and how it behaves. */
export interface HandsetOptions {
  /** Private identity: the username of its credentials. */
  readonly impi: string;
  /** Public identity it registers and calls with, a SIP URI. */
  readonly impu: string;
  /** Home domain: Request-URI of REGISTER and realm of its first Authorization. */
  readonly domain: string;
  /** The P-CSCF. */
  readonly server: Endpoint;
  /** Where it listens; port 0 draws one. Its media is on the same address. */
  readonly local: Endpoint;
  /** What its requests go over; it takes requests over both. Default UDP. */
  readonly transport?: TransportName;
  readonly secrets: Secrets;
  /** It registers through IPsec only, which needs a SIM and a kernel. Default: no security agreement. */
  readonly ipsec?: IpsecOptions;
  /**
   * Authorization of the first REGISTER (TS 24.229 §5.1.1.2): `named` with the algorithm, `unnamed` without as most
   * phones, `none` as softphones. Default `unnamed` with a SIM, else `none`.
   */
  readonly firstAuthorization?: 'none' | 'unnamed' | { readonly named: string };
  /** Shown as +sip.instance in Contact (RFC 7254); 14 to 16 digits. */
  readonly imei?: string;
  /** Parameters of Contact as they are written, `+g.3gpp.smsip` for one. Default: those of a voice phone. */
  readonly features?: readonly string[];
  readonly userAgent?: string;
  /** Seconds asked for. Default 600000, what phones ask (TS 24.229 §5.1.1.2.1). */
  readonly expires?: number;
  /** In order of preference. Default PCMU, PCMA. */
  readonly codecs?: readonly Codec[];
  /** Default: DEFAULT_TIMERS. */
  readonly timers?: TimerSettings;
}

/** What a handset is built on. */
export interface HandsetParts {
  readonly net: Net;
  /** Its timers: transactions, refreshes, media. */
  readonly clock: Clock;
  readonly random: Random;
  /** Holds the security associations of handsets with `ipsec`. */
  readonly kernel?: Kernel;
  readonly logger?: Logger;
  /** Told of every message. */
  readonly tap?: Tap;
  /**
   * How long whoever awaits something waits for it, in milliseconds of the machine's clock: then the promise rejects in
   * words. Default 5000; Infinity waits for ever.
   */
  readonly patienceMs?: number;
  /** Told of what should not have been thrown; by default it is thrown on. */
  readonly onBug?: (error: unknown) => void;
}
