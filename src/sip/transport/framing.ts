/**
 * Messages cut out of a TCP stream (RFC 3261 §7.5, §18.3): head, then as many octets as Content-Length says, then the
 * next. Segments may split anywhere; each octet is looked at a bounded number of times.
 */
import { MalformedError } from '../../core/errors.ts';
import type { Message } from '../message/message.ts';
import { contentLength, type Head, type Limits, parseHead, withBody } from '../message/parse.ts';

export type Frame =
  | { readonly kind: 'message'; readonly head: Head; readonly octets: Buffer }
  /** CRLFCRLF between messages, to be answered with CRLF (RFC 5626 §3.5.1). */
  | { readonly kind: 'ping' }
  /** Where the next message begins cannot be known: the stream is of no more use. */
  | { readonly kind: 'broken'; readonly why: string; readonly refusal?: Refusal };

/** What the peer is owed when the head of the message that broke the stream could be read. */
export interface Refusal {
  readonly status: 400 | 513;
  readonly message: Message;
}

const CR = 0x0d;
const LF = 0x0a;
const NOTHING = Buffer.alloc(0);
/** A method and `SIP/2.0` begin with a token character (RFC 3261 §25.1). */
const TOKEN_CHARACTER = /[A-Za-z0-9\-.!%*_+`'~]/;

export class Framer {
  readonly #limits: Limits;
  /** Octets from #start to #end wait. Nothing before #end is ever overwritten: bodies handed on lie in here. */
  #buffer: Buffer = NOTHING;
  #start = 0;
  #end = 0;
  /** Where the search for the empty line goes on. */
  #scanned = 0;
  /** Octets of CRLFCRLF seen between messages. */
  #pinged = 0;
  /** The head whose body has not come whole. */
  #head: Head | undefined;
  #broken = false;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /** Whether a message has begun and not ended. */
  get partial(): boolean {
    return this.#end > this.#start;
  }

  push(chunk: Buffer): void {
    if (this.#start === this.#end) {
      // The usual case, a segment of whole messages, costs no copy.
      this.#buffer = chunk;
      this.#start = 0;
      this.#scanned = 0;
      this.#end = chunk.length;
      return;
    }
    if (this.#end + chunk.length > this.#buffer.length) this.#grow(chunk.length);
    chunk.copy(this.#buffer, this.#end);
    this.#end += chunk.length;
  }

  /** The next frame, or undefined until more octets come. Nothing follows `broken`. */
  next(): Frame | undefined {
    if (this.#broken) return undefined;
    try {
      if (this.#head === undefined) {
        if (this.#skipLineEnds()) return { kind: 'ping' };
        if (this.#start === this.#end) return undefined;
        this.#head = this.#readHead();
        if (this.#head === undefined) return undefined;
      }
      return this.#readBody(this.#head);
    } catch (error) {
      if (error instanceof MalformedError) return this.#break(error.message);
      throw error;
    }
  }

  /** Doubles, so that a message that comes octet by octet is copied a bounded number of times. */
  #grow(more: number): void {
    const held = this.#end - this.#start;
    const buffer = Buffer.allocUnsafe(Math.max(2 * held, held + more, 1024));
    this.#buffer.copy(buffer, 0, this.#start, this.#end);
    this.#buffer = buffer;
    this.#scanned -= this.#start;
    this.#start = 0;
    this.#end = held;
  }

  /** RFC 3261 §7.5: line ends before a message are ignored. @returns true when a whole ping was among them. */
  #skipLineEnds(): boolean {
    for (; this.#start < this.#end; this.#start++) {
      const octet = this.#buffer[this.#start];
      if (octet !== CR && octet !== LF) break;
      const expected = this.#pinged % 2 === 0 ? CR : LF;
      this.#pinged = octet === expected ? this.#pinged + 1 : octet === CR ? 1 : 0;
      if (this.#pinged === 4) {
        this.#pinged = 0;
        this.#start++;
        this.#scanned = this.#start;
        return true;
      }
    }
    this.#scanned = Math.max(this.#scanned, this.#start);
    return false;
  }

  #readHead(): Head | undefined {
    this.#pinged = 0;
    if (!TOKEN_CHARACTER.test(String.fromCharCode(this.#buffer[this.#start] as number))) {
      throw new MalformedError('not SIP');
    }
    const data = this.#buffer.subarray(this.#start, this.#end);
    const head = parseHead(data, this.#limits, this.#scanned - this.#start);
    if (head === undefined) this.#scanned = this.#end;
    return head;
  }

  #readBody(head: Head): Frame | undefined {
    if (head.excess !== undefined) return this.#break(head.excess, { status: 513, message: head.message });
    const length = contentLength(head.message.headers);
    // RFC 3261 §18.3: on a stream nothing else says where the message ends.
    if (length === undefined) return this.#break('no usable Content-Length', { status: 400, message: head.message });
    if (head.length + length > this.#limits.messageSize) {
      const why = `message of ${head.length + length} octets, more than ${this.#limits.messageSize}`;
      return this.#break(why, { status: 513, message: head.message });
    }
    const end = this.#start + head.length + length;
    if (end > this.#end) return undefined;
    const octets = this.#buffer.subarray(this.#start, end);
    this.#head = undefined;
    this.#start = end;
    this.#scanned = end;
    const { message, length: headLength, version } = head;
    const whole = { message: withBody(message, octets.subarray(headLength)), length: headLength, version };
    return { kind: 'message', head: whole, octets };
  }

  #break(why: string, refusal?: Refusal): Frame {
    this.#broken = true;
    this.#start = this.#end;
    return { kind: 'broken', why, ...(refusal !== undefined && { refusal }) };
  }
}
