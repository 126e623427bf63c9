import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import type { Usim } from '../../src/aka/usim.ts';
import { printEndpoint } from '../../src/core/endpoint.ts';
import type { Request, Response } from '../../src/sip/message/message.ts';
import type { Phone, RequestOptions } from './phone.ts';
import { cardAnswer } from './sim-phone.ts';

/** What the server said of itself in Security-Server, as a phone reads it. */
export interface ServerSide {
  readonly text: string;
  readonly portC: number;
  readonly portS: number;
  readonly spiC: number;
  readonly spiS: number;
}

/** One offer of the phone: its ports and SPIs. */
export interface ClientSide {
  readonly text: string;
  /** Socket at port_uc, and at port_us. */
  readonly client: Phone;
  readonly server: Phone;
}

/**
 * A phone that speaks the security agreement of TS 33.203 §7.2, with the datagrams in clear: what the kernel would encrypt
 * is sent between the same ports. Nothing is done by itself.
 */
export class SecurePhone {
  readonly card: Usim;
  readonly impi: string;
  /** The socket at the ordinary port. */
  readonly clear: Phone;
  readonly #open: (port: number) => Promise<Phone>;
  readonly callId = `r-${randomBytes(4).toString('hex')}`;
  #sequence = 100;
  #portS: Phone | undefined;

  private constructor(card: Usim, impi: string, clear: Phone, open: (port: number) => Promise<Phone>) {
    this.card = card;
    this.impi = impi;
    this.clear = clear;
    this.#open = open;
  }

  static async make(card: Usim, impi: string, open: (port: number) => Promise<Phone>): Promise<SecurePhone> {
    return new SecurePhone(card, impi, await open(0), open);
  }

  /** Ports and SPIs nobody has; port_us stays the phone's (TS 24.229 §5.1.1.4.1). */
  async side(mechanism = 'alg=hmac-sha-1-96;ealg=aes-cbc'): Promise<ClientSide> {
    const client = await this.#open(0);
    this.#portS ??= await this.#open(0);
    const spi = () => 256 + randomBytes(4).readUInt32BE() / 2;
    const numbers = `spi-c=${Math.floor(spi())};spi-s=${Math.floor(spi())};port-c=${client.local.port};port-s=${this.#portS.local.port}`;
    return { text: `ipsec-3gpp;prot=esp;mod=trans;${mechanism};${numbers}`, client, server: this.#portS };
  }

  /** REGISTER with a Security-Client, from the ordinary port unless `options` say from where. */
  offer(side: ClientSide, from: Phone = this.clear, headers: readonly string[] = []): void {
    from.start('REGISTER', {
      callId: this.callId,
      cseq: ++this.#sequence,
      branch: `z9hG4bK${this.callId}${this.#sequence}`,
      headers: [
        `Contact: <sip:${from.name}@${printEndpoint(side.server.local)}>`,
        'Expires: 3600',
        'Require: sec-agree',
        'Proxy-Require: sec-agree',
        `Security-Client: ${side.text}`,
        `Authorization: Digest username="${this.impi}", realm="ims.test", nonce="", uri="sip:ims.test", response=""`,
        ...headers,
      ],
    });
  }

  /** REGISTER through the associations, from port_uc to port_ps, answered to port_us: real phones ask for no rport. */
  inside(side: ClientSide, theirs: ServerSide, headers: readonly string[], options: RequestOptions = {}): void {
    side.client.aim(theirs.portS);
    side.client.start('REGISTER', {
      callId: this.callId,
      cseq: ++this.#sequence,
      branch: `z9hG4bK${this.callId}${this.#sequence}`,
      sentBy: printEndpoint(side.server.local),
      headers: [
        'Require: sec-agree',
        'Proxy-Require: sec-agree',
        `Security-Verify: ${theirs.text}`,
        `Contact: <sip:${side.client.name}@${printEndpoint(side.server.local)}>`,
        ...headers,
      ],
      ...options,
    });
  }

  /** The REGISTER of a refresh: in the present set, with what the next one is made of. */
  offerInside(next: ClientSide, present: ClientSide, theirs: ServerSide): void {
    this.inside(present, theirs, [`Security-Client: ${next.text}`, 'Expires: 3600']);
  }

  answer(challenged: Response): string {
    return cardAnswer(this.card, this.impi, challenged);
  }

  /** The whole of it: offer, challenge, answer inside, 200 at port_us. */
  async register(side: ClientSide, from: Phone = this.clear): Promise<{ theirs: ServerSide; accepted: Response }> {
    this.offer(side, from);
    const challenged = await from.response(401);
    const theirs = serverSide(challenged);
    const headers = [`Security-Client: ${side.text}`, this.answer(challenged), 'Expires: 3600'];
    this.inside(side, theirs, headers);
    return { theirs, accepted: await side.server.response(200) };
  }
}

/** @throws when the response names no single mechanism. */
export function serverSide({ headers }: Pick<Response | Request, 'headers'>): ServerSide {
  const [text, ...others] = headers.rawAll('Security-Server');
  assert.ok(text !== undefined && others.length === 0, 'one Security-Server');
  const number = (name: string) => Number(new RegExp(`;\\s*${name}=(\\d+)`).exec(text)?.[1]);
  return {
    text,
    portC: number('port-c'),
    portS: number('port-s'),
    spiC: number('spi-c'),
    spiS: number('spi-s'),
  };
}
