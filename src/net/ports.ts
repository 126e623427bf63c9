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
  /** The same, and the peer is told at once (RST): the system has nothing left to say for the connection afterwards. */
  reset(): void;
}

export interface StreamListener {
  readonly local: Endpoint;
  /** Stops listening; open connections stay. */
  close(): void;
}

/**
 * The kernel's security associations and policies (RFC 4301): ESP in transport mode. `systemKernel` (xfrm/system-kernel.ts)
 * is the real one. Addresses are numeric, of either family, without a zone.
 */
export interface Kernel {
  /**
   * Makes the changes of one owner in their order; what several owners want at once is done together. A state or policy
   * to be deleted that is not there is no failure.
   * @throws NetError saying which change failed and why. What this call had added is gone again then; its deletions stay,
   * and so do other owners' changes.
   */
  apply(changes: readonly KernelChange[]): Promise<void>;
  /**
   * Removes all that `apply` ever added, here or in an earlier life: states by their reqid, policies by their priority.
   * @throws NetError
   */
  flush(): Promise<void>;
  /** The states `apply` added and what has passed through them: a process is run, so ask seldom. @throws NetError */
  states(): Promise<readonly StateUsage[]>;
  /** What this kernel really accepts from this process, tried out. Never rejects. */
  capabilities(): Promise<KernelCapabilities>;
}

export type KernelChange =
  | { readonly type: 'addState'; readonly state: SecurityState }
  /** Gives a state another lifetime, counted from its addition like the first; its sequence numbers go on. */
  | { readonly type: 'renewState'; readonly state: SecurityState }
  | { readonly type: 'deleteState'; readonly destination: string; readonly spi: number }
  /**
   * Packets of any upper protocol between these ports go, or come, only through states of `reqid`. Ports that another
   * owner's policy is about are not to be had (EEXIST).
   */
  | ({ readonly type: 'protect' } & SecurityPolicy)
  | ({ readonly type: 'unprotect' } & Omit<SecurityPolicy, 'reqid'>)
  /** Packets to (or from) this port of ours are dropped when no `protect` is about them. Blocking twice is blocking once. */
  | { readonly type: 'block' | 'unblock'; readonly direction: 'in' | 'out'; readonly port: Endpoint };

export interface Selector {
  readonly source: Endpoint;
  readonly destination: Endpoint;
}

export interface SecurityPolicy extends Selector {
  readonly direction: 'in' | 'out';
  /** 0..2^24−1: the kernel sees it in a range of ours. */
  readonly reqid: number;
}

/** One direction of a pair: the addresses are those of the ESP packets, the ports those of what they carry. */
export interface SecurityState extends Selector {
  /** 256..2^32−1 (RFC 4303 §2.1). */
  readonly spi: number;
  /** As in SecurityPolicy. */
  readonly reqid: number;
  /** The keys as the algorithm takes them; for AES-GCM and AES-GMAC the 4 octets of salt follow the key. */
  readonly integrity: { readonly algorithm: EspIntegrity; readonly key: Uint8Array };
  readonly encryption: { readonly algorithm: EspEncryption; readonly key: Uint8Array };
  /** The sequence number last used, for a state that is added again (RFC 4303 §2.2). 0 is the default. */
  readonly lastSequence?: number;
  /** The kernel removes the state so long after its addition, whatever becomes of us. */
  readonly lifetimeMs: number;
}

/** The names of TS 33.203 Annex H. AES-GMAC goes with encryption `null`, AES-GCM with integrity `null`. */
export type EspIntegrity = 'hmac-md5-96' | 'hmac-sha-1-96' | 'aes-gmac' | 'null';
export type EspEncryption = 'null' | 'aes-cbc' | 'des-ede3-cbc' | 'des-cbc' | 'aes-gcm';

export interface KernelCapabilities {
  /** Without any there is no IPsec, and `problem` says why. */
  readonly integrity: ReadonlySet<EspIntegrity>;
  readonly encryption: ReadonlySet<EspEncryption>;
  readonly ipv6: boolean;
  /** What is missing, and how to get it, in words. */
  readonly problem?: string;
}

export interface StateUsage {
  readonly source: string;
  readonly destination: string;
  readonly spi: number;
  readonly packets: number;
  readonly octets: number;
  /** Packets dropped as repeated or too old. */
  readonly replayed: number;
  /** Packets dropped because their integrity check failed: the keys differ. */
  readonly failed: number;
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
