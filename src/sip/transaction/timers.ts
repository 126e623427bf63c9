/** The three values all timers of transactions are made of (RFC 3261 §17.1.1.1, §17.1.2.1), in milliseconds. */
export interface TimerSettings {
  /** Estimate of the round trip: the first retransmission's delay. */
  readonly t1Ms: number;
  /** Longest time between retransmissions of a non-INVITE request or an INVITE's final response. */
  readonly t2Ms: number;
  /** How long a message may live in the network. */
  readonly t4Ms: number;
}

/** What the machines are given: the settings and what RFC 3261 Table 4 and RFC 6026 make of them. */
export interface TimerValues extends TimerSettings {
  /** 64·T1: timers B, F, H, J, L, M, and the wait after a CANCEL (§9.1). */
  readonly transactionMs: number;
  /** Timer D: at least 32 s, and as long as the peer may repeat its response (its timer H). */
  readonly dMs: number;
  /** A server says 100 unless its user has answered by then (§17.2.1). */
  readonly tryingMs: number;
}

export function timerValues(settings: TimerSettings): TimerValues {
  const transactionMs = 64 * settings.t1Ms;
  return { ...settings, transactionMs, dMs: Math.max(32_000, transactionMs), tryingMs: 200 };
}
