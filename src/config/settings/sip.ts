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

/**
 * Headers by which messages find their way, belong together and are trusted, in their long and compact forms: a second
 * one would make every message malformed.
 */
const OWNED = [
  ...[
    'via',
    'v',
    'from',
    'f',
    'to',
    't',
    'call-id',
    'i',
    'cseq',
    'contact',
    'm',
    'max-forwards',
    'route',
    'record-route',
  ],
  ...['content-length', 'l', 'content-type', 'c', 'rseq', 'rack', 'path', 'service-route'],
  ...['authorization', 'proxy-authorization', 'www-authenticate', 'proxy-authenticate', 'authentication-info'],
];

/** A header added to what the server sends. */
export type CustomHeaderSettings = Result<typeof customHeaderTable>;

const customHeader = object('object', customHeaderTable, (read, source, path, check) => {
  const name = source.members.get('name')?.value;
  if (name !== undefined && read.name !== undefined && OWNED.includes(read.name.toLowerCase())) {
    check.wrong(name, `${path}.name`, 'header that the protocol does not write itself');
  }
  if (check.partial || source.members.has('methods') || source.members.has('codes')) return;
  check.warn(source, path, `custom header without methods and codes is never added`);
});

const limitsTable = {
  message_size: preset(
    integer({ min: 1000, max: 16777216 }),
    65535,
    'Bytes of one SIP message; a longer request is answered 513, and over TCP its connection is closed.',
  ),
  header_count: preset(
    integer({ min: 20, max: 10000 }),
    256,
    'Header lines of one message; a request with more is answered likewise.',
  ),
  nesting: preset(
    integer({ min: 0, max: 100 }),
    8,
    'Levels of multipart bodies inside each other; a request with more is answered 400.',
  ),
  connections: preset(
    integer({ min: 1, max: 1000000 }),
    10000,
    'TCP connections that peers may have open; further ones are closed at once.',
  ),
  connections_per_address: preset(
    integer({ min: 1, max: 1000000 }),
    1000,
    'Those of one peer address; phones behind one router share it.',
  ),
  message_time: preset(
    positive,
    32,
    'Seconds after which a TCP connection is closed whose message, or first message, has not come whole.',
  ),
  idle_time: preset(positive, 7200, 'Seconds without a byte after which a TCP connection is closed.'),
} as const;

/** What strangers may cost. */
export type LimitsSettings = Result<typeof limitsTable>;

const DEFAULT_LIMITS: LimitsSettings = {
  message_size: 65535,
  header_count: 256,
  nesting: 8,
  connections: 10000,
  connections_per_address: 1000,
  message_time: 32,
  idle_time: 7200,
};

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
  limits: preset(
    object('object', limitsTable),
    DEFAULT_LIMITS,
    'How much a peer may send; what is beyond is refused and disturbs nobody else.',
    'those below',
  ),
} as const;
