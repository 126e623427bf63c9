import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fleetSite, flown, fly, imsi, SIP_PORT } from '../support/fleet-site.ts';
import type { FleetMember } from '../support/handset-fleet.ts';
import { inKernelLab } from '../support/kernel-lab.ts';

const COUNT = 200;

if (inKernelLab(import.meta.url, 900)) {
  test(`${COUNT} handsets with IPsec at once`, async (t) => {
    const site = await fleetSite(t, COUNT);
    const { phone, server } = site;
    const members = Array.from({ length: COUNT }, (_, index): FleetMember => {
      const transport = index % 2 === 0 ? 'UDP' : 'TCP';
      return { imsi: imsi(index), server: { address: server.ipv4, port: SIP_PORT }, local: phone.ipv4, transport };
    });
    const report = await fly(site, members);
    t.diagnostic(`registered within ${report.registerMs} ms`);
    assert.deepEqual(report, { ...flown(COUNT), registerMs: report.registerMs });
    for (const what of ['state', 'policy']) assert.equal(await phone.run('ip', 'xfrm', what), '');
  });
}
