import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { timerValues } from '../../../src/sip/transaction/timers.ts';

describe('timer values (RFC 3261 table 4)', () => {
  it('makes 64·T1 of T1 and keeps D at 32 s or more', () => {
    const lte = timerValues({ t1Ms: 2000, t2Ms: 16_000, t4Ms: 17_000 });
    assert.deepEqual([lte.transactionMs, lte.dMs, lte.tryingMs], [128_000, 128_000, 200]);
    const quick = timerValues({ t1Ms: 10, t2Ms: 80, t4Ms: 100 });
    assert.deepEqual([quick.transactionMs, quick.dMs], [640, 32_000]);
  });
});
