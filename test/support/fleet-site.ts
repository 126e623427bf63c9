import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Child } from './child.ts';
import { MAIN, temporaryFolder } from './daemon.ts';
import { FLEET, type Fleet, type FleetMember, type FleetReport } from './handset-fleet.ts';
import { joinedNamespaces, type Side } from './namespaces.ts';

/** The daemon in one network namespace and handsets in another; needs root, see kernel-lab.ts. */
export interface FleetSite {
  readonly phone: Side;
  readonly server: Side;
  readonly folder: string;
  readonly daemon: Child;
}

/** Of every card: XOR. */
const K = '00112233445566778899aabbccddeeff';
const DOMAIN = 'ims.test';
export const SIP_PORT = 5060;
/** The kernel of the lab is slow. */
export const WAIT = { ms: 60_000 };

/** Of user `index` of the configuration. */
export function imsi(index: number): string {
  return `00101${String(index).padStart(10, '0')}`;
}

/**
 * Writes a configuration with so many users, who all need IPsec.
 * @param more further properties.
 * @returns its path.
 */
export function configure(folder: string, addresses: readonly string[], users: number, more: object = {}): string {
  const config = join(folder, 'ims.cfg');
  const settings = {
    sip_addr: addresses,
    domain: DOMAIN,
    ipsec_required: true,
    ipsec_aalg_list: ['hmac-md5-96', 'hmac-sha-1-96', 'aes-gmac', 'null'],
    ipsec_ealg_list: ['null', 'aes-cbc', 'des-ede3-cbc', 'des-cbc', 'aes-gcm'],
    port_min: 20_000,
    port_max: 30_000,
    ue_db: Array.from({ length: users }, (_, index) => ({ imsi: imsi(index), K })),
    ...more,
  };
  writeFileSync(config, JSON.stringify(settings));
  return config;
}

export async function fleetSite(t: TestContext, users: number, more: object = {}): Promise<FleetSite> {
  const { phone, server } = await joinedNamespaces(t);
  const folder = temporaryFolder(t);
  const config = configure(folder, [server.ipv4, `[${server.ipv6}]`], users, more);
  const daemon = server.start(t, process.execPath, '--enable-source-maps', MAIN, config);
  await daemon.until(/Type 'help'/, WAIT);
  return { phone, server, folder, daemon };
}

/** Runs handsets in the phones' namespace. */
export async function fly({ phone, folder }: FleetSite, members: readonly FleetMember[]): Promise<FleetReport> {
  const fleet: Fleet = { domain: DOMAIN, k: K, members };
  const file = join(folder, 'fleet.json');
  writeFileSync(file, JSON.stringify(fleet));
  return JSON.parse(await phone.run(process.execPath, '--enable-source-maps', FLEET, file)) as FleetReport;
}

/** The report of so many handsets, an even number, when all went well. */
export function flown(count: number): Omit<FleetReport, 'registerMs'> {
  const steps = { registered: count, notified: count, called: count, refreshed: count, deregistered: count };
  return { ...steps, failures: [] };
}
