import type { TestContext } from 'node:test';
import { type Lab, startLab } from './lab.ts';
import { Mme, type MmeOptions } from './mme.ts';
import { SgsUe } from './sgs-ue.ts';

/** Users with SIM cards; alice has a number of her own. */
export const ALICE = '001010000000001';
export const BOB = '001010000000002';
export const SGS_USERS = `
  {impi: "alice", imsi: "${ALICE}", impu: ["alice", "tel:1001"], pwd: "alice", msisdn: "15551001"},
  {impi: "bob", imsi: "${BOB}", impu: ["bob", "tel:1002"], pwd: "bob"},`;

export interface SgsLab {
  readonly lab: Lab;
  readonly mme: Mme;
  /** Connects another MME. */
  readonly connect: (options?: Partial<MmeOptions>) => Promise<Mme>;
}

/** The package for SCTP over raw sockets has a port only once, whatever the address. */
let nextPort = 30_000 + (process.pid % 20_000);

/** The server with SGs, and an MME connected. */
export async function startSgsLab(t: TestContext, users = SGS_USERS, settings = ''): Promise<SgsLab> {
  const port = nextPort++;
  const lab = await startLab(t, users, `sctp_addr: "OWN:${port}", ${settings}`);
  const connect = (options?: Partial<MmeOptions>) => Mme.connect(t, { address: lab.address, port }, options);
  return { lab, mme: await connect(), connect };
}

/** UEs that are attached. */
export async function attached(mme: Mme, ...imsis: readonly string[]): Promise<SgsUe[]> {
  const ues: SgsUe[] = [];
  for (const imsi of imsis) {
    const ue = new SgsUe(mme, imsi);
    await ue.attach();
    ues.push(ue);
  }
  return ues;
}

/** How many short messages wait for a user. */
export function pending({ server }: Lab, impi: string): number | undefined {
  return server.actions.users().find((user) => user.impi === impi)?.sms;
}
