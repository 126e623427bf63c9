import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, describe, it } from 'node:test';
import { checkImports } from '../../scripts/imports/check.ts';

const ROOT = join(import.meta.dirname, '../../..');

/** A tree in which every import is allowed; each planted file joins it. */
const CLEAN: Readonly<Record<string, string>> = {
  'package.json': '{ "dependencies": { "ws": "8" }, "devDependencies": { "fast-check": "4" } }',
  'src/core/clock.ts': 'export interface Clock { now(): number }',
  'src/core/system-clock.ts': 'export const now = (): number => Date.now(); setTimeout(() => now(), 1);',
  'src/core/random.ts': "import { randomBytes } from 'node:crypto'; export const r = randomBytes(4);",
  'src/core/endpoint.ts': "import { isIP } from 'node:net'; export const v = isIP('::1');",
  'src/net/ports.ts': "import type { Clock } from '../core/clock.ts'; export interface Port { clock: Clock }",
  'src/net/udp.ts': "import dgram from 'node:dgram'; export const socket = dgram.createSocket('udp4');",
  'src/sip/message/parse.ts': "import { v } from '../../core/endpoint.ts'; export const parse = v;",
  'src/sip/transaction/wire.ts': "import { parse } from '../message/parse.ts'; export const wire = parse;",
  'src/services/service.ts': "import { wire } from '../sip/transaction/wire.ts'; export const service = wire;",
  'src/store/state-file.ts': "import { rename } from 'node:fs/promises'; export const move = rename;",
  'src/ims/router.ts': "import { service } from '../services/service.ts'; export const router = service;",
  'src/main.ts': "import { spawn } from 'node:child_process'; import { router } from './ims/router.ts'; spawn(router);",
};

/** What breaks the rules: the file, its text, and what the check must say of its first line. */
const PLANTED: Readonly<Record<string, readonly [file: string, text: string, says: RegExp]>> = {
  'an import against the table': [
    'sip/message/bad.ts',
    "import { wire } from '../transaction/wire.ts'; export const b = wire;",
    /sip\/message may not import sip\/transaction\/wire/,
  ],
  'a type import against the table': [
    'sip/transport/bad.ts',
    "import type { wire } from '../transaction/wire.ts'; export type B = typeof wire;",
    /sip\/transport may not import sip\/transaction\/wire/,
  ],
  'an inline type import': [
    'core/bad.ts',
    "export type B = import('../net/ports.ts').Port;",
    /core may not import net/,
  ],
  'an inline type import inside a type argument': [
    'core/bad.ts',
    "export const b = new Map<string, import('../net/ports.ts').Port[]>();",
    /core may not import net\/ports/,
  ],
  'a dynamic import': [
    'core/bad.ts',
    "export const b = () => import('../net/udp.ts');",
    /core may not import net\/udp/,
  ],
  'an import for its effects': ['core/bad.ts', "import '../net/udp.ts';", /core may not import net\/udp/],
  'an export from': ['core/bad.ts', "export { socket } from '../net/udp.ts';", /core may not import net\/udp/],
  'an export of all': ['core/bad.ts', "export * from '../net/udp.ts';", /core may not import net\/udp/],
  'an export of types': [
    'core/bad.ts',
    "export type { Port } from '../net/ports.ts';",
    /core may not import net\/ports/,
  ],
  'an import after a comment, on one line': [
    'core/bad.ts',
    "/* a */ import /* ' */ { socket } /* ` */ from /* x */ '../net/udp.ts'; // '",
    /core may not import net\/udp/,
  ],
  'an import inside a template': [
    'core/bad.ts',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: source text
    "export const b = `}${`${{ a: await import('../net/udp.ts') }}`}`;",
    /core may not import net\/udp/,
  ],
  'an import after a regular expression with quotes': [
    'core/bad.ts',
    "export const q = /['\"`/*]/g.test('') ? import('../net/udp.ts') : 4 / 2;",
    /core may not import net\/udp/,
  ],
  'a computed import': ['core/bad.ts', 'export const b = (x: string) => import(x);', /not a plain string/],
  'a part that may import one file of a folder': [
    'sip/transport/bad.ts',
    "import { socket } from '../../net/udp.ts'; export const b = socket;",
    /sip\/transport may not import net\/udp/,
  ],
  'a folder that the table does not know': [
    'sip/extra/bad.ts',
    'export const b = 1;',
    /in no part of the import table/,
  ],
  'a file on top that the table does not know': ['helper.ts', 'export const b = 1;', /in no part of the import table/],
  'an import from outside src': ['main.ts', "import '../test/a.ts';", /outside src/],
  'an import of what is not there': ['core/bad.ts', "import './missing.ts';", /no file of src/],
  'an import that compiles to another name': ['core/bad.ts', "import './clock.js';", /no file of src/],
  "Node's network in a protocol": [
    'sdp/bad.ts',
    "import { connect } from 'node:net'; connect(1);",
    /may not use node:net/,
  ],
  "a type of Node's network in a protocol": [
    'sdp/bad.ts',
    "import type { Socket } from 'node:net';",
    /may not use node:net/,
  ],
  'pure and other names together': ['sdp/bad.ts', "import { isIP, connect } from 'node:net';", /may not use node:net/],
  'all of a module with pure names': ['sdp/bad.ts', "import * as net from 'node:net';", /may not use node:net/],
  'its default': ['sdp/bad.ts', "import net, { isIP } from 'node:net';", /may not use node:net/],
  'its default behind an odd name': ['sdp/bad.ts', "import type from 'node:net';", /may not use node:net/],
  'files outside the state file': ['store/bad.ts', "import { readFileSync } from 'node:fs';", /may not use node:fs/],
  'processes outside net': [
    'ipsec/bad.ts',
    "import { spawn } from 'node:child_process';",
    /may not use node:child_process/,
  ],
  'timers from their module': [
    'call/bad.ts',
    "import { setImmediate } from 'node:timers/promises';",
    /may not use node:timers\/promises/,
  ],
  'a built-in without node:': ['net/bad.ts', "import net from 'net';", /write node:net/],
  'random bytes': [
    'sip/dialog/bad.ts',
    "import { randomBytes as b } from 'node:crypto';",
    /randomBytes .* core\/random/,
  ],
  'all of node:crypto': ['aka/bad.ts', "import * as crypto from 'node:crypto';", /\* of node:crypto/],
  'the default of node:crypto': ['aka/bad.ts', "import crypto from 'node:crypto';", /default of node:crypto/],
  'Math.random': ['aka/bad.ts', 'export const b = Math.random();', /Math\.random/],
  'a timer': ['call/bad.ts', 'export const b = setTimeout(() => {}, 1);', /setTimeout is only for core\/system-clock/],
  'a timer of the global object': ['call/bad.ts', 'globalThis.setInterval(() => {}, 1);', /setInterval is only for/],
  'the date': ['call/bad.ts', 'export const b = Date.now();', /Date\.now is only for/],
  'the date as an object': ['call/bad.ts', 'export const b = new Date();', /Date\(\) is only for/],
  'a package for development only': [
    'net/bad.ts',
    "import 'fast-check/x';",
    /fast-check is not among the dependencies/,
  ],
  'a string without an end': ['core/bad.ts', "export const b = 'x", /string without an end/],
};

/** What looks like a breach and is none. */
const HARMLESS: Readonly<Record<string, readonly [file: string, text: string]>> = {
  'imports in comments and strings': [
    'core/good.ts',
    "// import '../net/udp.ts'\n/* import '../net/udp.ts' */ export const a = \"import '../net/udp.ts'\" + `import('../net/udp.ts')`;",
  ],
  'a given date': ['call/good.ts', 'export const a = (at: number) => new Date(at);'],
  "another object's method of the same name": [
    'call/good.ts',
    'export const a = (c: any) => c.setTimeout(c.Date.now());',
  ],
  'division that looks like a regular expression': [
    'core/good.ts',
    "export const a = (x: number[], i: number) => [x[0]! / 2, x.length / 2, i++ / 3, (i) / 4, '/'];",
  ],
  'import.meta and properties called import': [
    'core/good.ts',
    'export const a = { import: 1, u: import.meta.url }.import;',
  ],
  'a package': ['net/good.ts', "import { WebSocket } from 'ws'; import 'ws/lib/x.js'; export const a = WebSocket;"],
  'an export without from': ['core/good.ts', "const from = 'x'; export { from }; export type A = string;"],
};

describe('the import table', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lteims-imports-'));
  after(() => rmSync(folder, { recursive: true }));

  function check(planted: Readonly<Record<string, string>>): readonly string[] {
    rmSync(folder, { recursive: true });
    for (const [path, text] of Object.entries({ ...CLEAN, ...planted })) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    return checkImports(folder);
  }

  it('holds in this repository', () => {
    assert.deepEqual(checkImports(ROOT), []);
  });

  it('holds in a tree that keeps it', () => {
    assert.deepEqual(check({}), []);
  });

  for (const [name, [file, text, says]] of Object.entries(PLANTED)) {
    it(`reports ${name}`, () => {
      const breaches = check({ [`src/${file}`]: text });
      assert.equal(breaches.length, 1, breaches.join('\n'));
      assert.ok(breaches[0]?.startsWith(`src/${file}:1: `), breaches[0]);
      assert.match(breaches[0] ?? '', says);
    });
  }

  for (const [name, [file, text]] of Object.entries(HARMLESS)) {
    it(`lets pass ${name}`, () => assert.deepEqual(check({ [`src/${file}`]: text }), []));
  }

  it('names the line', () => {
    const text = "/*\n\n*/ const a = `\n`;\nimport {\n  socket,\n} from '../net/udp.ts';\nexport { a, socket };";
    assert.match(check({ 'src/core/bad.ts': text })[0] ?? '', /^src\/core\/bad\.ts:5: core may not import net\/udp$/);
  });

  it('reports a cycle, through types too', () => {
    const breaches = check({
      'src/aka/a.ts': "import type { b } from './b.ts'; export const a = 1;",
      'src/aka/b.ts': "import { c } from './c.ts'; export const b = c;",
      'src/aka/c.ts': "export type C = import('./a.ts').a; export const c = 1;",
      'src/aka/d.ts': "import { a } from './a.ts'; export const d = a;",
    });
    assert.deepEqual(breaches, ['src/aka/a.ts:1: imports itself: aka/a -> aka/b -> aka/c -> aka/a']);
  });
});
