import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { Command, CommanderError } from 'commander';
import type { SimKeys } from '../../src/aka/sim-keys.ts';
import { parseEndpoint } from '../../src/core/endpoint.ts';
import { systemRandom } from '../../src/core/random.ts';
import { systemNet } from '../../src/net/system-net.ts';
import { verifyDigest } from '../../src/sip/message/digest.ts';
import { addUeCommand } from '../../src/ue/command.ts';
import { Handset } from '../../src/ue/handset.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { FakeKernel } from '../support/fake-kernel.ts';
import { accept, challenge, credentialsOf, DOMAIN, vector, XOR } from './home.ts';
import { answer, handsetParts, ScriptedServer } from './scripted-server.ts';

const USERS = `domain: "${DOMAIN}", ue_db: [
  { impi: "alice", impu: "alice", pwd: "secret" },
  { impi: "bob@${DOMAIN}", impu: "bob", pwd: "wrong" },
  { imsi: "001010123456789", sim_algo: "milenage", opc: "00112233445566778899aabbccddeeff",
    K: "00112233445566778899aabbccddeeff" },
]`;

/** The card of the last user. */
const OPC_ALIKE: SimKeys = {
  algo: 'milenage',
  k: Buffer.from('00112233445566778899aabbccddeeff', 'hex'),
  opc: Buffer.from('00112233445566778899aabbccddeeff', 'hex'),
};

function rethrow(error: unknown): never {
  throw error;
}

/** `lteims ue …` with a clock that stands still. */
async function open(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'ue-'));
  const file = join(folder, 'ue_db.cfg');
  writeFileSync(file, USERS);
  const before = process.exitCode;
  t.after(() => {
    rmSync(folder, { recursive: true });
    process.exitCode = before;
  });
  const lines: string[] = [];
  const seen: { wanted: RegExp; resolve: () => void }[] = [];
  const clock = new FakeClock();
  let interrupt = () => {};
  const interrupted = new Promise<void>((resolve) => {
    interrupt = resolve;
  });
  const print = (line: string) => {
    lines.push(line);
    for (const { wanted, resolve } of seen) if (wanted.test(line)) resolve();
  };
  const run = async (...args: string[]): Promise<number> => {
    const program = new Command('lteims').exitOverride().configureOutput({ writeErr: print, writeOut: print });
    const kernel = new FakeKernel();
    addUeCommand(program, { net: systemNet(rethrow), kernel, clock, random: systemRandom(), print, interrupted });
    try {
      await program.parseAsync(['ue', ...args], { from: 'user' });
    } catch (error) {
      if (!(error instanceof CommanderError)) throw error;
      return 2;
    }
    return Number(process.exitCode);
  };
  const line = (wanted: RegExp) => new Promise<void>((resolve) => void seen.push({ wanted, resolve }));
  return { file, run, lines, line, clock, interrupt: () => interrupt() };
}

/** A server that wants the password `secret`. */
async function openServer(t: TestContext) {
  const server = await ScriptedServer.open(t);
  server.on.REGISTER = (transaction) => {
    const credentials = credentialsOf(transaction);
    if (credentials === undefined) challenge(transaction, 'nonce');
    else if (verifyDigest(credentials, 'REGISTER', Buffer.from('secret'))) accept(transaction, 3600);
    else transaction.respond(answer(transaction, 403));
  };
  return { server, address: `127.0.0.1:${server.local.port}` };
}

describe('lteims ue register', () => {
  it('registers the first user and says what was registered', async (t) => {
    const { file, run, lines } = await open(t);
    const { address } = await openServer(t);
    assert.equal(await run('register', file, '--server', address, '--once'), 0);
    const text = lines.join('\n');
    assert.match(text, /-> REGISTER sip:ims\.example\.org\n<- 401 .*\n {3}challenged with MD5 .* password/);
    assert.match(text, /Registered for 3600 s as sip:alice@ims\.example\.org, tel:\+1234/);
  });

  it('is what is done when nothing is named; stays registered until it is interrupted', async (t) => {
    const { file, run, line, interrupt, clock } = await open(t);
    const { server, address } = await openServer(t);
    const staying = line(/Staying registered/);
    const done = run(file, '--server', address);
    await staying;
    interrupt();
    assert.equal(await done, 0);
    assert.equal(server.all('REGISTER').at(-1)?.headers.raw('Expires'), '0');
    assert.equal(clock.waiting, 0);
  });

  it('says the probable cause of a refusal', async (t) => {
    const { file, run, lines } = await open(t);
    const { server, address } = await openServer(t);
    assert.equal(await run('register', file, '--server', address, '--once', '--impi', 'bob'), 1);
    assert.match(lines.at(-1) ?? '', /pwd of bob@ims\.example\.org/);

    server.on.REGISTER = (transaction) => challenge(transaction, vector(XOR));
    assert.equal(await run('register', file, '--server', address, '--once', '--index', '2'), 1);
    assert.match(lines.at(-1) ?? '', /K, OP or OPc, or sim_algo differ/);
  });

  it('says that nobody answers', async (t) => {
    const { file, run, lines, line, clock } = await open(t);
    const { server, address } = await openServer(t);
    const arrived = new Promise<void>((resolve) => {
      server.on.REGISTER = () => resolve();
    });
    const hint = line(/no answer .* so far/);
    const done = run('register', file, '--server', address, '--once');
    await arrived;
    clock.advance(3000);
    await hint;
    clock.advance(29_000);
    assert.equal(await done, 1);
    assert.match(lines.at(-1) ?? '', /nobody answered at 127\.0\.0\.1:\d+: is the server running/);
  });

  it('ends at once when it is interrupted before it is registered', async (t) => {
    const { file, run, clock, interrupt } = await open(t);
    const { server, address } = await openServer(t);
    server.on.REGISTER = () => interrupt();
    assert.equal(await run('register', file, '--server', address), 1);
    assert.equal(clock.waiting, 0);
  });

  it('refuses wrong use, and names the users there are', async (t) => {
    const { file, run, lines } = await open(t);
    assert.equal(await run('register', file), 2);
    assert.match(lines.join('\n'), /name the server with --server/);
    assert.equal(await run('register', file, '--impi', 'nobody', '--server', '127.0.0.1'), 2);
    assert.match(lines.join('\n'), /0 {2}alice\n {2}1 {2}bob@/);
    assert.equal(await run('register', file, '--server', 'somewhere'), 2);
    assert.equal(await run('register', file, '--transport', 'sctp', '--server', '127.0.0.1'), 2);
    assert.equal(await run('call', file), 2);
  });
});

describe('lteims ue --ipsec', () => {
  it('says what became of it', async (t) => {
    const { file, run, lines } = await open(t);
    const { server, address } = await openServer(t);
    const sim = ['register', file, '--server', address, '--once', '--index', '2'];
    server.on.REGISTER = (transaction) => challenge(transaction, vector(OPC_ALIKE));
    assert.equal(await run(...sim, '--ipsec-algorithms', 'hmac-md5-96/aes-cbc'), 1);
    assert.match(lines.at(-1) ?? '', /no security associations: the challenge has no Security-Server/);
    assert.match(
      server.all('REGISTER')[0]?.headers.raw('Security-Client') ?? '',
      /^[^,]*;alg=hmac-md5-96;ealg=aes-cbc$/,
    );
    await assert.rejects(run('register', file, '--server', address, '--ipsec'), /alice.* has no SIM/);
  });

  it('refuses what is no pair of algorithms, and a namespace that is not there', async (t) => {
    const { file, run, lines } = await open(t);
    assert.equal(await run('register', file, '--server', '127.0.0.1', '--ipsec-algorithms', 'rot13'), 2);
    assert.match(lines.join('\n'), /rot13 is no pair; these are: hmac-md5-96\/null, /);
    await assert.rejects(
      run('register', file, '--netns', 'nowhere'),
      /no network namespace nowhere; .*\n {2}ip netns add nowhere\n/,
    );
    await assert.rejects(run('register', file, '--netns', '../nowhere'), /no network namespace/);
  });
});

describe('lteims ue call', () => {
  it('registers, calls, sends a tone and says what came back', async (t) => {
    const { file, run, lines, line, clock } = await open(t);
    const [here, there] = ['127.72.0.1:5060', '127.72.0.2:5060'];
    const phone = await serverPhone(t, clock, there, here);
    phone.autoAnswer = { sound: 'echo' };
    const answered = line(/Answered/);
    const done = run('call', file, '1234', '--server', there, '--local', here, '--duration', '2');
    await answered;
    const incoming = await phone.nextCall();
    clock.advance(1000);
    await incoming.media.heard(51);
    // By the time this is answered, the echoes sent before it have been read too.
    await phone.request('OPTIONS', 'sip:alice@127.72.0.1');
    clock.advance(1000);
    assert.equal(await done, 0);
    assert.equal(incoming.invite.uri, `sip:1234@${DOMAIN};user=phone`);
    const text = lines.join('\n');
    assert.match(text, /Ringing/);
    assert.match(text, /RTP: 10[01] packets sent, \d+ received, \d+ lost/);
    assert.equal((await incoming.ended()).by, 'peer');
  });

  it('fails when nothing comes back, and when it is refused', async (t) => {
    const { file, run, lines, line, clock } = await open(t);
    const [here, there] = ['127.72.0.3:5060', '127.72.0.4:5060'];
    const phone = await serverPhone(t, clock, there, here);
    phone.autoAnswer = { sound: 'silence' };
    const args = ['call', file, 'sip:bob@there', '--server', there, '--local', here, '--duration', '1'];
    const answered = line(/Answered/);
    const done = run(...args);
    await answered;
    clock.advance(1000);
    assert.equal(await done, 1);
    assert.match(lines.join('\n'), /0 received, none/);

    phone.autoAnswer = undefined;
    phone.onCall = (call) => call.refuse(480);
    assert.equal(await run(...args), 1);
    assert.match(lines.join('\n'), /480 Temporarily Unavailable: the callee is not registered/);
  });
});

describe('lteims ue answer', () => {
  it('answers as many calls as it is told and sends back what it hears', async (t) => {
    const { file, run, lines, line, clock } = await open(t);
    const [here, there] = ['127.72.0.5:5060', '127.72.0.6:5060'];
    const phone = await serverPhone(t, clock, there, here);
    const waiting = line(/Waiting for 1 calls/);
    const done = run('answer', file, '--server', there, '--local', here, '--count', '1');
    await waiting;
    const call = await phone.call('alice');
    await call.answered();
    call.media.burst(3);
    await call.media.heard(3);
    await call.hangUp();
    assert.equal(await done, 0);
    assert.match(lines.join('\n'), /Call from sip:phone@.*\n[\s\S]*RTP: 3 packets sent, 3 received/);
  });
});

/** A handset that takes REGISTER too, so that one handset is the other's server. */
async function serverPhone(t: TestContext, clock: FakeClock, here: string, there: string): Promise<Handset> {
  const [local, server] = [here, there].map((text) => parseEndpoint(text, 5060));
  assert(local !== undefined && server !== undefined);
  const who = { impi: 'phone', impu: `sip:phone@${DOMAIN}`, domain: DOMAIN, secrets: {} };
  const phone = await Handset.open({ ...who, local, server }, handsetParts(clock));
  t.after(() => phone.close());
  phone.intercept = (transaction) => {
    if (transaction.request.method !== 'REGISTER') return false;
    accept(transaction);
    return true;
  };
  return phone;
}
