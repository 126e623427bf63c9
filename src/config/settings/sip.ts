// The SIP sockets, transactions and headers (manual §5.2).
import type { Endpoint } from '../../core/endpoint.ts';
import { list } from '../schema/list.ts';
import { binding, endpoint } from '../schema/network.ts';
import { object } from '../schema/object.ts';
import { optional, preset, type Result, required, type Type } from '../schema/property.ts';
import { integer, pattern, positive, text } from '../schema/scalar.ts';

const SIP_PORT = 5060;

const sipAddressTable = {
  addr: required(
    endpoint(SIP_PORT),
    'Address on which SIP is served, port 5060 by default; 0.0.0.0 and [::] mean all.',
  ),
  bind_addr: optional(binding, 'addr', 'Address or interface to listen on where it is not addr itself.'),
  port_min: preset(integer({ min: 1, max: 65535 }), 10000, 'Lowest UDP port for media.'),
  port_max: preset(integer({ min: 1, max: 65535 }), 20000, 'Highest UDP port for media.'),
} as const;

/** One SIP socket with its media ports. Port 0 in `bind_addr` stands for that of `addr`. */
export type SipAddressSettings = Result<typeof sipAddressTable>;

const sipAddressObject = object('object', sipAddressTable, (read, source, path, check) => {
  const { port_min: min = 10000, port_max: max = 20000 } = read;
  if (min > max) check.error(source, `${path}.port_min`, `port_min not above port_max expected, found ${min} > ${max}`);
});

/** The address alone stands for an object with the other properties at their defaults. */
const sipAddress: Type<SipAddressSettings> = {
  expected: 'IP address with optional port, or object',
  table: sipAddressTable,
  read(value, path, check) {
    if (value.kind === 'object') return sipAddressObject.read(value, path, check);
    if (value.kind !== 'string') return check.wrong(value, path, this.expected);
    const addr: Endpoint | undefined = sipAddressTable.addr.type.read(value, path, check);
    return addr === undefined ? undefined : { addr, port_min: 10000, port_max: 20000 };
  },
};

const methodName = pattern('SIP method or "*"', /^[A-Za-z0-9.!%*_+`'~-]+$/);
const customHeaderTable = {
  name: required(pattern('header name', /^[A-Za-z0-9.!%*_+`'~-]+$/), 'Name of the header.'),
  value: required(pattern('string without line breaks', /^[^\r\n\0]*$/), 'Its value.'),
  methods: optional(
    list('SIP methods', methodName, { orOne: true }),
    'no requests',
    'Requests that get the header, by method; "*" stands for all.',
  ),
  codes: optional(
    list('status codes', integer({ min: 100, max: 699, orZero: 'all' }), { orOne: true }),
    'no responses',
    'Responses that get the header, by status code; 0 stands for all.',
  ),
} as const;

/** A header added to what the server sends. */
export type CustomHeaderSettings = Result<typeof customHeaderTable>;

const customHeader = object('object', customHeaderTable, (_read, source, path, check) => {
  if (check.partial || source.members.has('methods') || source.members.has('codes')) return;
  check.warn(source, path, `custom header without methods and codes is never added`);
});

export const sipTable = {
  sip_addr: required(
    list('SIP sockets', sipAddress, { orOne: true, min: 1 }),
    'SIP sockets: each an address, or an object with its media ports.',
  ),
  tcp_threshold: preset(integer({ min: 0 }), 1300, 'Requests of more bytes are sent over TCP instead of UDP.'),
  user_agent: optional(text, 'name and version of the server', 'Value of the Server and User-Agent headers.'),
  timer_t1: preset(positive, 2, 'T1 of RFC 3261 in seconds: first interval between retransmissions.'),
  timer_t2: preset(positive, 16, 'T2 in seconds: longest interval between retransmissions.'),
  timer_t4: preset(positive, 17, 'T4 in seconds: how long a message may stay in the network.'),
  custom_headers: preset(list('objects', customHeader), [], 'Headers added to requests and responses that are sent.'),
} as const;
