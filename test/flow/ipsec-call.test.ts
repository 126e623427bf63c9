/** Calls of phones whose SIP goes through security associations, which change under the call (TS 33.203 §7.4). */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { SimKeys } from '../../src/aka/sim-keys.ts';
import { printEndpoint } from '../../src/core/endpoint.ts';
import { SDP_HEADER, sdpOf, targetOf } from '../support/call-flow.ts';
import { FakeKernel } from '../support/fake-kernel.ts';
import { startLab } from '../support/lab.ts';
import { type ClientSide, SecurePhone, serverSide } from '../support/secure-phone.ts';
import { newCard } from '../support/sim-phone.ts';

const K = '00112233445566778899aabbccddeeff';
const IMSI = '001010123456789';
const XOR: SimKeys = { algo: 'xor', k: Uint8Array.from(Buffer.from(K, 'hex')) };
const OLD_SET_MS = 64 * 500;

/** What a protected phone says in each request. */
function secured({ server }: ClientSide, verify: string): { readonly sentBy: string; readonly headers: string[] } {
  const headers = ['Require: sec-agree', 'Proxy-Require: sec-agree', `Security-Verify: ${verify}`];
  return { sentBy: printEndpoint(server.local), headers };
}

/** A call to the echo, during which the phone has registered again; its old associations are gone. */
async function renewedInCall(t: TestContext) {
  const kernel = new FakeKernel();
  const users = `{imsi: "${IMSI}", K: "${K}"},`;
  const lab = await startLab(t, users, 'echo: ["tel:666"], dialog_timeout: 0,', '', [], { kernel });
  const phone = await SecurePhone.make(newCard(XOR), `${IMSI}@ims.test`, (port) => lab.phone(IMSI, 21, port));
  const first = await phone.side();
  const { theirs } = await phone.register(first);
  const { sentBy, headers } = secured(first, theirs.text);
  const sent = first.client.start('INVITE', {
    uri: 'tel:666',
    sentBy,
    headers: [...headers, `Contact: <sip:${IMSI}@${sentBy}>`, ...SDP_HEADER],
    body: sdpOf(first.client),
  });
  await first.server.response(180);
  const accepted = await first.server.response(200);
  const inside = {
    uri: targetOf(accepted),
    callId: sent.callId,
    from: sent.from,
    to: accepted.headers.raw('To') ?? '',
  };
  first.client.start('ACK', { ...inside, sentBy, cseq: sent.sequence, branch: 'z9hG4bKack' });

  const second = await phone.side();
  phone.offerInside(second, first, theirs);
  const challenged = await first.server.response(401);
  const renewed = serverSide(challenged);
  phone.inside(second, renewed, [`Security-Client: ${second.text}`, phone.answer(challenged), 'Expires: 3600']);
  await second.server.response(200);
  second.client.aim(renewed.portS);
  second.client.start('OPTIONS', { uri: 'sip:ims.test', ...secured(second, renewed.text) });
  await second.server.response(200);
  lab.clock.advance(OLD_SET_MS + 1);
  await kernel.settled();
  assert.equal(kernel.live.length, 4);
  const [dialog] = lab.server.actions.dialogs();
  assert.equal(dialog?.state, 'start');
  return { lab, second, renewed, inside, session: dialog?.sessionId ?? '' };
}

function nothingLeft({ clock, server }: Awaited<ReturnType<typeof renewedInCall>>['lab']): void {
  for (let round = 0; round < 3; round++) clock.advance(33_000);
  const { dialogs, calls, streams } = server.counts();
  assert.deepEqual({ dialogs, calls, streams }, { dialogs: 0, calls: 0, streams: 0 });
}

describe('a phone that registers again in a call', () => {
  it('gets the BYE through its new associations', async (t) => {
    const { lab, second, renewed, session } = await renewedInCall(t);
    assert.ok(lab.server.actions.stopDialog(session));
    const bye = await second.server.request('BYE');
    assert.equal(second.server.lastSource, renewed.portC);
    second.client.respond(bye, 200);
    nothingLeft(lab);
  });

  it('ends it through them', async (t) => {
    const { lab, second, renewed, inside } = await renewedInCall(t);
    second.client.start('BYE', { ...inside, ...secured(second, renewed.text) });
    await second.server.response(200);
    nothingLeft(lab);
  });
});
