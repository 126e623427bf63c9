// Addresses and names of hosts.
import { isIP } from 'node:net';
import { type Endpoint, parseEndpoint, shortestAddress } from '../../core/endpoint.ts';
import type { Type } from './property.ts';
import { pattern } from './scalar.ts';

/** An IP address with an optional port; `port` is the default one, 0 where any free one will do. */
export function endpoint(port: number): Type<Endpoint> {
  const expected = 'IP address with optional port';
  return {
    expected,
    read(value, path, check) {
      const read = value.kind === 'string' ? parseEndpoint(value.value, port) : undefined;
      if (read !== undefined) return read;
      const examples = '192.0.2.1, 192.0.2.1:5060, 2001:db8::1 or [2001:db8::1]:5060';
      return check.wrong(value, path, `${expected} (${examples})`);
    },
  };
}

/** A server that SCTP is spoken with, or TCP where `tcp:` stands before its address. */
export type DiameterServer = Endpoint & { readonly transport: 'SCTP' | 'TCP' };

/** @param port the default one. */
export function diameterServer(port: number): Type<DiameterServer> {
  const expected = 'IP address with optional port, `tcp:` before it for TCP';
  return {
    expected,
    read(value, path, check) {
      const [, prefix, place = ''] = value.kind === 'string' ? (/^(?:(tcp|sctp):)?(.*)$/i.exec(value.value) ?? []) : [];
      const read = parseEndpoint(place, port);
      if (read !== undefined) return { ...read, transport: prefix?.toLowerCase() === 'tcp' ? 'TCP' : 'SCTP' };
      const examples = '192.0.2.1, 192.0.2.1:3868, tcp:192.0.2.1 or [2001:db8::1]:3868';
      return check.wrong(value, path, `${expected} (${examples})`);
    },
  };
}

const BINDING = 'IP address with optional port, or name of a network interface';

/** Where a socket is bound: an address, or all the addresses of an interface. */
export type Binding = Endpoint | { readonly interface: string };

/** An address with an optional port, or the name of a network interface. Port 0: the one of the address beside it. */
export const binding: Type<Binding> = {
  expected: BINDING,
  read(value, path, check) {
    if (value.kind !== 'string') return check.wrong(value, path, BINDING);
    const address = parseEndpoint(value.value, 0);
    if (address !== undefined) return address;
    // Linux: at most 15 bytes without blank and slash. Digits, dots and colons alone are rather a mistyped address.
    if (/^[^\s/:]{1,15}$/.test(value.value) && !/^[0-9.]+$/.test(value.value)) return { interface: value.value };
    return check.wrong(value, path, BINDING);
  },
};

const hostName = pattern('domain name', /^[A-Za-z0-9_]([A-Za-z0-9._-]{0,252}[A-Za-z0-9_])?$|^[0-9a-fA-F:.]{2,45}$/);

/** A domain name or an IP address, as the host part of SIP URIs. */
export const domain: Type<string> = {
  expected: 'domain name',
  read(value, path, check) {
    const read = hostName.read(value, path, check);
    return read !== undefined && isIP(read) === 6 ? shortestAddress(read) : read;
  },
};
