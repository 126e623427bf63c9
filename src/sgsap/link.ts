import { printEndpoint } from '../core/endpoint.ts';
import { MalformedError } from '../core/errors.ts';
import type { Logger } from '../core/logger.ts';
import type { Tap } from '../core/tap.ts';
import type { SctpAssociation } from '../net/ports.ts';
import { messageLines, parseMessage, printMessage, SgsFault, type SgsMessage } from './message.ts';

export interface LinkParts {
  readonly logger: Logger;
  readonly tap: Tap;
  /** Runs what sends, after the commit of what it tells. */
  readonly afterCommit: (run: () => void) => void;
}

/** An erroneous message is sent back no longer than its element may be. */
const LONGEST_ELEMENT = 255;

/** Octets that may wait for an MME. */
const MOST_PENDING = 4 * 1024 * 1024;

/** One SCTP association with an MME: octets to messages and back, errors answered. */
export class Link {
  readonly association: SctpAssociation;
  readonly #parts: LinkParts;
  readonly #onMessage: (message: SgsMessage) => void;

  constructor(association: SctpAssociation, parts: LinkParts, onMessage: (message: SgsMessage) => void) {
    this.association = association;
    this.#parts = parts;
    this.#onMessage = onMessage;
  }

  /** `address:port` of the MME. */
  get peer(): string {
    return printEndpoint(this.association.remote);
  }

  receive(octets: Buffer): void {
    let message: SgsMessage;
    try {
      message = parseMessage(octets);
    } catch (error) {
      if (!(error instanceof MalformedError)) throw error;
      this.#refuse(octets, error);
      return;
    }
    this.#tell('FROM', octets, message);
    this.#onMessage(message);
  }

  send(message: SgsMessage): void {
    const octets = printMessage(message);
    this.#parts.afterCommit(() => {
      this.#tell('TO', octets, message);
      this.association.send(octets);
      if (this.association.pending <= MOST_PENDING) return;
      this.#parts.logger.warn('the MME does not read what it is sent', { id: this.peer });
      this.association.abort();
    });
  }

  #refuse(octets: Buffer, error: MalformedError): void {
    const { logger, tap } = this.#parts;
    const { local, remote } = this.association;
    if (tap.active) {
      const summary = `malformed message: ${error.message}`;
      tap.message({ protocol: 'SGsAP', transport: 'SCTP', dir: 'FROM', local, remote, summary, octets });
    }
    logger.warn(`malformed message: ${error.message}`, { dir: 'FROM', id: this.peer });
    if (!(error instanceof SgsFault) || error.isStatus) return;
    const { answer: sgsCause, imsi } = error;
    const erroneousMessage = octets.subarray(0, LONGEST_ELEMENT);
    this.send({ type: 'STATUS', sgsCause, erroneousMessage, ...(imsi !== undefined && { imsi }) });
  }

  #tell(dir: 'FROM' | 'TO', octets: Uint8Array, message: SgsMessage): void {
    const { tap } = this.#parts;
    if (!tap.active) return;
    const { local, remote } = this.association;
    const summary = `SGsAP-${message.type}${'imsi' in message && message.imsi !== undefined ? ` ${message.imsi}` : ''}`;
    const text = () => messageLines(message).join('\n');
    tap.message({ protocol: 'SGsAP', transport: 'SCTP', dir, local, remote, summary, octets, message, text });
  }
}
