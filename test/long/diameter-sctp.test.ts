import { inKernelLab } from '../support/kernel-lab.ts';

// Everything that is tested over TCP elsewhere, over the kernel's SCTP: TRANSPORT in test/support/diameter says how.
if (inKernelLab(import.meta.url, 600)) {
  await import('../diameter/peer.test.js');
  await import('../flow/cx.test.js');
  await import('../flow/rx.test.js');
}
