import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { acknowledge, callUp, insideAsCaller, SDP_HEADER, sdpOf } from '../support/call-flow.ts';
import { TestHss } from '../support/diameter/hss.ts';
import { TestPcrf } from '../support/diameter/pcrf.ts';
import { DiameterServer } from '../support/diameter/server.ts';
import { eventually } from '../support/eventually.ts';
import { type Lab, startLab } from '../support/lab.ts';
import { loopbackAddress } from '../support/loopback.ts';
import { commandOrSkip } from '../support/require-package.ts';
import { cardAnswer, newCard } from '../support/sim-phone.ts';
import { decode, faultOf } from '../support/tshark.ts';

const K = Buffer.from('00112233445566778899aabbccddeeff', 'hex');
const OPC = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex');
const IMPI = '001010123456789@ims.test';
const SIM = { impi: IMPI, impus: ['sip:001010123456789@ims.test', 'tel:+4930600'], k: K, opc: OPC };
const ABSENT = { impi: 'absent@ims.test', impus: ['tel:3001'] };
const USERS = `{impi: "alice", imsi: "001010000000001", impu: ["alice"], pwd: "alice"},
  {impi: "bob", impu: ["bob"], pwd: "bob"},`;
const PORT = 3868;

async function open(lab: Lab): Promise<void> {
  await eventually(() => assert.equal(lab.server.actions.rx().peer?.state, 'open'));
}

describe('Diameter messages', () => {
  it('of every command and both directions are read by Wireshark without a fault', async (t) => {
    const tshark = commandOrSkip(t, 'tshark', 'tshark');
    if (tshark === undefined) return;
    const address = loopbackAddress();
    const server = await DiameterServer.start(t, { address });
    const hss = new TestHss(server, [SIM, ABSENT]);
    const pcrf = new TestPcrf(server);
    const lab = await startLab(t, USERS, `cx_server_addr: "tcp:${address}:${server.port}",`);
    await open(lab);
    const reserved = () =>
      eventually(() => {
        const states = lab.server.actions.rx().sessions.map(({ state }) => state);
        assert.deepEqual(states, ['open', 'open']);
      });

    // UAR, MAR, MAR with AUTS, SAR; PPR; RTR.
    const sim = await lab.phone('001010123456789');
    const card = newCard({ algo: 'milenage', k: K, opc: OPC }, 0x100000);
    const headers = [`Contact: <${sim.contact}>;expires=3600`];
    const first = `Authorization: Digest username="${IMPI}", realm="ims.test", nonce="", uri="sip:ims.test", response=""`;
    const { callId } = sim.start('REGISTER', { headers: [...headers, first] });
    for (let round = 0; round < 2; round++) {
      const challenged = await sim.response(401);
      sim.start('REGISTER', { callId, headers: [...headers, cardAnswer(card, IMPI, challenged)] });
    }
    await sim.response(200);
    await hss.push(IMPI, hss.profileOf(SIM));
    await hss.terminate(IMPI, 2, ['tel:+4930600']);
    await hss.terminate('nobody@ims.test', 0);

    // AAR, AAR of an update, RAR, STR; ASR.
    const [alice, bob] = [await lab.phone('alice'), await lab.phone('bob')];
    await alice.register();
    await bob.register();
    const call = await callUp(alice, bob, 'sip:bob@ims.test');
    await reserved();
    const video = 'm=video 40100 RTP/AVP 96\r\nb=AS:500\r\nb=RS:0\r\nb=RR:2500\r\na=rtpmap:96 H264/90000\r\n';
    const sent = insideAsCaller(alice, call, 'INVITE', sdpOf(alice, 'sendonly') + video);
    bob.respond(await bob.request('INVITE'), 200, { headers: SDP_HEADER, body: sdpOf(bob, 'recvonly') + video });
    await bob.request('ACK');
    acknowledge(alice, sent, await alice.response(200));
    await reserved();
    await pcrf.reauthorize(pcrf.sessionOf(alice.local.address), ['ipCanChange']);
    await pcrf.abort(pcrf.sessionOf(alice.local.address), 0);
    await pcrf.abort('unknown;1;2', 0);
    for (const phone of [alice, bob]) phone.respond(await phone.request('BYE'), 200);
    await eventually(() => assert.equal(lab.server.counts().rxSessions, 0));

    // LIR and SAR of an unregistered user.
    await alice.authenticated('INVITE', 'alice', { uri: 'tel:3001', headers: [`Contact: <${alice.contact}>`] });

    // DWR both ways, DPR.
    await server.request(280, 0, []);
    lab.clock.advance(33_000);
    await server.next(280);
    const stopped = lab.server.stop();
    lab.clock.advance(5000);
    await server.next(282);
    lab.clock.advance(5000);
    await stopped;

    const messages = server.octets.map(({ fromUs, data }) => {
      const [ours, theirs] = [
        { address: '192.0.2.1', port: 40_000 },
        { address: '192.0.2.2', port: PORT },
      ];
      const [from, to] = fromUs ? [ours, theirs] : [theirs, ours];
      return { from, to, data, protocol: 'SCTP' } as const;
    });
    const fields = ['diameter.cmd.code', 'diameter.flags.request', 'diameter.avp.code', 'diameter.avp.unknown'];
    const packets = await decode(t, tshark, messages, fields);
    assert.equal(packets.length, messages.length);
    for (const packet of packets) assert.equal(faultOf(packet), undefined, JSON.stringify(packet));
    assert.ok(packets.every((packet) => packet['diameter.avp.unknown'] === undefined));
    const commands = packets.map((packet) => `${packet['diameter.cmd.code']}${packet['diameter.flags.request']}`);
    const both = [257, 258, 265, 274, 275, 280, 282, 300, 301, 302, 303, 304, 305];
    for (const command of both) {
      const found = new Set(commands.filter((one) => one.startsWith(String(command))));
      assert.equal(found.size, 2, `command ${command}: ${[...found].join(' ')}`);
    }
  });
});
