// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the language under test has them
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parse } from './parsing.ts';

function errors(text: string): string[] {
  return parse(text).errors.map((error) => error.replace('/ims.cfg:', ''));
}

describe('errors of the language', () => {
  const table: [string, string, string][] = [
    ['a string that does not end', 'a: 1,\nb: "open\nc: 2', '2:4: string without its closing "'],
    ['a template that does not end', 'a: `open\nc: 2', '1:4: string without its closing `'],
    ['a comment that does not end', 'a: 1, /* open', '1:7: comment without its closing */'],
    ['an unknown escape', 'a: "x\\qy"', '1:6: unknown escape \\q in a string'],
    ['a short escape', 'a: "\\u12"', '1:5: unknown escape \\u in a string'],
    ['an unknown identifier', 'a: b', '1:4: unknown identifier b'],
    ['a malformed number', 'a: 12ab', '1:4: 12ab is not a number'],
    ['another malformed number', 'a: 1.5x', '1:4: 1.5x is not a number'],
    ['a number that is too large', 'a: 1e999', '1:4: 1e999 is too large'],
    ['a result that is too large', 'a: 1e308 * 10', "1:10: the result of '*' is too large"],
    ['division by zero', 'a: 1 / (2 - 2)', '1:6: division by zero'],
    ['division by a complex zero', 'a: I / 0', '1:6: division by zero'],
    ['arithmetic on a string', 'a: "x" * 2', `1:8: '*' needs two numbers, found the string "x" and the number 2`],
    ['a sum of arrays', 'a: [] + 1', `1:7: '+' needs two numbers, found an empty array and the number 1`],
    ['a sign before a string', 'a: -"x"', `1:4: '-' needs a number, found the string "x"`],
    [
      'an order of unlike things',
      'a: 1 < "2"',
      `1:6: '<' compares two numbers or two strings, found the number 1 and the string "2"`,
    ],
    ['a condition that is none', 'a: !"x"', '1:5: true or false expected, found the string "x"'],
    ['an array in a string', 'a: `x${[1]}`', '1:8: an array cannot be part of a string'],
    ['a value that is missing', 'a: ,\nb: 1', "1:4: a value expected, found ','"],
    ['a name that is missing', ': 1, b: 2', "1:1: a property name expected, found ':'"],
    ['a colon that is missing', 'a 1, b: 2', "1:3: ':' expected after the property name 'a', found '1'"],
    ['a comma that is missing', 'a: 1\nb: 2', "2:1: ',' or '}' expected, found 'b'"],
    ['a comma that is missing in an array', 'a: [1 2]', "1:7: ',' or ']' expected, found '2'"],
    ['a brace that is missing', 'a: { b: 1', "1:10: '}' of the '{' in line 1 expected, found the end of the file"],
    ['a bracket that is missing', 'a: ["x",\n "y"\nb: 1,\nc: 2', "3:1: ']' of the '[' in line 1 expected, found 'b'"],
    ['a parenthesis that is missing', 'a: (1 + 2, b: 1', "1:10: ')' of the '(' in line 1 expected, found ','"],
    ['a brace too many', '{ a: 1 } }', "1:10: the end of the file expected, found '}'"],
    ['a bracket that closes a brace', 'a: { b: 1 ], c: 2', "1:11: '}' of the '{' in line 1 expected, found ']'"],
    [
      'a template with a wrong inside',
      'a: `x${1 2}y`, b: 2',
      "1:10: '}' expected after the expression in a string, found '2'",
    ],
    ['a strange character', 'a: @1', '1:4: unexpected character "@"'],
    ['a wrong quote', "a: 'x'", `1:4: unexpected character "'": strings stand in double quotes`],
    ['a wrong separator', 'a: 1; b: 2', '1:5: unexpected character ";": properties are separated by commas'],
    ['an array as a file', '[1]', "1:1: a property name expected, found '['"],
    ['an unknown directive', '#pragma x\na: 1', "1:1: a directive expected after '#', found 'pragma'"],
    ['a directive behind text', 'a: 1, #define X 1', "1:7: a property name expected, found '#'"],
    ['more than a directive', '#define X 1 2\na: X', "1:13: nothing more expected on this line, found '2'"],
    ['a definition of nothing', '#define\na: 1', '1:8: the name of a variable expected, found the end of the line'],
    ['a definition of a word of the language', '#define true 1', "1:9: the name of a variable expected, found 'true'"],
    ['an open bracket in a directive', '#define X (1\n#undef X', "2:1: ')' of the '(' in line 1 expected, found '#'"],
    ['#if without an end', 'a: 1,\n#if 1\nb: 2', '2:1: #if without its #endif'],
    ['#if without an end, not taken', '#ifdef X\nb: 2', '1:1: #if without its #endif'],
    ['#endif without a start', 'a: 1\n#endif', '2:1: #endif without an #if'],
    ['#else without a start', '#else\na: 1', '1:1: #else without an #if'],
    ['#elif after #else', '#if 0\n#else\n#elif 1\n#endif', '3:1: #elif after #else'],
    ['#else after #else', '#if 1\n#else\n#else\n#endif', '3:1: #else after #else'],
    ['#if without a condition', '#if\na: 1\n#endif', '1:4: a value expected, found the end of the line'],
    ['#if of a string', '#if "x"\n#endif', '1:5: true or false expected, found the string "x"'],
    ['#if of an unknown name', '#if X\na: 1\n#else\n#endif', '1:5: unknown identifier X'],
    ['#include of a number', '#include 1', '1:10: a file name in quotes expected, found the number 1'],
    ['#include of no file', '#include "no.cfg"', '1:10: "no.cfg" cannot be included: no such file'],
    ['include of no file', 'a: { include "no.cfg", }', '1:14: "no.cfg" cannot be included: no such file'],
    ['include of a number', 'include 1, b: 2', '1:9: a file name in quotes expected, found the number 1'],
    [
      'defined of a string',
      '#if defined("X")\n#endif',
      "1:13: the name of a variable expected after 'defined', found a string",
    ],
  ];
  for (const [what, text, expected] of table) {
    it(what, () => assert.equal(errors(text)[0], expected));
  }

  it('says each mistake once', () => {
    // The two quotes of 'x' are two characters too many.
    const others = table.filter(([, text]) => !text.includes("'") && errors(text).length !== 1);
    assert.deepEqual(
      others.map(([what, text]) => [what, errors(text)]),
      [],
    );
  });

  it('goes on behind an error, so that all are reported at once', () => {
    const text = `
a: 1 / 0,
b: { c: , d: [1, , 2], e: nothing },
f: "open
g: { h: 1 2, i: (3, j: 4 },
k: 5`;
    const { value, errors: found } = parse(text);
    assert.deepEqual(
      found.map((error) => error.split(': ')[0]),
      [
        '/ims.cfg:2:6',
        '/ims.cfg:3:9',
        '/ims.cfg:3:18',
        '/ims.cfg:3:27',
        '/ims.cfg:4:4',
        '/ims.cfg:5:11',
        '/ims.cfg:5:19',
      ],
    );
    assert.equal((value as { k: unknown }).k, 5);
  });

  it('names the included file an error is in', () => {
    const files = {
      '/ims.cfg': 'a: 1,\ninclude "sub/x.cfg",\nb: $',
      '/sub/x.cfg': 'c: 1,\n  d: nothing,\n#include "y.cfg"',
      '/sub/y.cfg': '\n e 1',
    };
    assert.deepEqual(parse(files).errors, [
      '/sub/x.cfg:2:6: unknown identifier nothing',
      "/sub/y.cfg:2:4: ':' expected after the property name 'e', found '1'",
      '/ims.cfg:3:4: unexpected character "$"',
      '/ims.cfg:3:5: a value expected, found the end of the file',
    ]);
  });

  it('says when the file itself cannot be read', () => {
    assert.deepEqual(parse({}).errors, ['/ims.cfg:1:1: cannot be read: no such file']);
  });
});

describe('hostile text', () => {
  const deep = (open: string, close = '') => `a: ${open.repeat(100_000)}${close.repeat(100_000)}`;
  for (const text of [
    deep('['),
    deep('{a:'),
    deep('('),
    deep('`${'),
    deep('!'),
    deep('-'),
    deep('[{a:(', ')}]'),
    deep('1+('),
  ]) {
    it(`cannot exhaust the stack: ${text.slice(0, 16)}`, () => {
      assert.match(errors(text).at(-1) ?? '', /nested more than 200 levels deep$/);
    });
  }

  it('cannot nest by variables', () => {
    assert.match(errors(`#define A [1]\n${'#define A [A]\n'.repeat(1000)}a: A`).at(-1) ?? '', /nested more than 200/);
  });

  it('cannot nest by files', () => {
    const files: Record<string, string> = { '/ims.cfg': 'include "0"' };
    for (let n = 0; n < 100; n++) files[`/${n}`] = `a: { include "${n + 1}" }`;
    assert.match(parse(files).errors[0] ?? '', /more than 64 files included inside each other$/);
  });

  it('cannot expand without end', () => {
    const doubling = Array.from({ length: 40 }, () => '#define A [A, A]\n').join('');
    assert.match(errors(`#define A [1]\n${doubling}a: A`)[0] ?? '', /expand to too much$/);
    const strings = Array.from({ length: 40 }, () => '#define S S + S\n').join('');
    assert.match(errors(`#define S "xx"\n${strings}a: S`)[0] ?? '', /a string of more than 1048576 characters$/);
    const files: Record<string, string> = { '/ims.cfg': 'include "0"', '/30': '' };
    for (let n = 0; n < 30; n++) files[`/${n}`] = `include "${n + 1}", include "${n + 1}"`;
    assert.match(parse(files).errors[0] ?? '', /more than 10000 files included$/);
  });

  it('is given up after many errors', () => {
    const found = errors('a: @,\n'.repeat(10_000));
    assert.equal(found.length, 101);
    assert.match(found.at(-1) ?? '', /too many errors/);
  });

  it('may have thousands of conditions open', () => {
    assert.deepEqual(errors(`${'#if 1\n'.repeat(50_000)}${'#endif\n'.repeat(50_000)}a: 1`), []);
    assert.deepEqual(errors(`#if 0\n${'#if 1\n'.repeat(50_000)}${'#endif\n'.repeat(50_000)}#endif\na: 1`), []);
  });
});
