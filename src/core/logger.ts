/** The manual's levels (§5.2, log_options) in rising verbosity. */
export const LEVELS = ['none', 'error', 'warn', 'info', 'debug'] as const;
export type Level = (typeof LEVELS)[number];

export const LAYERS = ['ims', 'sip', 'cx', 'rx', 'media', 'ipsec', 'sgsap'] as const;
export type Layer = (typeof LAYERS)[number];

export type Direction = 'FROM' | 'TO' | '-';

/** The columns between layer and message. */
export interface LogColumns {
  readonly dir?: Direction;
  /** Four hex digits of a UE binding or SIP dialog, or `ip:port` of a Diameter peer. */
  readonly id?: string;
  /** Decoded text shown indented under the line at debug level, as it was sent. */
  readonly text?: string | Uint8Array;
  /** Octets for a hexdump, cut at the layer's max_size. */
  readonly octets?: Uint8Array;
  /** Security keys, shown below the text where the layer's option `key` is set. */
  readonly keys?: () => string;
  /** What was protected and how it came out, shown likewise where the option `crypto` is set. */
  readonly crypto?: () => string;
}

/**
 * One layer of the log. A line costs nothing when its level is off: give a function where building the text costs,
 * or ask `enabled` first.
 */
export interface Logger {
  enabled(level: Exclude<Level, 'none'>): boolean;
  error(message: string | (() => string), columns?: LogColumns): void;
  warn(message: string | (() => string), columns?: LogColumns): void;
  info(message: string | (() => string), columns?: LogColumns): void;
  debug(message: string | (() => string), columns?: LogColumns): void;
}

/** A logger that keeps nothing. */
export const silent: Logger = {
  enabled: () => false,
  error() {},
  warn() {},
  info() {},
  debug() {},
};
