/** SMS over SGs on the kernel's SCTP: the same flows as on our own stack. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { inKernelLab } from '../support/kernel-lab.ts';
import { startSgsLab } from '../support/sgs-lab.ts';

if (inKernelLab(import.meta.url)) {
  it('is there', async (t) => {
    const { lab } = await startSgsLab(t);
    assert.equal(lab.server.sgs?.stack, 'kernel');
  });
  await import('./sgs-sms.test.ts');
  await import('./sgs-vlr.test.ts');
}
