import type { TestContext } from 'node:test';
import { systemNet } from '../../src/net/system-net.ts';

/** Whether this machine lets us have SCTP; without it the test is skipped, saying why: `if (!(await sctpOrSkip(t))) return;` */
export async function sctpOrSkip(t: TestContext): Promise<boolean> {
  try {
    const options = { address: '127.0.0.1', port: 40_000 + (process.pid % 20_000), ppid: 0 };
    const listener = await systemNet(() => {}).listenSctp(options, () => ({ onMessage() {}, onClose() {} }));
    listener.close();
    return true;
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EPROTONOSUPPORT')) throw error;
    t.skip(`skipped: ${error.message}`);
    return false;
  }
}
