import { isIP, isIPv6 } from 'node:net';

/** An IP address, in its shortest text form, and a port. */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/**
 * Reads `addr`, `addr:port` or `[v6]:port`, and a bare IPv6 address. Names are not addresses.
 * @returns undefined when the text is none of these or the port is not 1..65535 (0 only as `defaultPort`).
 */
export function parseEndpoint(text: string, defaultPort: number): Endpoint | undefined {
  const bracketed = /^\[([^\]]+)\](?::(\d{1,5}))?$/.exec(text);
  const plain = isIP(text) === 0 ? /^([^:]+)(?::(\d{1,5}))?$/.exec(text) : [text, text, undefined];
  const [, address, digits] = bracketed ?? plain ?? [];
  if (address === undefined || isIP(address) === 0 || (bracketed !== null && !isIPv6(address))) return undefined;
  const port = digits === undefined ? defaultPort : Number(digits);
  if (digits !== undefined && (port < 1 || port > 65535)) return undefined;
  return { address: shortestAddress(address), port };
}

/** `192.0.2.1:5060` or `[2001:db8::1]:5060`. */
export function printEndpoint({ address, port }: Endpoint): string {
  return `${hostOf(address)}:${port}`;
}

/** The address as it stands in a URI or Via: IPv6 in brackets. */
export function hostOf(address: string): string {
  return address.includes(':') ? `[${address}]` : address;
}

/** Two spellings of one IPv6 address compare equal after this (RFC 5952 form). */
export function shortestAddress(address: string): string {
  if (!address.includes(':')) return address;
  const [bare = '', zone] = address.split('%');
  const short = URL.canParse(`http://[${bare}]`) ? new URL(`http://[${bare}]`).hostname.slice(1, -1) : bare;
  return zone === undefined ? short : `${short}%${zone}`;
}

export function isWildcard(address: string): boolean {
  return address === '0.0.0.0' || address === '::';
}

export function sameEndpoint(a: Endpoint, b: Endpoint): boolean {
  return a.port === b.port && a.address === b.address;
}
