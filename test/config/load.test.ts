// From disk, and whatever the text.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import {
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { loadConfig } from '../../src/config/load.ts';
import { load, NEEDED, parse, printed } from './parsing.ts';

describe('files on disk', () => {
  it('are found relative to the file that names them and named as the user wrote them', (context) => {
    const folder = mkdtempSync(join(tmpdir(), 'config-'));
    context.after(() => rmSync(folder, { recursive: true }));
    mkdirSync(join(folder, 'sub'));
    writeFileSync(join(folder, 'ims.cfg'), `${NEEDED}include "sub/db.cfg",\nlog_filename: "x.log",\ninclude "sub"`);
    writeFileSync(join(folder, 'sub/db.cfg'), 'ue_db: [\n  { impi: 1 },\n],\ninclude "loop.cfg"');
    symlinkSync('db.cfg', join(folder, 'sub/loop.cfg'));
    const here = process.cwd();
    process.chdir(folder);
    context.after(() => process.chdir(here));
    const { errors } = loadConfig('./ims.cfg');
    assert.ok(
      printed(errors).includes('sub/loop.cfg:2:11: ue_db[0].impi: IMPI expected, found the number 1: put it in quotes'),
    );
    assert.ok(printed(errors).includes('./ims.cfg:4:9: "sub" cannot be included: is a directory'));
    // A link to itself ends too; what it was read as came last and counts.
    assert.ok(errors.some(({ message }) => /includes itself/.test(message)));
  });

  it('that are none are refused', () => {
    assert.deepEqual(printed(loadConfig('/nowhere/ims.cfg').errors), [
      '/nowhere/ims.cfg:1:1: cannot be read: no such file',
    ]);
    assert.deepEqual(printed(loadConfig('/dev/zero').errors), ['/dev/zero:1:1: cannot be read: not a file']);
    assert.deepEqual(printed(loadConfig('/tmp').errors), ['/tmp:1:1: cannot be read: is a directory']);
  });

  it('that are pipes are refused when nobody writes, not waited for', (context) => {
    const folder = mkdtempSync(join(tmpdir(), 'config-'));
    context.after(() => rmSync(folder, { recursive: true }));
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    assert.deepEqual(printed(loadConfig(pipe).errors), [
      `${pipe}:1:1: cannot be read: a pipe into which nobody writes`,
    ]);
    writeFileSync(join(folder, 'ims.cfg'), 'include "pipe"');
    assert.match(printed(loadConfig(join(folder, 'ims.cfg')).errors).join(), /"pipe" cannot be included: a pipe into/);
  });

  it('that are pipes are read to the end, however slowly they are written', {
    skip: !existsSync('/dev/fd') && 'no /dev/fd',
  }, (context) => {
    const folder = mkdtempSync(join(tmpdir(), 'config-'));
    context.after(() => rmSync(folder, { recursive: true }));
    const pipe = join(folder, 'pipe');
    const plain = join(folder, 'ims.cfg');
    execFileSync('mkfifo', [pipe]);
    // More than a pipe holds: the writer waits for us in the middle.
    writeFileSync(plain, `${NEEDED}${'// and so on\n'.repeat(20_000)}a b`);
    const reader = openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK);
    const writer = openSync(pipe, 'w');
    spawn('cat', [plain], { stdio: ['ignore', writer, 'ignore'] });
    closeSync(writer);
    const { errors } = loadConfig(`/dev/fd/${reader}`);
    closeSync(reader);
    const { errors: expected } = loadConfig(plain);
    assert.match(errors[0]?.message ?? '', /'b'/);
    assert.deepEqual(
      errors.map(({ message }) => message),
      expected.map(({ message }) => message),
    );
  });
});

describe('any text', () => {
  const word = fc.constantFrom(
    ...[
      '{',
      '}',
      '[',
      ']',
      '(',
      ')',
      ',',
      ':',
      '"',
      '`',
      '${',
      '\\',
      '\n',
      '\n#',
      '/*',
      '*/',
      '//',
      '-',
      '+',
      '*',
      '/',
    ],
    ...['!', '&&', '||', '==', '<', '<=', '#', ' ', '\n#if ', '\n#else\n', '\n#endif\n', '\n#elif ', '\n#define A '],
    ...[
      '\n#undef A\n',
      '\n#include "b"\n',
      'include "b"',
      'A',
      'a',
      'I',
      '1',
      '0x1',
      '1e',
      'true',
      'defined(A)',
      '"x"',
    ],
    ...['ue_db:', 'impi:', 'impu:', 'sip_addr:', '"192.0.2.1"', 'K:', 'echo:', '@', '\u{1f600}', '\0'],
  );

  it('gives settings or errors, and each error has a place in it', () => {
    const text = fc.array(word, { maxLength: 60 }).map((words) => words.join(''));
    fc.assert(
      fc.property(text, text, (main, included) => {
        const files: Readonly<Record<string, string>> = { '/ims.cfg': main, '/b': included };
        const { settings, errors, warnings } = load(files);
        assert.equal(settings === undefined, errors.length > 0);
        for (const { file, line, column } of [...errors, ...warnings]) {
          const lines = files[file]?.split('\n') ?? [];
          assert.ok(line >= 1 && line <= lines.length && column >= 1 && column <= (lines[line - 1] ?? '').length + 1);
        }
      }),
      { numRuns: 3000 },
    );
  });

  it('that was valid stays harmless with a piece removed, doubled or exchanged', () => {
    const valid = `#define D "ims.test"
{ sip_addr: [{ addr: "192.0.2.1:5060", port_min: 1 + 2 * 3 }], domain: \`\${D}\`, /* x */
#if defined(D) && 1 <= 2
  ue_db: [{ impi: "a", pwd: "b", impu: ["c", { impu: "tel:1", 100rel: false }] }], // y
#else
  no,
#endif
  include "b", session_expires: { duration: 3600 }, session_expires: { min: 90 }, }`;
    assert.deepEqual(printed(load({ '/ims.cfg': valid, '/b': 'ipsec: 0' }).errors), []);
    const place = fc.nat(valid.length);
    fc.assert(
      fc.property(place, fc.nat(12), place, fc.nat(12), (at, removed, from, copied) => {
        const changed = valid.slice(0, at) + valid.slice(from, from + copied) + valid.slice(at + removed);
        const { settings, errors } = load({ '/ims.cfg': changed, '/b': 'ipsec: 0' });
        assert.equal(settings === undefined, errors.length > 0);
      }),
      { numRuns: 3000 },
    );
  });

  it('reads back any string and number it is given', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }),
        // Written in decimal, -0 is 0.
        fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => number + 0),
        (text, number) => {
          const escaped = JSON.stringify(text).replaceAll('$', '\\$');
          assert.deepEqual(parse(`s: ${escaped}, n: ${number}`), { value: { s: text, n: number }, errors: [] });
        },
      ),
    );
  });
});

describe('a large configuration', () => {
  it('takes time in proportion to its size', () => {
    const users = (count: number) => {
      const lines = Array.from(
        { length: count },
        (_, n) => `{ impi: "u${n}", impu: ["u${n}", "tel:${n}"], pwd: "p" },\n`,
      );
      const start = performance.now();
      assert.equal(load(`${NEEDED}ue_db: [${lines.join('')}]`).settings?.ue_db.length, count);
      return performance.now() - start;
    };
    users(2000);
    const small = Math.max(users(2000), 5);
    // Quadratic work would be 100 times slower, not 10.
    assert.ok(users(20_000) < small * 60);
  });
});
