import type { Endpoint } from '../core/endpoint.ts';

/**
 * The outside as the protocol folders see it. `systemNet` (system-net.ts) is the real one. No callback throws into the network:
 * whoever is called back catches what is malformed; anything else is a bug and goes to the `onBug` of the real one.
 */
export interface Net {
  /** Binds a UDP socket. Rejects with a NetError. Port 0 draws one. */
  bindDatagram(options: BindOptions, handler: DatagramHandler): Promise<DatagramSocket>;
  /** Listens for TCP connections; `onConnection` gives each its handler. Rejects as bindDatagram does. */
  listenStream(
    options: BindOptions,
    onConnection: (connection: StreamConnection) => StreamHandler,
  ): Promise<StreamListener>;
  /** Opens a TCP connection at once in the background: what is written before it is up is sent then. */
  connectStream(options: ConnectOptions, handler: StreamHandler): StreamConnection;
  /** The addresses this machine has now, loopback included. */
  localAddresses(): readonly LocalAddress[];
}

/** What went wrong outside: `message` names the endpoint and the cause in words. */
export interface NetError extends Error {
  /** The system's name of the error, EADDRINUSE for one. */
  readonly code?: string;
}

export interface BindOptions extends Endpoint {
  /** Interface to bind to (SO_BINDTODEVICE), where the system allows it: Node's sockets cannot, and ignore it. */
  readonly device?: string;
  /** Octets; the system's default loses datagrams of a burst. */
  readonly receiveBufferSize?: number;
}

export interface ConnectOptions {
  readonly remote: Endpoint;
  /** Port 0 lets the system choose. */
  readonly local?: Endpoint;
}

export interface LocalAddress {
  readonly address: string;
  readonly device: string;
  readonly loopback: boolean;
}

export interface DatagramHandler {
  onDatagram(data: Buffer, from: Endpoint): void;
}

export interface DatagramSocket {
  readonly local: Endpoint;
  /** `onError` is told when the system refused the datagram (no route, too long). */
  send(data: Uint8Array, to: Endpoint, onError?: (error: Error) => void): void;
  close(): void;
}

export interface StreamHandler {
  onConnected?(): void;
  onData(data: Buffer): void;
  /** The connection is gone: once, for any reason; `error` when it was not an orderly end. */
  onClose(error?: Error): void;
}

export interface StreamConnection {
  /** Address and port of our end; port 0 until an outgoing connection is up. */
  readonly local: Endpoint;
  readonly remote: Endpoint;
  /** Octets written and not yet taken by the system: what a slow peer costs us. */
  readonly pending: number;
  write(data: Uint8Array): void;
  /** Sends what is pending, then closes. */
  end(): void;
  /** Drops the connection and what is pending. */
  destroy(): void;
}

export interface StreamListener {
  readonly local: Endpoint;
  /** Stops listening; open connections stay. */
  close(): void;
}

/**
 * SCTP (RFC 9260): whole messages, in order, over an association. Messages leave on stream 0 and are taken from any
 * stream with any payload protocol identifier.
 */
export interface SctpNet {
  /**
   * Listens for associations; `onAssociation` gives each its handler. Rejects with a NetError, whose code is
   * EPROTONOSUPPORT where this machine has no SCTP for such an address.
   */
  listenSctp(
    options: SctpListenOptions,
    onAssociation: (association: SctpAssociation) => SctpHandler,
  ): Promise<SctpListener>;
  /**
   * Opens an association at once in the background: what is sent before it is up is sent then. Where it cannot be
   * opened, `onClose` is told why, in a later turn and within some 10 s.
   */
  connectSctp(options: SctpConnectOptions, handler: SctpHandler): SctpAssociation;
}

export interface SctpListenOptions extends Endpoint {
  /** Payload protocol identifier of what is sent: 0 for SGsAP, 46 for Diameter. */
  readonly ppid: number;
}

export interface SctpConnectOptions extends ConnectOptions {
  readonly ppid: number;
}

export interface SctpHandler {
  /** An association that was opened from here is up. */
  onUp?(): void;
  onMessage(message: Buffer): void;
  /**
   * The association is gone: once, for any reason; `error` when it was not an orderly end. A peer that restarts ends
   * its association; towards a listener it has a new one at once.
   */
  onClose(error?: Error): void;
}

export interface SctpAssociation {
  readonly local: Endpoint;
  readonly remote: Endpoint;
  /** Octets sent and not yet taken by the stack: what a slow peer costs us. */
  readonly pending: number;
  send(message: Uint8Array): void;
  /** Sends what is pending, then closes. */
  shutdown(): void;
  /** Drops the association and what is pending; `onClose` follows. */
  abort(): void;
}

export interface SctpListener {
  readonly local: Endpoint;
  /** How SCTP is had: by the kernel, or by our own stack over raw sockets. */
  readonly stack: 'kernel' | 'raw sockets';
  /** Stops listening; open associations stay. */
  close(): void;
}
