/** SMS over SGs on the kernel's SCTP: the same flows as on our own stack. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { inKernelLab } from '../support/kernel-lab.ts';
import { startSgsLab } from '../support/sgs-lab.ts';

if (inKernelLab(import.meta.url)) {
  // Before a test of this file's own: the runner ends when no test is left.
  await Promise.all([import('./sgs-sms.test.ts'), import('./sgs-vlr.test.ts')]);
  it('the stack is the kernel', async (t) => {
    const { lab } = await startSgsLab(t);
    assert.equal(lab.server.sgs?.stack, 'kernel');
  });
}
