import { type Endpoint, printEndpoint } from '../core/endpoint.ts';
import { MalformedError } from '../core/errors.ts';
import type { Logger } from '../core/logger.ts';
import type { Tap } from '../core/tap.ts';
import { AvpError } from './avp.ts';
import { messageName } from './command.ts';
import { type Link, type LinkNet, type LinkTransport, openLink } from './link.ts';
import { type DiameterMessage, readHeader, readMessage, writeMessage } from './message.ts';
import { printMessage, printSecrets } from './print.ts';

export interface ConnectionParts {
  readonly net: LinkNet;
  readonly logger: Logger;
  readonly tap: Tap;
}

export interface Place {
  readonly transport: LinkTransport;
  readonly remote: Endpoint;
  /** Where the connection comes from; port 0 lets the system choose. */
  readonly local?: Endpoint;
}

/** None is called by a connection that was shut down or aborted from here. */
export interface ConnectionUser {
  onUp(): void;
  onMessage(message: DiameterMessage): void;
  /** Its header could be read, its AVPs could not: it has none here. */
  onMalformed(message: DiameterMessage, error: AvpError): void;
  onLost(why: string): void;
}

/** Messages over one connection: read, written, and told to the tap. It is over once it is lost, shut down or aborted. */
export class Connection {
  readonly #parts: ConnectionParts;
  readonly #place: Place;
  readonly #user: ConnectionUser;
  #link: Link | undefined;

  constructor(parts: ConnectionParts, place: Place, user: ConnectionUser) {
    this.#parts = parts;
    this.#place = place;
    this.#user = user;
    const { transport, remote, local } = place;
    const alive = (run: () => void) => {
      if (this.#link !== undefined) run();
    };
    this.#link = openLink(
      parts.net,
      transport,
      { remote, ...(local !== undefined && { local }) },
      {
        onUp: () => alive(() => user.onUp()),
        onMessage: (octets) => alive(() => this.#receive(octets)),
        onClose: (error) => alive(() => this.#lost(error?.message ?? 'the peer closed the connection')),
      },
    );
  }

  /** Our address; empty before the connection is up. */
  get address(): string {
    return this.#link?.local.address ?? '';
  }

  /** Octets that wait to be taken by the network. */
  get unsent(): number {
    return this.#link?.pending ?? 0;
  }

  send(message: DiameterMessage): void {
    if (this.#link === undefined) return;
    const octets = writeMessage(message);
    this.#tell('TO', message, octets);
    this.#link.send(octets);
  }

  /** Ends it once everything is sent. */
  shutdown(): void {
    this.#leave()?.shutdown();
  }

  abort(): void {
    this.#leave()?.abort();
  }

  #leave(): Link | undefined {
    const link = this.#link;
    this.#link = undefined;
    return link;
  }

  #lost(why: string): void {
    this.#link = undefined;
    this.#user.onLost(why);
  }

  #receive(octets: Buffer): void {
    try {
      const message = readMessage(octets);
      this.#tell('FROM', message, octets);
      this.#user.onMessage(message);
    } catch (error) {
      if (!(error instanceof MalformedError)) throw error;
      const { logger } = this.#parts;
      const what = `malformed message: ${error.message}`;
      logger.error(what, { dir: 'FROM', id: printEndpoint(this.#place.remote), octets });
      if (error instanceof AvpError) this.#user.onMalformed({ ...readHeader(octets), avps: [] }, error);
      else {
        // Its header lies, so that nothing it sends can be trusted to begin or end where it says.
        this.abort();
        this.#user.onLost(what);
      }
    }
  }

  #tell(dir: 'FROM' | 'TO', message: DiameterMessage, octets: Uint8Array): void {
    const { tap } = this.#parts;
    if (!tap.active || this.#link === undefined) return;
    const { transport, remote } = this.#place;
    tap.message({
      protocol: 'Diameter',
      transport,
      dir,
      local: this.#link.local,
      remote,
      summary: messageName(message),
      octets,
      message,
      application: message.application,
      text: () => printMessage(message),
      secrets: () => printSecrets(message.avps),
    });
  }
}
