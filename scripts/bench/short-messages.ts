/** Short messages from handset to handset. */
import { tpAddress } from '../../src/sms/address.ts';
import { parseRp, printRp, rpAddress } from '../../src/sms/rp.ts';
import { textParts } from '../../src/sms/text.ts';
import { parseTpdu } from '../../src/sms/tpdu.ts';
import { printTpdu } from '../../src/sms/tpdu-printing.ts';
import { contentOf } from '../../src/sms/user-data.ts';
import { headerOf, linesOf, type Phones } from './phones.ts';
import { DOMAIN } from './users.ts';

const CENTRE = '+10000000000';

/** Phones that take every short message and acknowledge it. */
export class ShortMessages {
  readonly #phones: Phones;
  /** By what is written in the message. */
  readonly #done = new Map<string, () => void>();
  #requests = 0;

  constructor(phones: Phones) {
    this.#phones = phones;
    phones.onRequest = (text) => this.#receive(text);
  }

  /** RP-DATA, RP-ACK on both sides, each in a MESSAGE of its own. `done` when the recipient's RP-ACK is answered. */
  send(from: number, to: number, done: () => void): void {
    const text = `message ${this.#requests}`;
    const [userData] = textParts(text, { reference: 0 });
    if (userData === undefined) throw new Error('no user data');
    this.#done.set(text, done);
    const tpdu = printTpdu({
      type: 'submit',
      rejectDuplicates: false,
      replyPath: false,
      statusReport: false,
      reference: this.#requests % 256,
      destination: tpAddress(`+1555${String(to).padStart(7, '0')}`),
      protocol: 0,
      validity: undefined,
      userData,
    });
    const reference = this.#requests % 256;
    const rpdu = printRp({ type: 'data', reference, centre: rpAddress(CENTRE), userData: tpdu }, 'handset');
    this.#message(from, rpdu, () => {});
  }

  #message(user: number, rpdu: Uint8Array, done: () => void): void {
    const { at } = this.#phones;
    const callId = `m${++this.#requests}`;
    this.#phones.expect(callId, (text, status) => {
      if (status !== 202) throw new Error(`unexpected answer to MESSAGE:\n${text}`);
      this.#phones.forget(callId);
      done();
    });
    this.#phones.send(
      `MESSAGE tel:${CENTRE} SIP/2.0\r\nVia: SIP/2.0/UDP ${at};rport;branch=z9hG4bK${callId}\r\n` +
        `Max-Forwards: 70\r\nFrom: <sip:u${user}@${DOMAIN}>;tag=${callId}\r\nTo: <tel:${CENTRE}>\r\n` +
        `Call-ID: ${callId}\r\nCSeq: 1 MESSAGE\r\nUser-Agent: bench\r\n` +
        `Content-Type: application/vnd.3gpp.sms\r\nContent-Length: ${rpdu.length}\r\n\r\n` +
        Buffer.from(rpdu).toString('latin1'),
    );
  }

  #receive(text: string): void {
    this.#phones.send(
      `SIP/2.0 200 OK\r\n${linesOf(text, 'Via')}From: ${headerOf(text, 'From')}\r\nTo: ${headerOf(text, 'To')};tag=b\r\n` +
        `Call-ID: ${headerOf(text, 'Call-ID')}\r\nCSeq: ${headerOf(text, 'CSeq')}\r\nContent-Length: 0\r\n\r\n`,
    );
    const rp = parseRp(Buffer.from(text.slice(text.indexOf('\r\n\r\n') + 4), 'latin1'), 'network');
    if (rp.type !== 'data') return;
    const user = Number(/^MESSAGE sip:u(\d+)@/.exec(text)?.[1]);
    const tpdu = parseTpdu(rp.userData, 'network', 'data');
    const written = (tpdu.type === 'deliver' && contentOf(tpdu.userData).text) || '';
    // A repetition finds nobody waiting any more.
    const done = this.#done.get(written);
    this.#done.delete(written);
    if (done !== undefined) this.#message(user, printRp({ type: 'ack', reference: rp.reference }, 'handset'), done);
  }
}
