/**
 * Octets or text that do not follow their format. Codecs throw it; each endpoint catches it once, logs one line and
 * answers the peer where the protocol has an answer.
 */
export class MalformedError extends Error {
  /** Where in the input, counted from its start, in octets (binary) or characters (text). */
  readonly offset: number | undefined;

  constructor(what: string, offset?: number) {
    super(offset === undefined ? what : `${what} at offset ${offset}`);
    this.name = 'MalformedError';
    this.offset = offset;
  }
}

/** The words of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
