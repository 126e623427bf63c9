import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { SimKeys } from '../../src/aka/sim-keys.ts';
import { systemRandom } from '../../src/core/random.ts';
import { systemNet } from '../../src/net/system-net.ts';
import { Handset } from '../../src/ue/handset.ts';
import type { RegisterResult } from '../../src/ue/registration.ts';
import { FakeKernel } from '../support/fake-kernel.ts';
import { startLab } from '../support/lab.ts';

/** Handsets and the whole server, each with a kernel that lets everything pass in clear between the protected ports. */

const K = '00112233445566778899aabbccddeeff';
const OPC = '000102030405060708090a0b0c0d0e0f';
const IMSI = '001010123456789';
const MILENAGE: SimKeys = { algo: 'milenage', k: Buffer.from(K, 'hex'), opc: Buffer.from(OPC, 'hex') };

async function open(t: TestContext, { authentication = 'AKAv1', sqn = 0 } = {}) {
  const user = `{imsi: "${IMSI}", K: "${K}", sim_algo: "milenage", opc: "${OPC}", authent_type: "${authentication}"}`;
  const [serverKernel, kernel] = [new FakeKernel(), new FakeKernel()];
  const lab = await startLab(t, user, 'ipsec_required: true,', '', [], { kernel: serverKernel });
  // The server goes on with what its kernel has done when its clock says so.
  const ticking = setInterval(() => lab.clock.advance(0), 1);
  t.after(() => clearInterval(ticking));
  const handset = await Handset.open(
    {
      impi: `${IMSI}@ims.test`,
      impu: `sip:${IMSI}@ims.test`,
      domain: 'ims.test',
      server: { address: lab.address, port: 5060 },
      local: { address: lab.address.replace(/\d+$/, '250'), port: 0 },
      secrets: { sim: MILENAGE, sqn },
      ipsec: {},
    },
    { net: systemNet(rethrow), clock: lab.clock, random: systemRandom(), kernel },
  );
  t.after(() => handset.close());
  return { handset, kernel, serverKernel, lab };
}

function rethrow(error: unknown): never {
  throw error;
}

/** What two kernels must have alike for packets to pass. */
function states(kernel: FakeKernel): readonly string[] {
  return kernel.live
    .map(({ source, destination, spi, integrity, encryption }) =>
      JSON.stringify([
        source,
        destination,
        spi,
        integrity.algorithm,
        encryption.algorithm,
        keyOf(integrity),
        keyOf(encryption),
      ]),
    )
    .toSorted();
}

function keyOf({ key }: { readonly key: Uint8Array }): string {
  return Buffer.from(key).toString('hex');
}

describe('handset and server', () => {
  for (const authentication of ['AKAv1', 'AKAv2']) {
    it(`${authentication}: both kernels have the same states, now and after a refresh`, async (t) => {
      const { handset, kernel, serverKernel } = await open(t, { authentication });
      for (const count of [4, 8]) {
        assert.equal((await handset.register()).registered, true);
        assert.equal(kernel.live.length, count);
        assert.deepEqual(states(kernel), states(serverKernel));
      }
    });
  }

  it('a card that is ahead of the server resynchronises on the way', async (t) => {
    const { handset, kernel, serverKernel } = await open(t, { sqn: 0x10000 });
    const { steps, registered } = await handset.register();
    assert.deepEqual(
      steps.map((step) => step.answer.kind),
      ['sync-failure', 'res'],
    );
    assert.equal(registered, true);
    // What was prepared for the first challenge fades there.
    for (const state of states(kernel)) assert.ok(states(serverKernel).includes(state), state);
  });

  it('a registration the network takes back is made anew, in clear, when it says so', async (t) => {
    const { handset, lab } = await open(t);
    await handset.register({ stay: true });
    const { subscription } = await handset.subscribe();
    await subscription.next();
    const before = handset.local.port;
    const again = new Promise<RegisterResult>((resolve) => {
      handset.registration.onRefresh = resolve;
    });
    lab.server.actions.unregister(`sip:${IMSI}@ims.test`, 'deactivated');
    assert.equal((await again).registered, true);
    const registers = handset.journal.entries.filter(
      ({ dir, message }) => dir === 'TO' && 'uri' in message && message.method === 'REGISTER',
    );
    assert.deepEqual(
      registers.map(({ remote }) => remote.port === 5060),
      [true, false, true, false],
    );
    assert.equal(handset.local.port, before);
  });
});
