import { printEndpoint } from '../core/endpoint.ts';
import type { LogColumns } from '../core/logger.ts';
import { shortId } from '../core/short-id.ts';
import type { Tap, TapRecord } from '../core/tap.ts';
import { cut, hexdump, isText, utf8 } from './layout.ts';
import type { Log } from './log.ts';

/**
 * Writes each SIP message to the layer `sip`: peer and start line at info, the message as it was sent below it at
 * debug. The id stands for the Call-ID. A body that is not text is a hexdump cut at the layer's max_size.
 */
export function sipLogTap(log: Log): Tap {
  const logger = log.logger('sip');
  return {
    get active() {
      return logger.enabled('info');
    },
    message(record) {
      if (record.protocol !== 'SIP' || !logger.enabled('info')) return;
      const { maxSize } = log.options.layers.sip;
      const dumped = logger.enabled('debug') && maxSize !== 0 ? messageText(record.octets, maxSize) : undefined;
      logger.info(`${printEndpoint(record.remote)} ${record.summary}`, columnsOf(record, dumped));
    },
  };
}

/**
 * Writes each SGsAP message to the layer `sgsap`: peer and message at info, its elements below it at debug, and the
 * octets where the layer's option `payload` asks for them.
 */
export function sgsapLogTap(log: Log): Tap {
  const logger = log.logger('sgsap');
  return {
    get active() {
      return logger.enabled('info');
    },
    message({ protocol, dir, remote, summary, octets, text }) {
      if (protocol !== 'SGsAP' || !logger.enabled('info')) return;
      const decoded = logger.enabled('debug') ? text?.() : undefined;
      logger.info(summary, { dir, id: printEndpoint(remote), octets, ...(decoded !== undefined && { text: decoded }) });
    },
  };
}

/**
 * Writes each Diameter message to the layer of its application: peer and command at info, its AVPs below it at debug,
 * the octets and the keys in it where the layer's options `payload` and `key` ask for them.
 * @param layerOf the layer of an Application-Id.
 */
export function diameterLogTap(log: Log, layerOf: (application: number) => 'cx' | 'rx'): Tap {
  const loggers = { cx: log.logger('cx'), rx: log.logger('rx') };
  return {
    get active() {
      return loggers.cx.enabled('info') || loggers.rx.enabled('info');
    },
    message({ protocol, dir, remote, summary, octets, application, text, secrets }) {
      const logger = loggers[layerOf(application ?? 0)];
      if (protocol !== 'Diameter' || !logger.enabled('info')) return;
      const columns = { dir, id: printEndpoint(remote), octets, keys: () => secrets?.() ?? '' };
      const decoded = logger.enabled('debug') ? text?.() : undefined;
      logger.info(summary, decoded === undefined ? columns : { ...columns, text: decoded });
    },
  };
}

function columnsOf({ dir, octets }: TapRecord, text: string | undefined): LogColumns {
  const callId = /\n(?:call-id|i)[ \t]*:[ \t]*([^\r\n]+)/i.exec(latin1(octets.subarray(0, bodyStart(octets))))?.[1];
  return {
    dir,
    ...(callId === undefined ? {} : { id: shortId(callId.trimEnd()) }),
    ...(text === undefined ? {} : { text }),
  };
}

function messageText(octets: Uint8Array, maxSize: number): string {
  const start = bodyStart(octets);
  const body = octets.subarray(start);
  if (isText(body)) return utf8(octets);
  return `${utf8(octets.subarray(0, start))}${hexdump(cut(body, maxSize))}`;
}

/** Where the body begins: behind the first empty line (RFC 3261 §7), or the end. */
function bodyStart(octets: Uint8Array): number {
  const empty = Buffer.from(octets.buffer, octets.byteOffset, octets.length).indexOf('\r\n\r\n');
  return empty < 0 ? octets.length : empty + 4;
}

function latin1(octets: Uint8Array): string {
  return Buffer.from(octets.buffer, octets.byteOffset, octets.length).toString('latin1');
}
