/** The system's errors in words a person can act on, the code kept beside them. */
import type { NetError } from './ports.ts';

const CAUSES: { readonly [code: string]: string } = {
  EADDRINUSE: 'another program already listens there; `ss -lntup` shows which, perhaps a server still running',
  EADDRNOTAVAIL: 'this address is not on this machine; `ip address` lists those that are',
  EACCES: 'not allowed; a port below 1024 needs root or the capability CAP_NET_BIND_SERVICE',
  EPERM: 'not allowed; a firewall rule or the privileges of this process forbid it',
  EAFNOSUPPORT: 'this machine has that kind of address (IPv4 or IPv6) switched off',
  EINVAL: 'the address cannot be used like this; a link-local one needs its interface (fe80::1%eth0)',
  EMFILE: 'too many files and connections are open; raise the limit (`ulimit -n`)',
  ENFILE: 'the machine has too many files open',
  ECONNREFUSED: 'nobody listens there',
  ECONNRESET: 'the peer reset the connection',
  EPIPE: 'the peer closed the connection',
  ETIMEDOUT: 'the peer does not answer',
  EHOSTUNREACH: 'the peer cannot be reached',
  ENETUNREACH: 'there is no route to the peer',
  EMSGSIZE: 'the message is too long for a datagram',
};

/** @param what the act that failed, with its endpoint: `cannot listen on UDP 192.0.2.1:5060`. */
export function systemError(what: string, cause: unknown): NetError {
  const code = codeOf(cause);
  const words = code === undefined ? undefined : CAUSES[code];
  const why = words ?? (cause instanceof Error ? cause.message : String(cause));
  const error: Error & { code?: string } = new Error(`${what}: ${why}${code === undefined ? '' : ` (${code})`}`, {
    cause,
  });
  if (code !== undefined) error.code = code;
  return error;
}

function codeOf(cause: unknown): string | undefined {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  return typeof code === 'string' ? code : undefined;
}
