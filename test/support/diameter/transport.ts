import { systemNet } from '../../../src/net/system-net.ts';

/** Diameter in tests is spoken over TCP, and over SCTP in the kernel lab, where the same tests are run again. */
export const TRANSPORT = process.env.KERNEL_LAB === undefined ? 'TCP' : 'SCTP';

/** What a test peer listens on. */
export const LISTENING = TRANSPORT === 'TCP' ? {} : { sctp: systemNet((bug) => process.emitWarning(String(bug))) };

/** As a configuration names a server there. */
export function serverAddress(address: string, port: number): string {
  return `${TRANSPORT === 'TCP' ? 'tcp:' : ''}${address}:${port}`;
}
