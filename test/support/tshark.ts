import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { promisify } from 'node:util';
import { temporaryFolder } from './daemon.ts';
import { type Captured, pcapOf } from './pcap.ts';

const run = promisify(execFile);

/** What Wireshark makes of one packet: fields by their name, all values of each. */
export type Decoded = { readonly [field: string]: readonly string[] };

/** Severities of its expert information from which on something is wrong: warnings and errors. */
const WRONG = ['6291456', '8388608'];
/** It takes the header of a SIP message and its body for one text, in which there should be no NUL. */
const NUL_IN_BODY = 'Trailing stray characters';

/** @param fields to tell beside what is wrong. */
export async function decode(
  t: TestContext,
  tshark: string,
  datagrams: readonly Captured[],
  fields: readonly string[],
): Promise<readonly Decoded[]> {
  const file = join(temporaryFolder(t), 'capture.pcap');
  writeFileSync(file, pcapOf(datagrams));
  const names = ['_ws.malformed', '_ws.expert.severity', '_ws.expert.message', ...fields];
  const args = ['-r', file, '-o', 'gsm_sms.reassemble:FALSE', '-T', 'json', ...names.flatMap((name) => ['-e', name])];
  const { stdout } = await run(tshark, args, { maxBuffer: 2 ** 26 });
  const packets = JSON.parse(stdout) as readonly { readonly _source: { readonly layers: Decoded } }[];
  return packets.map(({ _source }) => _source.layers);
}

/** What is wrong with a packet, in Wireshark's words; undefined when nothing is. */
export function faultOf(packet: Decoded): string | undefined {
  if (packet['_ws.malformed'] !== undefined) return `malformed: ${JSON.stringify(packet)}`;
  const messages = packet['_ws.expert.message'] ?? [];
  const severities = packet['_ws.expert.severity'] ?? [];
  return messages.find((message, at) => WRONG.includes(severities[at] ?? '') && message !== NUL_IN_BODY);
}
