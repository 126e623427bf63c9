import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { simAlgorithm } from '../../src/aka/sim-keys.ts';
import { makeVector } from '../../src/aka/vector.ts';
import type { Flow } from '../../src/core/flow.ts';
import { readIpsecMechanism, SECURITY_CLIENT } from '../../src/ipsec/mechanism.ts';
import type { KernelCapabilities } from '../../src/net/ports.ts';
import { akaNonce, akaV2SessionKeys } from '../../src/sip/message/aka-digest.ts';
import { parseChallenge, WWW_AUTHENTICATE } from '../../src/sip/message/authorization.ts';
import { header, makeRequest } from '../../src/sip/message/build.ts';
import { CONTACT, PROXY_REQUIRE, parseNameAddr, REQUIRE, SUPPORTED, VIA } from '../../src/sip/message/header-types.ts';
import { isRequest, type Request } from '../../src/sip/message/message.ts';
import { printUri } from '../../src/sip/message/uri.ts';
import type { ServerTransaction } from '../../src/sip/transaction/user.ts';
import { Handset } from '../../src/ue/handset.ts';
import type { HandsetOptions } from '../../src/ue/options.ts';
import { registrationVerdict } from '../../src/ue/verdict.ts';
import { FakeKernel } from '../support/fake-kernel.ts';
import { accept, challenge, credentialsOf, DOMAIN, FRESH_SQN, RAND, vector, XOR } from './home.ts';
import { answer, handsetParts, ScriptedServer } from './scripted-server.ts';

/** The protected ports of a scripted P-CSCF: for each set another one, which is port_ps and port_pc in one. */
class Inside {
  /** Of all ports, in the order they came. */
  readonly requests: Request[] = [];
  readonly on: ScriptedServer['on'] = {};
  /** The port of the set made last, and the offer it was made for. */
  port: ScriptedServer;
  challenged: number | undefined;
  /** Whence the last request came. */
  flow: Flow | undefined;
  readonly #servers: ScriptedServer[];

  static async open(t: TestContext, address: string): Promise<Inside> {
    const servers = await Promise.all(Array.from({ length: 8 }, () => ScriptedServer.open(t, address)));
    return new Inside(servers);
  }

  private constructor(servers: ScriptedServer[]) {
    this.#servers = servers;
    this.port = last(servers);
    for (const server of servers) {
      for (const method of ['REGISTER', 'MESSAGE']) {
        server.on[method] = (transaction) => {
          this.requests.push(transaction.request);
          this.flow = transaction.flow;
          this.on[method]?.(transaction);
        };
      }
    }
  }

  all(method: string): readonly Request[] {
    return this.requests.filter((request) => request.method === method);
  }

  /** Takes another port. */
  next(): number {
    this.port = this.#servers.shift() ?? this.port;
    return this.port.local.port;
  }
}

/** A handset and a P-CSCF. What the kernel would encrypt goes in clear between the same ports. */
interface Site {
  readonly handset: Handset;
  readonly kernel: FakeKernel;
  readonly clock: ReturnType<typeof handsetParts>['clock'];
  readonly outer: ScriptedServer;
  readonly inner: Inside;
}

interface SiteOptions extends Partial<HandsetOptions> {
  readonly capabilities?: Partial<KernelCapabilities>;
}

async function open(t: TestContext, { capabilities, ...options }: SiteOptions = {}): Promise<Site> {
  const address = options.local?.address ?? '127.0.0.1';
  const [outer, inner] = [await ScriptedServer.open(t, address), await Inside.open(t, address)];
  const kernel = new FakeKernel(capabilities);
  const parts = { ...handsetParts(), kernel };
  const handset = await Handset.open(
    {
      impi: `alice@${DOMAIN}`,
      impu: `sip:alice@${DOMAIN}`,
      domain: DOMAIN,
      server: outer.local,
      local: { address, port: 0 },
      secrets: { sim: XOR },
      ipsec: {},
      ...options,
    },
    parts,
  );
  t.after(() => handset.close());
  outer.on.REGISTER = (transaction) => secureChallenge(transaction, inner);
  inner.on.REGISTER = (transaction) => {
    const { request } = transaction;
    // A refresh offers other numbers than were challenged last; a farewell is never challenged.
    const answers = spiOf(request) === inner.challenged || request.headers.raw('Expires') === '0';
    if (answers) accept(transaction);
    else secureChallenge(transaction, inner);
  };
  return { handset, kernel, clock: parts.clock, outer, inner };
}

let spis = 5000;

/** 401 that names the protected port; `alter` may change what it says of it. */
function secureChallenge(
  transaction: ServerTransaction,
  inner: Inside,
  { alter = (text: string): string | undefined => text, algorithm = 'AKAv1-MD5', sqn = FRESH_SQN } = {},
): void {
  const { rand, autn } = makeVector(simAlgorithm(XOR), { rand: RAND, sqn, amf: 0x9001 });
  const port = inner.next();
  const text = alter(
    `ipsec-3gpp;q=0.1;alg=hmac-sha-1-96;ealg=aes-cbc;spi-c=${spis++};spi-s=${spis++};port-c=${port};port-s=${port}`,
  );
  const digest = `Digest realm="${DOMAIN}", nonce="${akaNonce(rand, autn)}", algorithm=${algorithm}, qop="auth"`;
  const response = answer(transaction, 401, { headers: [header(WWW_AUTHENTICATE, parseChallenge(digest))] });
  if (text !== undefined) response.headers.addRaw('Security-Server', text);
  inner.challenged = spiOf(transaction.request);
  transaction.respond(response);
}

function offerOf({ headers }: Request) {
  const [first] = headers.all(SECURITY_CLIENT);
  assert.ok(first !== undefined, 'Security-Client is there');
  return readIpsecMechanism(first);
}

function spiOf(request: Request): number {
  return offerOf(request).spiS;
}

function contactPort({ headers }: Request): number {
  const contact = headers.get(CONTACT);
  assert.ok(contact !== undefined && contact !== '*');
  return Number(/:(\d+)(?:;|$)/.exec(printUri(contact.uri))?.[1]);
}

function last<T>(items: readonly T[]): T {
  const item = items.at(-1);
  assert.ok(item !== undefined);
  return item;
}

const hex = (octets: Uint8Array | undefined) => Buffer.from(octets ?? []).toString('hex');

describe('a handset registers through IPsec', () => {
  it('offers every pair of its kernel in clear, and repeats all in the set it is challenged for', async (t) => {
    const { handset, outer, inner } = await open(t);
    const clear = handset.local;
    const result = await handset.register();
    assert.equal(result.registered, true);

    const [first, ...more] = outer.all('REGISTER');
    assert.ok(first !== undefined && more.length === 0);
    assert.deepEqual([first.headers.all(REQUIRE), first.headers.all(PROXY_REQUIRE)], [['sec-agree'], ['sec-agree']]);
    assert.deepEqual(first.headers.all(SUPPORTED), ['path', 'sec-agree']);
    assert.equal(first.headers.all(SECURITY_CLIENT).length, 13);
    assert.equal(first.headers.has('Security-Verify'), false);
    assert.equal(contactPort(first), clear.port);

    const second = last(inner.all('REGISTER'));
    const { portC, portS, spiC, spiS } = offerOf(first);
    assert.notEqual(spiC, spiS);
    assert.deepEqual(second.headers.rawAll('Security-Client'), first.headers.rawAll('Security-Client'));
    assert.match(second.headers.raw('Security-Verify') ?? '', /^ipsec-3gpp;q=0\.1;alg=hmac-sha-1-96;ealg=aes-cbc;/);
    assert.equal(second.headers.raw('Call-ID'), first.headers.raw('Call-ID'));
    assert.equal(inner.flow?.remote.port, portC, 'sent from port_uc');
    const via = second.headers.get(VIA);
    assert.deepEqual([via?.port, via?.params.has('rport')], [portS, false], 'answered to port_us');
    assert.equal(contactPort(second), portS);
    assert.equal(handset.local.port, portS);
  });

  it('its kernel has four states with the keys of the card, and the policies for them', async (t) => {
    const { handset, kernel, outer, inner } = await open(t);
    await handset.register();
    const { portC, portS, spiC, spiS } = offerOf(last(outer.all('REGISTER')));
    const { port } = inner.port.local;
    const ends = kernel.live.map(({ source, destination }) => `${source.port} ${destination.port}`);
    assert.deepEqual(
      ends.toSorted(),
      [`${port} ${portC}`, `${port} ${portS}`, `${portC} ${port}`, `${portS} ${port}`].toSorted(),
    );
    const inbound = (to: number) => kernel.live.find(({ destination }) => destination.port === to)?.spi;
    assert.deepEqual([inbound(portC), inbound(portS)], [spiC, spiS]);
    const { ck, ik } = vector(XOR);
    for (const { integrity, encryption } of kernel.live) {
      assert.deepEqual([hex(integrity.key), hex(encryption.key)], [`${hex(ik)}00000000`, hex(ck)]);
    }
    const outbound = kernel.policies.filter(({ direction }) => direction === 'out').map(({ source }) => source.port);
    assert.deepEqual(new Set(outbound), new Set([portC, portS]));
  });

  it('AKAv2 protects with the derived keys', async (t) => {
    const { handset, kernel, outer, inner } = await open(t);
    outer.on.REGISTER = (transaction) => secureChallenge(transaction, inner, { algorithm: 'AKAv2-MD5' });
    assert.equal((await handset.register()).registered, true);
    assert.equal(hex(last(kernel.live).encryption.key), hex(akaV2SessionKeys(vector(XOR)).ck));
  });

  for (const [name, options] of [
    ['over TCP', { transport: 'TCP' }],
    ['over IPv6', { local: { address: '::1', port: 0 } }],
  ] as const) {
    it(`${name} it does the same`, async (t) => {
      const { handset, kernel, outer, inner } = await open(t, options);
      assert.equal((await handset.register()).registered, true);
      const { portC, portS } = offerOf(last(outer.all('REGISTER')));
      assert.deepEqual([inner.flow?.remote.port, contactPort(last(inner.all('REGISTER')))], [portC, portS]);
      assert.equal((await handset.deregister()).status, 200);
      handset.close();
      await handset.released;
      assert.deepEqual([kernel.live, kernel.policies], [[], []]);
    });
  }

  it('sends later requests inside, verified, by way of port_ps', async (t) => {
    const { handset, outer, inner } = await open(t);
    await handset.register();
    inner.on.MESSAGE = (transaction) => transaction.respond(answer(transaction, 200));
    assert.equal((await handset.request('MESSAGE', `sip:bob@${DOMAIN}`)).status, 200);
    assert.equal(outer.all('MESSAGE').length, 0);
    const { headers } = last(inner.all('MESSAGE'));
    assert.deepEqual([headers.all(REQUIRE), headers.all(PROXY_REQUIRE)], [['sec-agree'], ['sec-agree']]);
    assert.equal(headers.raw('Security-Verify'), last(inner.all('REGISTER')).headers.raw('Security-Verify'));
    assert.equal(headers.has('Security-Client'), false);
    assert.match(headers.raw('Route') ?? '', new RegExp(`:${inner.port.local.port};lr>`));
  });

  it('serves requests that come to port_us, and none in clear', async (t) => {
    const { handset, outer, inner } = await open(t);
    const clear = handset.local;
    await handset.register();
    const options = () => {
      const request = makeRequest('OPTIONS', `sip:alice@${DOMAIN}`, [
        header(CONTACT, parseNameAddr('<sip:server@127.0.0.1>')),
      ]);
      for (const line of [
        'From: <sip:s@x>;tag=1',
        'To: <sip:alice@x>',
        'Call-ID: o',
        'CSeq: 1 OPTIONS',
        'Max-Forwards: 70',
      ])
        request.headers.addRaw(line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2));
      return request;
    };
    assert.ok(inner.port.flow !== undefined && outer.flow !== undefined);
    inner.port.flow = { ...inner.port.flow, remote: handset.local };
    assert.equal((await inner.port.send(options())).status, 200);
    const answers = () => handset.journal.sent.filter((message) => !isRequest(message)).length;
    assert.equal(answers(), 1);
    outer.flow = { ...outer.flow, remote: clear };
    outer.send(options()).catch(() => {});
    await handset.journal.expectRequest('OPTIONS', ({ headers }) => headers.get(VIA)?.port === outer.local.port);
    assert.equal(answers(), 1);
  });
});

describe('a refresh', () => {
  it('goes through the present set, offers new numbers with the same port_us, and switches', async (t) => {
    const { handset, kernel, clock, inner, outer } = await open(t);
    await handset.register();
    const before = offerOf(last(outer.all('REGISTER')));
    assert.equal((await handset.register()).registered, true);
    const [, offering, answering] = inner.all('REGISTER');
    assert.ok(offering !== undefined && answering !== undefined);
    const after = offerOf(offering);
    assert.equal(after.portS, before.portS);
    for (const number of ['spiC', 'spiS', 'portC'] as const) assert.notEqual(after[number], before[number], number);
    assert.equal(offering.headers.raw('Security-Verify'), inner.all('REGISTER')[0]?.headers.raw('Security-Verify'));
    assert.notEqual(answering.headers.raw('Security-Verify'), offering.headers.raw('Security-Verify'));
    assert.equal(inner.flow?.remote.port, after.portC);
    assert.equal(outer.all('REGISTER').length, 1);
    assert.equal(kernel.live.length, 8);

    inner.on.MESSAGE = (transaction) => transaction.respond(answer(transaction, 200));
    await handset.request('MESSAGE', `sip:bob@${DOMAIN}`);
    assert.equal(inner.flow?.remote.port, after.portC);
    clock.advance(64 * 500);
    await kernel.settled();
    assert.deepEqual([kernel.live.length, kernel.policies.length], [4, 4]);
    assert.ok(kernel.live.some(({ spi }) => spi === after.spiS));
  });

  it('many in a row find a port_uc each time', async (t) => {
    const { handset, kernel } = await open(t);
    for (let count = 0; count < 7; count++) assert.equal((await handset.register()).registered, true, `${count}`);
    handset.close();
    await handset.released;
    assert.deepEqual([kernel.live, kernel.policies], [[], []]);
  });

  it('that is refused leaves the set it came through', async (t) => {
    const { handset, kernel, inner } = await open(t);
    await handset.register();
    const before = kernel.live.map(({ spi }) => spi);
    inner.on.REGISTER = (transaction) => {
      if ((credentialsOf(transaction)?.response ?? '') === '' || inner.all('REGISTER').length === 2) {
        secureChallenge(transaction, inner);
      } else transaction.respond(answer(transaction, 503));
    };
    assert.equal((await handset.register()).status, 503);
    await kernel.settled();
    assert.deepEqual(
      kernel.live.map(({ spi }) => spi),
      before,
    );
  });

  it('after the network ended the registration begins in clear', async (t) => {
    const { handset, outer } = await open(t);
    await handset.register();
    handset.registration.ended(false);
    assert.equal((await handset.register()).registered, true);
    const [, second] = outer.all('REGISTER');
    assert.ok(second !== undefined);
    assert.equal(credentialsOf({ request: second })?.nonce, '');
    assert.equal(second.headers.has('Security-Verify'), false);
  });
});

describe('the end', () => {
  it('a deregistration goes through the set; the kernel forgets all some time later', async (t) => {
    const { handset, kernel, clock, inner } = await open(t);
    await handset.register();
    assert.equal((await handset.deregister()).status, 200);
    assert.equal(last(inner.all('REGISTER')).headers.raw('Expires'), '0');
    assert.equal(kernel.live.length, 4);
    clock.advance(64 * 500);
    await kernel.settled();
    assert.deepEqual([kernel.live, kernel.policies], [[], []]);
  });

  it('whoever closes while a set is made leaves nothing either', async (t) => {
    const { handset, kernel, outer, inner } = await open(t);
    const asked = new Promise<void>((resolve) => {
      outer.on.REGISTER = (transaction) => {
        kernel.hold();
        secureChallenge(transaction, inner);
        resolve();
      };
    });
    const registering = handset.register();
    await asked;
    await handset.journal.expectResponse(401, 'REGISTER');
    handset.close();
    kernel.release();
    assert.equal((await registering).status, 503);
    await handset.released;
    assert.deepEqual([kernel.live, kernel.policies], [[], []]);
  });
});

describe('what goes wrong is said', () => {
  async function verdict(site: Site): Promise<string> {
    const result = await site.handset.register();
    assert.equal(result.registered, false);
    return registrationVerdict(result, site.handset.options);
  }

  it('no Security-Server in the challenge; the next attempt begins anew', async (t) => {
    const site = await open(t);
    site.outer.on.REGISTER = (transaction) => challenge(transaction, vector(XOR));
    assert.match(await verdict(site), /no Security-Server: the server does not do IPsec/);
    assert.equal(site.outer.all('REGISTER').length, 1);
    await site.handset.register();
    const [first, second] = site.outer.all('REGISTER').map(({ headers }) => headers.raw('Call-ID'));
    assert.notEqual(first, second);
  });

  it('algorithms that were not offered', async (t) => {
    const site = await open(t, { ipsec: { algorithms: [{ integrity: 'hmac-md5-96', encryption: 'null' }] } });
    assert.match(await verdict(site), /nothing in its Security-Server was offered to it: .*aes-cbc/);
  });

  it('a challenge that gives no keys', async (t) => {
    const site = await open(t, { secrets: { sim: XOR, password: 'secret' } });
    site.outer.on.REGISTER = (transaction) => challenge(transaction, 'nonce');
    assert.match(await verdict(site), /authent_type of the user must be AKAv1 or AKAv2/);
  });

  it('a kernel that does not take the set', async (t) => {
    const site = await open(t);
    site.kernel.fail('cannot add the state: out of memory');
    assert.match(await verdict(site), /no security associations: cannot add the state: out of memory/);
    assert.equal(site.inner.requests.length, 0);
  });

  it('nothing comes back inside', async (t) => {
    const site = await open(t);
    site.inner.on.REGISTER = () => site.clock.advance(64 * 500);
    assert.match(await verdict(site), /nothing came back through the security associations: .*ESP/);
    await site.kernel.settled();
    assert.deepEqual(site.kernel.live, []);
  });

  for (const [status, words] of [
    [494, /changes messages/],
    [420, /no IPsec, or with none of the algorithms/],
  ] as const) {
    it(`${status}`, async (t) => {
      const site = await open(t);
      site.inner.on.REGISTER = (transaction) => transaction.respond(answer(transaction, status));
      assert.match(await verdict(site), words);
    });
  }

  it('before it begins: no SIM, no algorithm, no IPsec in the kernel, none for IPv6', async (t) => {
    await assert.rejects(open(t, { secrets: { password: 'x' } }), /has no SIM/);
    const pair = { integrity: 'aes-gmac', encryption: 'null' } as const;
    const few = { integrity: new Set(['hmac-md5-96'] as const), encryption: new Set(['null'] as const) };
    await assert.rejects(open(t, { ipsec: { algorithms: [pair] }, capabilities: few }), /none of aes-gmac\/null/);
    const none = { integrity: new Set<never>(), encryption: new Set<never>(), problem: 'needs root' };
    await assert.rejects(open(t, { capabilities: none }), /no IPsec here: needs root/);
    const local = { address: '::1', port: 0 };
    await assert.rejects(open(t, { local, capabilities: { ipv6: false } }), /no ESP for IPv6/);
  });
});

describe('a card that refuses the challenge', () => {
  it('answers the way its REGISTER went, with a new offer, and takes the next challenge', async (t) => {
    const { handset, outer, inner } = await open(t, { secrets: { sim: { ...XOR, algo: 'xor' }, sqn: 0 } });
    outer.on.REGISTER = (transaction) => {
      // A test card wants to be told twice with this AMF (TS 34.108 §8.1.2.2).
      if (outer.all('REGISTER').length > 1) return secureChallenge(transaction, inner);
      const wrong = makeVector(simAlgorithm(XOR), { rand: RAND, sqn: 1, amf: 0xffff });
      const text = `Digest realm="${DOMAIN}", nonce="${akaNonce(wrong.rand, wrong.autn)}", algorithm=AKAv1-MD5, qop="auth"`;
      const response = answer(transaction, 401, { headers: [header(WWW_AUTHENTICATE, parseChallenge(text))] });
      response.headers.addRaw('Security-Server', `ipsec-3gpp;alg=hmac-md5-96;spi-c=600;spi-s=601;port-c=1;port-s=2`);
      transaction.respond(response);
    };
    const result = await handset.register();
    assert.deepEqual(
      result.steps.map((step) => step.answer.kind),
      ['sync-failure', 'res'],
    );
    const [first, second] = outer.all('REGISTER');
    assert.ok(first !== undefined && second !== undefined);
    assert.notEqual(spiOf(second), spiOf(first));
    assert.equal(second.headers.has('Security-Verify'), false);
    assert.equal(spiOf(last(inner.all('REGISTER'))), spiOf(second));
  });
});
