/** The floor: what a datagram costs a Node process that sends it back and does nothing else. */

import type { Endpoint } from '../../src/core/endpoint.ts';
import { loopbackAddress } from '../../test/support/loopback.ts';
import { costOf } from './load.ts';
import { Phones } from './phones.ts';
import { BenchProcess } from './process.ts';

const COUNT = 10_000;

/** Microseconds of CPU time for a datagram of a usual size received and sent. */
export async function echoCost(): Promise<number> {
  const echo = await BenchProcess.start<Endpoint>('./echo-child.js', [loopbackAddress()]);
  const phones = Phones.open(loopbackAddress(), echo.ready);
  const padding = `X: ${'x'.repeat(500)}\r\n\r\n`;
  try {
    return await costOf(
      echo,
      (index, done) => {
        const callId = String(index);
        phones.expect(callId, () => {
          phones.forget(callId);
          done();
        });
        phones.send(`SIP/2.0 200 OK\r\nCall-ID: ${callId}\r\n${padding}`);
      },
      COUNT,
    );
  } finally {
    await echo.stop();
    phones.close();
  }
}
