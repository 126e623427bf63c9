import type { TestContext } from 'node:test';
import { simAlgorithm } from '../../../src/aka/sim-keys.ts';
import { checkAuts, makeVector } from '../../../src/aka/vector.ts';
import { DiameterServer, type Reaction, type ServerOptions } from './server.ts';
import { all, avp, groups, number, text, tgpp, type WireAvp, type WireMessage } from './wire.ts';

const CX = 16_777_216;
export const UAR = 300;
export const SAR = 301;
export const LIR = 302;
export const MAR = 303;
export const RTR = 304;
export const PPR = 305;

/** Server-Assignment-Type by number (TS 29.229 §6.3.15). */
const ASSIGNMENTS = [
  'no assignment',
  'registration',
  're-registration',
  'unregistered user',
  'timeout deregistration',
  'user deregistration',
  'timeout deregistration, name kept',
  'user deregistration, name kept',
  'administrative deregistration',
  'authentication failure',
  'authentication timeout',
];

export interface HssUser {
  readonly impi: string;
  /** In order; a barred one begins with `!`. */
  readonly impus: readonly string[];
  /** H(A1) of a user of passwords. */
  readonly digest?: { readonly realm: string; readonly ha1: string };
  /** Key of a SIM with the XOR algorithm, or with Milenage where there is an OPc. */
  readonly k?: Buffer;
  readonly opc?: Buffer;
  /** The scheme it answers with, when that is another one than was asked for. */
  readonly scheme?: string;
}

/** A Home Subscriber Server that does what TS 29.228 §6 says for its users; tests replace what it does by command. */
export class TestHss {
  readonly server: DiameterServer;
  readonly #users: readonly HssUser[];
  /** Users by state, as the SARs made it. */
  readonly registered = new Map<string, 'registered' | 'unregistered'>();
  /** What was said in SARs, in order. */
  readonly assignments: string[] = [];
  serverName: string | undefined;
  sqn = 0x20;

  static async start(t: TestContext, users: readonly HssUser[], options: ServerOptions): Promise<TestHss> {
    return new TestHss(await DiameterServer.start(t, options), users);
  }

  constructor(server: DiameterServer, users: readonly HssUser[]) {
    this.server = server;
    this.#users = users;
    server.on(UAR, (request) => this.#authorize(request));
    server.on(MAR, (request) => this.#authenticate(request));
    server.on(SAR, (request) => this.#assign(request));
    server.on(LIR, (request) => this.#locate(request));
  }

  /** Answers a request with an experimental result of 3GPP. */
  experimental(request: WireMessage, code: number, more: readonly Buffer[] = []): Buffer {
    return this.server.answer(request, [...COMMON, avp(297, [avp(266, 10415), avp(298, code)]), ...more]);
  }

  success(request: WireMessage, more: readonly Buffer[] = []): Buffer {
    return this.server.answer(request, [...COMMON, avp(268, 2001), ...more]);
  }

  profileOf({ impi, impus }: HssUser): string {
    const identities = impus.map((impu) => {
      const barred = impu.startsWith('!');
      const barring = barred ? '<BarringIndication>1</BarringIndication>' : '';
      return `<PublicIdentity>${barring}<Identity>${barred ? impu.slice(1) : impu}</Identity></PublicIdentity>`;
    });
    return `<?xml version="1.0" encoding="UTF-8"?><IMSSubscription><PrivateID>${impi}</PrivateID><ServiceProfile>${identities.join('')}<InitialFilterCriteria><Priority>0</Priority></InitialFilterCriteria></ServiceProfile></IMSSubscription>`;
  }

  /** RTR for a user; the answer. */
  terminate(impi: string, reason: number, impus: readonly string[] = []): Promise<WireMessage> {
    return this.server.request(RTR, CX, [
      avp(263, `${this.server.host};1;${++this.sqn}`),
      ...COMMON,
      avp(293, 'ims.amarisoft.com'),
      avp(283, 'amarisoft.com'),
      avp(1, impi),
      ...impus.map((impu) => tgpp(601, impu)),
      tgpp(615, [tgpp(616, reason), tgpp(617, 'because')]),
    ]);
  }

  /** PPR with a profile; the answer. */
  push(impi: string, userData: string): Promise<WireMessage> {
    return this.server.request(PPR, CX, [
      avp(263, `${this.server.host};1;${++this.sqn}`),
      ...COMMON,
      avp(293, 'ims.amarisoft.com'),
      avp(283, 'amarisoft.com'),
      avp(1, impi),
      tgpp(606, userData),
    ]);
  }

  #user(request: WireMessage): HssUser | undefined {
    const impi = text(request, 1);
    return this.#users.find((user) => user.impi === impi);
  }

  #owner(request: WireMessage): HssUser | undefined {
    const impu = text(request, 601) ?? '';
    return this.#users.find(({ impus }) => impus.includes(impu) || impus.includes(`!${impu}`));
  }

  /** §6.1.1.1. */
  #authorize(request: WireMessage): Reaction {
    const user = this.#user(request);
    if (user === undefined) return this.experimental(request, 5001);
    if (this.#owner(request) !== user) return this.experimental(request, 5002);
    const known = this.registered.get(user.impi);
    const deregisters = number(request, 623) === 1;
    if (known === undefined) return this.experimental(request, deregisters ? 5003 : 2001, [tgpp(603, [tgpp(605, 1)])]);
    return this.experimental(request, 2002, [tgpp(602, this.serverName ?? '')]);
  }

  /** §6.3.1. */
  #authenticate(request: WireMessage): Reaction {
    const user = this.#user(request);
    if (user === undefined || this.#owner(request) !== user) return this.experimental(request, 5001);
    const asked = groups(request, 612)[0] as WireAvp;
    const scheme = text(asked, 608);
    const item = this.#item(user, scheme, all(asked, 610)[0]);
    if (item === undefined) return this.experimental(request, 5006);
    this.serverName = text(request, 602);
    return this.success(request, [avp(1, user.impi), tgpp(607, 1), tgpp(612, item)]);
  }

  #item(user: HssUser, scheme: string | undefined, authorization: Buffer | undefined): Buffer[] | undefined {
    if (user.digest !== undefined && (scheme === 'SIP Digest' || scheme === 'Unknown')) {
      const { realm, ha1 } = user.digest;
      const digest = [avp(104, realm, 0, 0), avp(111, 'MD5', 0, 0), avp(110, 'auth', 0, 0), avp(121, ha1, 0, 0)];
      return [tgpp(608, 'SIP Digest'), tgpp(635, digest, 0)];
    }
    if (user.k === undefined || (scheme !== 'Unknown' && !scheme?.startsWith('Digest-AKAv'))) return undefined;
    const { k, opc } = user;
    const algorithm = simAlgorithm(opc === undefined ? { algo: 'xor', k } : { algo: 'milenage', k, opc });
    if (authorization !== undefined) {
      const sqn = checkAuts(algorithm, authorization.subarray(0, 16), authorization.subarray(16));
      if (sqn === undefined) return undefined;
      this.sqn = sqn;
    }
    this.sqn += 32;
    const rand = Buffer.alloc(16, this.sqn & 0xff || 7);
    const vector = makeVector(algorithm, { rand, sqn: this.sqn, amf: 0x8000 });
    return [
      tgpp(613, 1),
      tgpp(608, user.scheme ?? 'Digest-AKAv1-MD5'),
      tgpp(609, Buffer.concat([vector.rand, vector.autn])),
      tgpp(610, Buffer.from(vector.xres)),
      tgpp(625, Buffer.from(vector.ck)),
      tgpp(626, Buffer.from(vector.ik)),
    ];
  }

  /** §6.1.2.1. */
  #assign(request: WireMessage): Reaction {
    const user = this.#owner(request);
    const type = number(request, 614) ?? 0;
    this.assignments.push(ASSIGNMENTS[type] ?? String(type));
    if (user === undefined || (text(request, 1) !== undefined && text(request, 1) !== user.impi)) {
      return this.experimental(request, 5001);
    }
    if (type >= 4) this.registered.delete(user.impi);
    else this.registered.set(user.impi, type === 3 ? 'unregistered' : 'registered');
    this.serverName = type >= 4 ? undefined : text(request, 602);
    const wantsData = number(request, 624) === 0;
    const data = type < 4 && wantsData ? [tgpp(606, this.profileOf(user))] : [];
    return this.success(request, [avp(1, user.impi), ...data]);
  }

  /** §6.1.4.1. */
  #locate(request: WireMessage): Reaction {
    const user = this.#owner(request);
    if (user === undefined) return this.experimental(request, 5001);
    if (this.registered.get(user.impi) === undefined)
      return this.experimental(request, 2003, [tgpp(603, [tgpp(605, 1)])]);
    return this.success(request, [tgpp(602, this.serverName ?? '')]);
  }
}

/** Application and session state of every Cx message (TS 29.229 §6.1). */
const COMMON = [avp(260, [avp(266, 10415), avp(258, CX)]), avp(277, 1)];
