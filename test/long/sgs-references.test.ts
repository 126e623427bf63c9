import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { sctpOrSkip } from '../support/require-sctp.ts';
import { attached, BOB, pending, startSgsLab } from '../support/sgs-lab.ts';
import type { Received } from '../support/sgs-ue.ts';

describe('short messages over SGs', () => {
  it('work as often as one likes: references and transactions come round and are released', async (t) => {
    if (!(await sctpOrSkip(t))) return;
    const { lab, mme } = await startSgsLab(t);
    const [bob] = await attached(mme, BOB);
    assert.ok(bob !== undefined);
    const references = new Set<number>();
    for (let count = 0; count < 800; count++) {
      lab.server.actions.sendSms('bob', `${count}`);
      const taken: Received = await bob.take();
      assert.equal(taken.text, `${count}`);
      references.add(taken.reference);
    }
    assert.equal(references.size, 256);
    assert.equal(pending(lab, 'bob'), 0);
  });
});
