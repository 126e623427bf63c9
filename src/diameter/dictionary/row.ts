/** The data formats of AVPs (RFC 6733 §4.2, §4.3), with what their values are here. */
export interface Formats {
  OctetString: Uint8Array;
  UTF8String: string;
  DiameterIdentity: string;
  DiameterURI: string;
  /** RFC 6733 §4.3.1: a filter rule, as text. */
  IPFilterRule: string;
  Unsigned32: number;
  Unsigned64: bigint;
  /** An IP address as text. */
  Address: string;
  /** RFC 7155 §4.4.10.5.1: four octets, as text. */
  IPv4Address: string;
  /** RFC 3162 §2.3: `2001:db8::1/128`. */
  IPv6Prefix: string;
  /** Seconds since 1970. */
  Time: number;
}

/** One AVP of the dictionary. The M flag is set unless the row says otherwise; the vendor is the IETF unless named. */
export type Row = {
  readonly code: number;
  readonly vendor?: number;
  readonly mandatory?: false;
  /** A key or password, which the log shows only when asked. */
  readonly secret?: true;
} & (
  | { readonly format: keyof Formats }
  | { readonly format: 'Grouped' }
  | { readonly format: 'Enumerated'; readonly values: Readonly<Record<string, number>> }
);

export type Rows = Readonly<Record<string, Row>>;

/** Vendor-Id of 3GPP (TS 29.229 §6.2, TS 29.214 §5.3). */
export const VENDOR_3GPP = 10415;
