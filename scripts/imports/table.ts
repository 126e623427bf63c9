/**
 * What each part of src may reach for, as data. A part is a folder or a file of src, named without `.ts`; a file belongs
 * to the longest name that fits it, and a file that fits none is an error, so that the table stays complete.
 */

const PROTOCOLS = [
  'sip/message',
  'sip/transport',
  'sip/transaction',
  'sip/dialog',
  'sdp',
  'aka',
  'ipsec',
  'diameter',
  'sgsap',
  'sms',
  'rtp',
];

/** The parts a part may import besides itself; `everything` has no bounds. */
export const MAY_IMPORT: Readonly<Record<string, readonly string[] | 'everything'>> = {
  core: [],
  config: ['core'],
  log: ['core'],
  net: ['core'],
  'sip/message': ['core'],
  'sip/transport': ['core', 'net/ports', 'sip/message'],
  'sip/transaction': ['core', 'sip/message'],
  'sip/dialog': ['core', 'sip/message', 'sip/transaction'],
  sdp: ['core'],
  aka: ['core'],
  sms: ['core'],
  ipsec: ['core', 'net/ports', 'sip/message'],
  diameter: ['core', 'net/ports'],
  sgsap: ['core', 'net/ports'],
  rtp: ['core', 'net/ports'],
  store: ['core', 'sip/message'],
  call: ['core', 'sip/message', 'sip/transaction', 'sip/dialog', 'sdp', 'rtp', 'diameter', 'store'],
  services: ['core', 'sip/message', 'sip/transaction', 'sdp', 'sms', 'sgsap', 'store', 'call'],
  ims: [
    'core',
    'sip/message',
    'sip/transport',
    'sip/transaction',
    'sip/dialog',
    'aka',
    'ipsec',
    'diameter',
    'store',
    'services/service',
  ],
  trace: ['core', 'sip/message'],
  control: ['core', 'config', 'net/ports', 'store'],
  web: [],
  ue: ['core', 'config', 'net', 'log', ...PROTOCOLS],
  main: 'everything',
  server: 'everything',
  // What server.ts is made with.
  options: 'everything',
  'not-served': 'everything',
  'user-rows': 'everything',
  'diameter-peers': 'everything',
  'association-rows': 'everything',
  'dialog-rows': 'everything',
  'mt-caller': 'everything',
};

/** Node's modules that only compute. */
export const PURE_MODULES: readonly string[] = [
  'node:buffer',
  'node:crypto',
  'node:path',
  'node:string_decoder',
  'node:url',
  'node:util',
];

/** Names that only compute, of modules that do more. */
export const PURE_NAMES: Readonly<Record<string, readonly string[]>> = {
  'node:net': ['isIP', 'isIPv4', 'isIPv6'],
};

/** The parts that may talk to the outside, and through which of Node's modules. */
export const MAY_REACH_OUT: Readonly<Record<string, readonly string[] | 'everything'>> = {
  net: 'everything',
  main: 'everything',
  config: ['node:fs'],
  // node:module loads pino where there is a JSON log.
  log: ['node:fs', 'node:module'],
  web: ['node:fs'],
  'store/state-file': ['node:fs'],
  'control/monitor': ['node:readline', 'node:stream', 'node:tty'],
};

/** Time and randomness are arguments: one file each may ask the machine for them. `Date()` stands for `new Date()` too. */
export const ONLY_IN: Readonly<Record<string, readonly string[]>> = {
  'core/system-clock': [
    'setTimeout',
    'setInterval',
    'Date.now',
    'Date()',
    'performance.now',
    'process.hrtime',
    'AbortSignal.timeout',
  ],
  'core/random': ['Math.random', 'crypto.getRandomValues', 'crypto.randomUUID'],
};

/** Names of node:crypto that draw random numbers; `default` and `*` are the whole module. */
export const RANDOM_PART = 'core/random';
export const RANDOM_NAMES: readonly string[] = [
  '*',
  'default',
  'getRandomValues',
  'pseudoRandomBytes',
  'randomBytes',
  'randomFill',
  'randomFillSync',
  'randomInt',
  'randomUUID',
  'webcrypto',
];
