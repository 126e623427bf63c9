/**
 * A connection that carries whole messages, over SCTP (RFC 6733 §2.1.2, payload protocol 46) or TCP. Both look like an
 * SCTP association: its interfaces are used for the two.
 */
import { MalformedError } from '../core/errors.ts';
import type { ConnectOptions, Net, SctpAssociation, SctpHandler, SctpNet } from '../net/ports.ts';
import { messageLength } from './message.ts';

export type LinkNet = Pick<Net, 'connectStream'> & Pick<SctpNet, 'connectSctp'>;
export type LinkTransport = 'SCTP' | 'TCP';
export type Link = SctpAssociation;
export type LinkHandler = SctpHandler;

/** RFC 6733 §2.1.2: "payload protocol identifier" of Diameter in clear. */
const DIAMETER_PPID = 46;

/** Opens at once in the background; `onUp` follows, or `onClose` in a later turn. */
export function openLink(net: LinkNet, transport: LinkTransport, options: ConnectOptions, handler: LinkHandler): Link {
  return transport === 'SCTP'
    ? net.connectSctp({ ...options, ppid: DIAMETER_PPID }, handler)
    : openTcp(net, options, handler);
}

function openTcp(net: LinkNet, options: ConnectOptions, handler: LinkHandler): Link {
  const framer = new Framer();
  let broken: Error | undefined;
  const connection = net.connectStream(options, {
    onConnected: () => handler.onUp?.(),
    onData(data) {
      if (broken !== undefined) return;
      try {
        for (const message of framer.push(data)) handler.onMessage(message);
      } catch (error) {
        if (!(error instanceof MalformedError)) throw error;
        // Where the next message begins cannot be known.
        broken = error;
        connection.destroy();
      }
    },
    onClose: (error) => handler.onClose(broken ?? error ?? framer.unfinished()),
  });
  return {
    get local() {
      return connection.local;
    },
    remote: connection.remote,
    get pending() {
      return connection.pending;
    },
    send: (message) => connection.write(message),
    shutdown: () => connection.end(),
    abort: () => connection.destroy(),
  };
}

/** Cuts messages out of a stream by the length in their header. */
export class Framer {
  #chunks: Buffer[] = [];
  #length = 0;
  #wanted = 4;

  /** The messages that are whole now. @throws MalformedError when what comes is no message; the stream is then lost. */
  *push(chunk: Buffer): Generator<Buffer> {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    while (this.#length >= this.#wanted) {
      // Joined only when there is enough, so that many small segments cost one copy.
      const octets = this.#chunks.length === 1 ? (this.#chunks[0] as Buffer) : Buffer.concat(this.#chunks);
      const length = messageLength(octets);
      if (octets.length < length) {
        this.#chunks = [octets];
        this.#wanted = length;
        return;
      }
      const rest = octets.subarray(length);
      this.#chunks = rest.length === 0 ? [] : [rest];
      this.#length = rest.length;
      this.#wanted = 4;
      yield octets.subarray(0, length);
    }
  }

  /** What is wrong with a stream that ends here; undefined between messages. */
  unfinished(): Error | undefined {
    return this.#length === 0 ? undefined : new MalformedError('the connection ended in the middle of a message');
  }
}
