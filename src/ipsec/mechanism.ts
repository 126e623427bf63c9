/**
 * One security mechanism as Security-Client, Security-Server and Security-Verify list them (RFC 3329 §2.2), and what
 * `ipsec-3gpp` says in it (TS 33.203 Annex H).
 */
import { MalformedError } from '../core/errors.ts';
import type { HeaderType } from '../sip/message/headers.ts';
import { Params, parseParams } from '../sip/message/params.ts';
import { Scanner } from '../sip/message/scanner.ts';

export interface Mechanism {
  /** As it stood; compares without case. */
  readonly name: string;
  readonly params: Params;
}

export const SECURITY_CLIENT = mechanismHeader('Security-Client');
export const SECURITY_SERVER = mechanismHeader('Security-Server');
export const SECURITY_VERIFY = mechanismHeader('Security-Verify');

function mechanismHeader(name: string): HeaderType<Mechanism> {
  return { name, list: true, parse: parseMechanism, print: printMechanism };
}

export function parseMechanism(raw: string): Mechanism {
  const scanner = new Scanner(raw);
  scanner.skipSpace();
  const name = scanner.token('security mechanism');
  const params = parseParams(scanner);
  scanner.end();
  return { name, params };
}

export function printMechanism({ name, params }: Mechanism): string {
  return `${name}${params.toString()}`;
}

const IPSEC_3GPP = 'ipsec-3gpp';

export function isIpsec({ name }: Mechanism): boolean {
  return name.toLowerCase() === IPSEC_3GPP;
}

/** The SPIs of the associations inbound to one side, and its protected ports. */
export interface SideParameters {
  /** Inbound at the client port. */
  readonly spiC: number;
  /** Inbound at the server port. */
  readonly spiS: number;
  readonly portC: number;
  readonly portS: number;
}

/** An `ipsec-3gpp` mechanism with the defaults of Annex H filled in; names are in small letters, known or not. */
export interface IpsecMechanism extends SideParameters {
  readonly integrity: string;
  readonly encryption: string;
  /** `esp` is what IMS uses. */
  readonly protocol: string;
  /** `trans` is what IMS uses. */
  readonly mode: string;
}

/** @throws MalformedError naming the parameter that is missing or out of its range. */
export function readIpsecMechanism({ params }: Mechanism): IpsecMechanism {
  const integrity = word(params, 'alg');
  if (integrity === undefined) throw new MalformedError('alg is missing');
  const spiC = number(params, 'spi-c', LEAST_SPI, MOST_SPI);
  const spiS = number(params, 'spi-s', LEAST_SPI, MOST_SPI);
  // Both name an association towards the same address: the receiver could not tell them apart.
  if (spiC === spiS) throw new MalformedError(`spi-c and spi-s are both ${spiC}`);
  return {
    integrity,
    encryption: word(params, 'ealg') ?? 'null',
    protocol: word(params, 'prot') ?? 'esp',
    mode: word(params, 'mod') ?? 'trans',
    spiC,
    spiS,
    portC: number(params, 'port-c', 1, MOST_PORT),
    portS: number(params, 'port-s', 1, MOST_PORT),
  };
}

/** RFC 4303 §2.1: those below are reserved. */
export const LEAST_SPI = 256;
const MOST_SPI = 2 ** 32 - 1;
const MOST_PORT = 2 ** 16 - 1;

/** A parameter without a value says as little as one that is absent. */
function word(params: Params, name: string): string | undefined {
  const value = params.get(name)?.trim().toLowerCase();
  return value === '' ? undefined : value;
}

function number(params: Params, name: string, least: number, most: number): number {
  const text = word(params, name);
  if (text === undefined) throw new MalformedError(`${name} is missing`);
  const value = /^\d{1,20}$/.test(text) ? Number(text) : -1;
  if (value < least || value > most) {
    throw new MalformedError(`${name} ${text.slice(0, 24)} is not within ${least}..${most}`);
  }
  return value;
}

/** A mechanism of ours, with no parameter that Annex H does not know: phones refuse what they cannot read. */
export function ipsecMechanism(mechanism: IpsecMechanism & { readonly q?: string }): Mechanism {
  const { q, protocol, mode, spiC, spiS, portC, portS, integrity, encryption } = mechanism;
  const params = Params.of({
    q,
    prot: protocol,
    mod: mode,
    'spi-c': String(spiC),
    'spi-s': String(spiS),
    'port-c': String(portC),
    'port-s': String(portS),
    alg: integrity,
    ealg: encryption,
  });
  return { name: IPSEC_3GPP, params };
}
