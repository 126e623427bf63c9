/** What commands may do to the daemon. server.ts builds it; front ends and tests need nothing else of the server. */
export interface Actions {
  readonly log: {
    /** The options in force as a `log_options` text. */
    describe(): string;
    /** Applies assignments at once; says in words what is wrong, and then nothing changes. */
    configure(text: string): string | undefined;
  };
  users(): readonly UserRow[];
  /** Begins the orderly end of the daemon. */
  quit(): void;
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
