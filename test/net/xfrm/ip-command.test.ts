import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ipCommand } from '../../../src/net/xfrm/ip-command.ts';
import { systemKernel } from '../../../src/net/xfrm/system-kernel.ts';

const shell = (script: string, timeLimitMs?: number) => ipCommand(['sh', '-c', script, 'ip'], timeLimitMs);

test('it is given its arguments and input, and gives back both outputs and whether it succeeded', async () => {
  assert.deepEqual(await shell('echo "$*"; cat; echo oops >&2; exit 2')(['-batch', '-'], 'a line\n'), {
    ok: false,
    output: '-batch -\na line\n',
    errors: 'oops\n',
  });
  assert.equal((await shell('true')([])).ok, true);
});

test('input it does not read is no fault', async () => {
  assert.deepEqual(await shell('exec 0<&-; exit 1')([], 'x'.repeat(1_000_000)), { ok: false, output: '', errors: '' });
});

test('it is ended when it hangs, and what was to be done fails in words', async () => {
  await assert.rejects(shell('exec sleep 100', 50)([]), {
    code: 'ETIMEDOUT',
    message: /`sh` did not end within 0.05 s/,
  });
});

test('without the program IPsec is impossible, and the words say what to install', async () => {
  const kernel = systemKernel(ipCommand(['no-such-ip']));
  const { problem, integrity, encryption, ipv6 } = await kernel.capabilities();
  assert.match(problem ?? '', /no-such-ip.*iproute2/);
  assert.deepEqual([integrity.size, encryption.size, ipv6], [0, 0, false]);
  await assert.rejects(kernel.flush(), { code: 'ENOENT' });
});

test('without the privilege the words say which', async () => {
  const kernel = systemKernel(shell('echo "RTNETLINK answers: Operation not permitted" >&2; exit 2'));
  assert.match((await kernel.capabilities()).problem ?? '', /CAP_NET_ADMIN/);
});

test('a kernel without IPsec, without ESP, and an ip that knows nothing of it are told apart', async () => {
  for (const [words, expected] of [
    ['Cannot open netlink socket: Protocol not supported', /xfrm_user/],
    ['Error: Requested type not found.', /esp4/],
    ['Object \\"xfrm\\" is unknown, try \\"ip help\\".', /iproute2/],
  ] as const) {
    const { problem } = await systemKernel(shell(`echo "${words}" >&2; exit 2`)).capabilities();
    assert.match(problem ?? '', expected);
  }
});
