// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the language under test has them
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parse } from './parsing.ts';

function value(text: string): unknown {
  const parsed = parse(text);
  assert.deepEqual(parsed.errors, []);
  return parsed.value;
}

describe('preprocessor', () => {
  it('replaces variables by their values wherever an expression has them', () => {
    const text = `
      #define A 2 + 1 // three
      #define S "x"
      #define L ["p", S, { q: A }]
        #define YES
      a: A * 2, b: S + "y", c: \`<\${A}\${S}>\`, d: L, A: 1, e: YES, f: [A, (A)],`;
    assert.deepEqual(value(text), {
      a: 6,
      b: 'xy',
      c: '<3x>',
      d: ['p', 'x', { q: 3 }],
      A: 1,
      e: true,
      f: [3, 3],
    });
  });

  it('evaluates a definition where it stands', () => {
    assert.deepEqual(value('#define N 1\n#define M N\n#define N N + 1\na: N, b: M'), { a: 2, b: 1 });
    assert.deepEqual(value('#define X 1\na: X\n#undef X\n, b: defined(X)'), { a: 1, b: false });
  });

  it('lets brackets and backslashes go on over lines', () => {
    const text = '#define L [\n 1,\n 2\n]\n#define N 1 + \\\n 2\n#define T `${\n3}`\na: L, b: N, c: T';
    assert.deepEqual(value(text), { a: [1, 2], b: 3, c: '3' });
  });

  it('gives each use of a variable its own value', () => {
    assert.deepEqual(value('#define O { a: 1 }\nx: O, x: { a: 2 }, y: O'), { x: { a: 2 }, y: { a: 1 } });
  });

  it('takes the branch whose condition holds', () => {
    const text = (n: number) => `
      #define N ${n}
      #if N == 1
      a: "one",
      #elif N == 2
      a: "two",
      #elif N == 3 && defined(N) && !defined(NOTHING)
      a: "three",
      #else
      a: "many",
      #endif`;
    assert.deepEqual(
      [1, 2, 3, 4].map((n) => value(text(n))),
      ['one', 'two', 'three', 'many'].map((a) => ({ a })),
    );
  });

  it('knows #ifdef and #ifndef, nested, in any place', () => {
    const text = `
      #define A 0
      #ifdef A
        #ifndef B
          l: [ 1,
          #ifdef B
            2,
          #else
            3,
          #endif
          ],
        #else
          no: 1,
        #endif
      #else
        #if NOTHING
          #elif ALSO / 0
        #endif
        no: 2,
      #endif
      o: {
      #if A
        x: 1,
      #elif 1
        y: 1,
      #endif
      }`;
    assert.deepEqual(value(text), { l: [1, 3], o: { y: 1 } });
  });

  it('passes over anything in text left out', () => {
    const text =
      '#if 0\n it\'s @ ; "open\n `${ "`" + `\n#else\n` }\n#endif` /*\n#else\n*/ // #endif\n#what\n#endif\na: 1';
    assert.deepEqual(value(text), { a: 1 });
  });

  it('does not take a # inside strings, comments and lines for a directive', () => {
    assert.deepEqual(value('a: `\n#define X 1\n`, /*\n#if 0\n*/ b: "#endif"'), { a: '\n#define X 1\n', b: '#endif' });
  });

  it('splices the tokens of an #include', () => {
    const files = {
      '/ims.cfg': '#define F "list"\n#include "defs/d.cfg"\na: [0,\n#include F + ".cfg"\n4], b: D',
      '/list.cfg': '1, 2,\n3,',
      '/defs/d.cfg': '#include "e.cfg"\n#define D E + 1',
      '/defs/e.cfg': '#ifndef E\n#define E 41\n#endif\n',
    };
    assert.deepEqual(parse(files), { value: { a: [0, 1, 2, 3, 4], b: 42 }, errors: [] });
  });
});

describe('include', () => {
  it('merges a file in reading order', () => {
    const files = {
      '/ims.cfg': 'value: "foo",\ninclude "file2.cfg",\nfoo: "foo"',
      '/file2.cfg': 'value: "bar",\nfoo: "bar"',
    };
    assert.deepEqual(parse(files), { value: { value: 'bar', foo: 'foo' }, errors: [] });
  });

  it('works in objects at any depth, relative to the including file', () => {
    const files = {
      '/ims.cfg': 'l: [{ o: { a: 1, include "sub/one.cfg", c: 5 } }], include: 7',
      '/sub/one.cfg': '{ a: 2, include "../two.cfg", include "/abs.cfg" }',
      '/two.cfg': 'b: 3, c: 4,',
      '/abs.cfg': 'd: 6',
    };
    assert.deepEqual(parse(files), { value: { l: [{ o: { a: 2, b: 3, c: 5, d: 6 } }], include: 7 }, errors: [] });
  });

  it('shares preprocessor variables with the included file, both ways', () => {
    const files = { '/ims.cfg': '#define N 1\ninclude "a.cfg",\nb: M', '/a.cfg': 'a: N,\n#define M N + 1' };
    assert.deepEqual(parse(files), { value: { a: 1, b: 2 }, errors: [] });
  });

  it('takes one file twice, but not inside itself', () => {
    const twice = { '/ims.cfg': 'x: { include "a.cfg" }, y: { include "a.cfg" }', '/a.cfg': 'a: 1' };
    assert.deepEqual(parse(twice), { value: { x: { a: 1 }, y: { a: 1 } }, errors: [] });
    const cycle = { '/ims.cfg': 'a: 1,\n  include "b.cfg"', '/b.cfg': 'b: 1,\ninclude "./ims.cfg"' };
    assert.deepEqual(parse(cycle).errors, ['/b.cfg:2:9: "./ims.cfg" includes itself']);
    const directive = { '/ims.cfg': '#include "b.cfg"\n', '/b.cfg': '\n#include "b.cfg"' };
    assert.deepEqual(parse(directive).errors, ['/b.cfg:2:10: "b.cfg" includes itself']);
  });
});
