import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { commandOrSkip } from '../../support/require-package.ts';

const LAB = join(import.meta.dirname, '../../../../scripts/kernel-lab');

describe('SCTP of the kernel, in the kernel lab', () => {
  it('passes the tests there', { timeout: 200_000 }, (t) => {
    for (const [command, name] of [
      ['linux.uml', 'user-mode-linux'],
      ['tcpdump', 'tcpdump'],
      ['tshark', 'tshark'],
    ] as const) {
      if (commandOrSkip(t, command, name) === undefined) return;
    }
    const folder = mkdtempSync(join(tmpdir(), 'lteims-sctp-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const capture = join(folder, 'ppid.pcap');
    // A test runner inside a test would report to the outer one.
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const tests = join(import.meta.dirname, 'in-kernel.js');
    const args = [LAB, process.execPath, '--test-force-exit', '--test-reporter=spec', tests, capture];
    const { status, stdout, stderr } = spawnSync('bash', args, { env, encoding: 'utf8' });
    assert.equal(status, 0, stdout + stderr);
    assert.match(stdout, /ℹ pass 2[0-9]\b/);

    const fields = ['-r', capture, '-Y', 'sctp.chunk_type == 0', '-T', 'fields', '-e', 'sctp.data_payload_proto_id'];
    const shown = spawnSync('tshark', fields, { encoding: 'utf8' });
    assert.deepEqual(shown.stdout.trim().split('\n'), ['46', '46'], shown.stderr);
  });
});
