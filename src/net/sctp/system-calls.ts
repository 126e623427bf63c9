/** The calls of the C library that make SCTP sockets (RFC 6458), which Node cannot make itself. */
import { createRequire } from 'node:module';
import { isIPv6 } from 'node:net';
import { getSystemErrorName } from 'node:util';
import type { Endpoint } from '../../core/endpoint.ts';

const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_STREAM = 1;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const SO_ERROR = 4;
const IPPROTO_IPV6 = 41;
const IPV6_V6ONLY = 26;
const IPPROTO_SCTP = 132;
const POLLOUT = 4;
const ETIMEDOUT = 110;
const EINPROGRESS = 115;

/** Socket options of linux/sctp.h. */
export const SCTP = {
  RTOINFO: 0,
  ASSOCINFO: 1,
  INITMSG: 2,
  NODELAY: 3,
  PEER_ADDR_PARAMS: 9,
  DEFAULT_SEND_PARAM: 10,
  EVENTS: 11,
} as const;

interface Koffi {
  load(library: string): { func(prototype: string): CFunction };
  errno(): number;
}

interface CFunction {
  (...args: unknown[]): number;
  async(...args: unknown[]): void;
}

export interface SystemCalls {
  /** A one-to-one SCTP socket that does not block, and may be bound where ended associations linger. @throws Error with the system's `code`. */
  socket(ipv6: boolean): number;
  /** @throws as socket(). */
  setOption(fd: number, option: number, value: Uint8Array): void;
  bind(fd: number, endpoint: Endpoint): void;
  /** Starts connecting. @throws as socket(). */
  connect(fd: number, endpoint: Endpoint): void;
  /** Waits, in the background, until the socket is connected. Rejects as socket() throws, with ETIMEDOUT for one. */
  connected(fd: number, withinMs: number): Promise<void>;
  /** The port the socket is bound to. */
  localPort(fd: number): number;
  close(fd: number): void;
}

let calls: SystemCalls | undefined;

/** @throws Error when koffi has no binary for this machine. */
export function systemCalls(): SystemCalls {
  calls ??= load();
  return calls;
}

function load(): SystemCalls {
  // Loaded when SCTP is asked for: it takes some 10 ms.
  const koffi = createRequire(import.meta.url)('koffi') as Koffi;
  const libc = koffi.load('libc.so.6');
  const socket = libc.func('int socket(int domain, int type, int protocol)');
  const setsockopt = libc.func(
    'int setsockopt(int fd, int level, int name, const uint8_t *value, unsigned int length)',
  );
  const getsockopt = libc.func(
    'int getsockopt(int fd, int level, int name, _Inout_ uint8_t *value, _Inout_ unsigned int *length)',
  );
  const bind = libc.func('int bind(int fd, const uint8_t *address, unsigned int length)');
  const connect = libc.func('int connect(int fd, const uint8_t *address, unsigned int length)');
  const getsockname = libc.func('int getsockname(int fd, _Inout_ uint8_t *address, _Inout_ unsigned int *length)');
  const poll = libc.func('int poll(_Inout_ uint8_t *fds, unsigned long count, int timeout)');
  const close = libc.func('int close(int fd)');
  const inetPton = libc.func('int inet_pton(int family, const char *text, _Out_ uint8_t *address)');
  const ifNametoindex = libc.func('unsigned int if_nametoindex(const char *name)');

  /** struct sockaddr_in or sockaddr_in6, on the little-endian machines (x86, ARM) that LTE labs are made of. */
  const socketAddress = ({ address, port }: Endpoint): Buffer => {
    const [bare = '', zone] = address.split('%');
    const ipv6 = isIPv6(bare);
    const octets = Buffer.alloc(ipv6 ? 28 : 16);
    octets.writeUInt16LE(ipv6 ? AF_INET6 : AF_INET, 0);
    octets.writeUInt16BE(port, 2);
    inetPton(ipv6 ? AF_INET6 : AF_INET, bare, octets.subarray(ipv6 ? 8 : 4));
    if (zone !== undefined) octets.writeUInt32LE(ifNametoindex(zone), 24);
    return octets;
  };
  const checked = (call: string, result: number): number => {
    if (result < 0) throw systemError(call, koffi.errno());
    return result;
  };
  return {
    socket(ipv6) {
      const family = ipv6 ? AF_INET6 : AF_INET;
      const fd = checked('socket', socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_SCTP));
      checked('setsockopt', setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, int32(1), 4));
      if (ipv6) checked('setsockopt', setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, int32(1), 4));
      return fd;
    },
    setOption(fd, option, value) {
      checked('setsockopt', setsockopt(fd, IPPROTO_SCTP, option, value, value.length));
    },
    bind(fd, endpoint) {
      const address = socketAddress(endpoint);
      checked('bind', bind(fd, address, address.length));
    },
    connect(fd, endpoint) {
      const address = socketAddress(endpoint);
      const result = connect(fd, address, address.length);
      if (result < 0 && koffi.errno() !== EINPROGRESS) throw systemError('connect', koffi.errno());
    },
    connected(fd, withinMs) {
      const fds = Buffer.alloc(8);
      fds.writeInt32LE(fd, 0);
      fds.writeInt16LE(POLLOUT, 4);
      return new Promise((resolve, reject) => {
        poll.async(fds, 1, withinMs, (failure: Error | null, ready: number) => {
          if (failure !== null) return reject(failure);
          if (ready === 0) return reject(systemError('connect', ETIMEDOUT));
          const value = int32(0);
          getsockopt(fd, SOL_SOCKET, SO_ERROR, value, [4]);
          const errno = value.readInt32LE(0);
          if (errno !== 0) reject(systemError('connect', errno));
          else resolve();
        });
      });
    },
    localPort(fd) {
      const address = Buffer.alloc(28);
      checked('getsockname', getsockname(fd, address, [address.length]));
      return address.readUInt16BE(2);
    },
    close(fd) {
      close(fd);
    },
  };
}

function systemError(call: string, errno: number): Error {
  const code = getSystemErrorName(-errno);
  return Object.assign(new Error(`${call} ${code}`), { code });
}

function int32(value: number): Buffer {
  const octets = Buffer.alloc(4);
  octets.writeInt32LE(value);
  return octets;
}
