/** What commands may do to the daemon. server.ts builds it; front ends and tests need nothing else of the server. */
export interface Actions {
  readonly log: {
    /** The options in force as a `log_options` text. */
    describe(): string;
    /** Applies assignments at once; says in words what is wrong, and then nothing changes. */
    configure(text: string): string | undefined;
  };
  users(): readonly UserRow[];
  /**
   * Ends the registration of the user with this IMPI or IMPU from the network's side.
   * @returns how many bindings ended; undefined when nobody has the identity.
   */
  unregister(identity: string, event: DeregistrationEvent): number | undefined;
  /**
   * Lets the phones of a user register and authenticate anew within so many seconds.
   * @returns how many bindings that concerns; undefined when nobody has the identity.
   */
  reauthenticate(identity: string, withinS: number): number | undefined;
  /**
   * Sends a short message to the user with this IMPI or IMPU, or stores it until the user can be reached.
   * @param sender number or name; the server's name unless given.
   * @returns how many parts it has; undefined when nobody has the identity.
   */
  sendSms(identity: string, text: string, sender?: string): number | undefined;
  /**
   * Forgets the short messages that wait for a user.
   * @returns how many there were; undefined when nobody has the identity.
   */
  flushSms(identity: string): number | undefined;
  /** The MMEs of SGs, connected or with UEs still; undefined without `sctp_addr`. */
  mmes(): readonly MmeRow[] | undefined;
  /** Begins the orderly end of the daemon. */
  quit(): void;
}

/** What a phone is told (RFC 3680 §5.1): after `deactivated` it registers again, after `rejected` it does not. */
export const DEREGISTRATION_EVENTS = ['deactivated', 'rejected'] as const;
export type DeregistrationEvent = (typeof DEREGISTRATION_EVENTS)[number];

export interface UserRow {
  readonly impi: string;
  readonly impus: readonly string[];
  /** Registration state in one word. */
  readonly state: string;
  readonly bindings: readonly BindingRow[];
  /** Calls the user has. */
  readonly dialogs: number;
  /** Short messages that wait for the user. */
  readonly sms: number;
}

export interface BindingRow {
  /** Four hex digits the log shows too. */
  readonly id: string;
  /** Contact URI. */
  readonly contact: string;
  readonly q: number;
  readonly expiresInS: number;
  /** `UDP` or `TCP`. */
  readonly transport: string;
  /** `address:port`. */
  readonly remote: string;
  /** IMEI or another name of the handset. */
  readonly device?: string;
  readonly ipsec: boolean;
  /** Base station or proxy it came through, where known. */
  readonly registeredVia?: string;
}

export interface MmeRow {
  /** Undefined until it has told. */
  readonly name: string | undefined;
  /** `address:port`, without port while it is not connected. */
  readonly remote: string;
  readonly connected: boolean;
  /** UEs associated through it. */
  readonly ues: number;
}
