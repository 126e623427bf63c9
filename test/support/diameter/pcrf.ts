import type { TestContext } from 'node:test';
import { DiameterServer, type ServerOptions } from './server.ts';
import { all, avp, groups, number, text, tgpp, type WireAvp, type WireMessage } from './wire.ts';

const RX = 16_777_236;
export const AAR = 265;
export const RAR = 258;
export const ASR = 274;
export const STR = 275;

const SPECIFIC_ACTIONS = { loss: 2, recovery: 3, release: 4, ipCanChange: 6, allocated: 8, failed: 9 };
export type SpecificAction = keyof typeof SPECIFIC_ACTIONS;

/** One Media-Component-Description, read. */
export interface Component {
  readonly number: number | undefined;
  readonly type: number | undefined;
  readonly status: number | undefined;
  readonly uplink: number | undefined;
  readonly downlink: number | undefined;
  readonly senders: number | undefined;
  readonly receivers: number | undefined;
  /** Flow-Descriptions of each sub-component; those of RTCP begin with `rtcp`. */
  readonly flows: readonly string[];
  readonly codecs: readonly string[];
}

export function components(aar: WireMessage): Component[] {
  return groups(aar, 517).map((one) => ({
    number: number(one, 518),
    type: number(one, 520),
    status: number(one, 511),
    uplink: number(one, 516),
    downlink: number(one, 515),
    senders: number(one, 522),
    receivers: number(one, 521),
    flows: groups(one, 519).flatMap((sub) => {
      const usage = number(sub, 512) === 1 ? 'rtcp ' : '';
      return all(sub, 507).map((rule) => `${usage}${rule.toString()}`);
    }),
    codecs: all(one, 524).map(String),
  }));
}

/** A PCRF that agrees to everything and keeps the sessions there are; tests replace what it does by command. */
export class TestPcrf {
  readonly server: DiameterServer;
  /** Sessions with their latest AAR. */
  readonly sessions = new Map<string, WireMessage>();
  /** All AARs, in order. */
  readonly asked: WireMessage[] = [];

  static async start(t: TestContext, options: ServerOptions): Promise<TestPcrf> {
    const more = { host: 'pcrf.home.test', applications: [RX], ...options };
    return new TestPcrf(await DiameterServer.start(t, more));
  }

  constructor(server: DiameterServer) {
    this.server = server;
    server.on(AAR, (request) => {
      this.asked.push(request);
      this.sessions.set(text(request, 263) ?? '', request);
      return this.success(request, [tgpp(1027, 5), tgpp(1032, 1004, 0), tgpp(22, LOCATION)]);
    });
    server.on(STR, (request) => {
      const known = this.sessions.delete(text(request, 263) ?? '');
      return server.answer(request, [avp(258, RX), avp(268, known ? 2001 : 5002)]);
    });
  }

  success(request: WireMessage, more: readonly Buffer[] = []): Buffer {
    return this.server.answer(request, [avp(258, RX), avp(268, 2001), ...more]);
  }

  experimental(request: WireMessage, code: number): Buffer {
    return this.server.answer(request, [avp(258, RX), avp(297, [avp(266, 10415), avp(298, code)])]);
  }

  /** Id of the session of the handset at this address. */
  sessionOf(address: string): string {
    const wanted = Buffer.from(address.split('.').map(Number)).toString('hex');
    const found = this.asked.findLast((aar) => all(aar, 8)[0]?.toString('hex') === wanted);
    return text(found as WireMessage, 263) ?? '';
  }

  /** RAR; the answer. */
  reauthorize(session: string, actions: readonly SpecificAction[], more: readonly Buffer[] = []): Promise<WireMessage> {
    return this.#send(RAR, session, [...actions.map((action) => tgpp(513, SPECIFIC_ACTIONS[action])), ...more]);
  }

  /** ASR; the answer. */
  abort(session: string, cause: number): Promise<WireMessage> {
    return this.#send(ASR, session, [tgpp(500, cause)]);
  }

  #send(code: number, session: string, avps: readonly Buffer[]): Promise<WireMessage> {
    const to = [avp(283, 'amarisoft.com'), avp(293, 'ims.amarisoft.com')];
    return this.server.request(code, RX, [avp(263, session), ...to, avp(258, RX), ...avps]);
  }
}

/** TAI and ECGI in PLMN 001/01: tracking area 1, cell 19b01. */
const LOCATION = Buffer.from('8200f110000100f11000019b01', 'hex');

export function firstOf(holder: WireMessage, code: number): WireAvp {
  return groups(holder, code)[0] as WireAvp;
}
