/** What commands may do to the daemon. server.ts builds it; front ends and tests need nothing else of the server. */
export interface Actions {
  readonly log: {
    /** The options in force as a `log_options` text. */
    describe(): string;
    /** Applies assignments at once; says in words what is wrong, and then nothing changes. */
    configure(text: string): string | undefined;
  };
  users(): readonly UserRow[];
  /** The security associations with phones; in words why there can be none. */
  associations(): readonly AssociationRow[] | string;
  /** The connection with the HSS, and how many users it has told us of. */
  cx(): { readonly peer: DiameterPeerRow | undefined; readonly users: number };
  /** The connection with the PCRF, and what it is asked for. */
  rx(): { readonly peer: DiameterPeerRow | undefined; readonly sessions: readonly RxSessionRow[] };
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
  /** The dialogs of calls, those included that ended in the last 30 s; the oldest first. */
  dialogs(): readonly DialogRow[];
  /** Ends the call that a dialog belongs to. @returns false when there is no such dialog, or it is over. */
  stopDialog(sessionId: string): boolean;
  /** Calls a user. @returns the session ids of the dialogs, one for each phone that rings, or in words why not. */
  mtCall(request: MtCallRequest): readonly string[] | string;
  /**
   * Sends a short message to the user with this IMPI or IMPU, or stores it until the user can be reached.
   * @param sender number or name; the server's name unless given.
   * @returns how many parts it has; undefined when nobody has the identity.
   * @throws RangeError in words for text of more than 255 parts (TS 23.040 §9.2.3.24.1).
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

export interface MtCallRequest {
  /** IMPI or IMPU. */
  readonly callee: string;
  /** Seconds after the answer until the call is ended; undefined: until somebody ends it. */
  readonly durationS?: number;
  /** File with the SDP to offer, relative to the directory of the configuration; the user's or the server's when absent. */
  readonly sipFile?: string;
  /** IMPU that is shown as the caller's. */
  readonly caller?: string;
}

/** One dialog of a call (manual §6.5, dialog_get). */
export interface DialogRow {
  readonly sessionId: string;
  readonly state: string;
  /** `server`, `client`, `echo` or `mt call`. */
  readonly type: string;
  readonly from: string;
  readonly to: string;
  /** Session id of the other side's dialog: of a `server` dialog the one towards the called phone, and the reverse. */
  readonly partner?: string;
  /** Seconds since 1970 of its creation. */
  readonly date: number;
  /** Seconds since its creation, until it ended. */
  readonly durationS: number;
  readonly events: readonly { readonly type: string; readonly timestamp: number; readonly state: string }[];
  readonly medias: readonly MediaRow[];
}

export interface MediaRow {
  /** `audio`, `video`, … */
  readonly type: string;
  /** `disabled`, `required`, `pending` or `erab_set`. */
  readonly qos: string;
  /** `sendrecv`, `sendonly`, `recvonly` or `inactive`, seen from here. */
  readonly direction: string;
  /** Where packets go, `address:port`, when that is known. */
  readonly rtpTarget?: string;
  readonly rtcpTarget?: string;
  readonly rtpReceived: number;
  readonly rtpSent: number;
  readonly rtcpReceived: number;
  readonly rtcpSent: number;
}

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

/** A Diameter connection. */
export interface DiameterPeerRow {
  readonly transport: 'SCTP' | 'TCP';
  /** `address:port`. */
  readonly remote: string;
  /** As the peer names itself. */
  readonly host?: string;
  readonly state: string;
  readonly connectedForS?: number;
  readonly retryInS?: number;
  /** Why there is no connection. */
  readonly trouble?: string;
  /** Requests that wait for an answer. */
  readonly pending: number;
}

/** One leg of a call for which the PCRF was asked. */
export interface RxSessionRow {
  readonly id: string;
  /** Four hex digits of the call in the log. */
  readonly call: string;
  /** Who is on this leg. */
  readonly user: string;
  readonly address: string;
  readonly state: string;
  /** Each with its Flow-Status: `audio:enabled`. */
  readonly media: readonly string[];
  /** P-Access-Network-Info, made of what the PCRF told. */
  readonly access?: string;
}

/** One security association: a direction between a port of ours and one of a phone's. */
export interface AssociationRow {
  readonly impi: string;
  /** What the set it belongs to is to the phone: temporary, current, old or fading. */
  readonly role: string;
  readonly endsInS: number;
  readonly integrity: string;
  readonly encryption: string;
  readonly direction: 'in' | 'out';
  /** `address:port`. */
  readonly source: string;
  readonly destination: string;
  readonly spi: number;
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
