// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the language under test has them
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { evaluate, parse } from './parsing.ts';

describe('configuration values', () => {
  it('reads every kind of value', () => {
    assert.deepEqual(parse('{ n: 13.4, s: "string", t: true, f: false, o: { a: 1, }, l: [1, "b",], }'), {
      value: { n: 13.4, s: 'string', t: true, f: false, o: { a: 1 }, l: [1, 'b'] },
      errors: [],
    });
  });

  it('reads numbers in all their forms', () => {
    assert.deepEqual(
      ['0', '007', '13.4', '.5', '2.', '1e3', '2.5E-1', '0x9001', '0XfF', '-3', '+3', '- -3'].map(evaluate),
      [0, 7, 13.4, 0.5, 2, 1000, 0.25, 0x9001, 255, -3, 3, 3],
    );
  });

  it('reads escapes in strings', () => {
    assert.equal(evaluate(String.raw`"a\n\t\r\b\f\v\"\'\\\/\u00e9\x41"`), 'a\n\t\r\b\f\v"\'\\/éA');
    assert.equal(evaluate('"// no /* comment # here"'), '// no /* comment # here');
  });

  it('does without the braces of the file and the quotes of names', () => {
    const bare = parse('a: 1,\n"b c": 2,\n100rel: false,\n_x9: 3\n');
    assert.deepEqual(bare, { value: { a: 1, 'b c': 2, '100rel': false, _x9: 3 }, errors: [] });
    assert.deepEqual(parse(' { a: 1, } '), { value: { a: 1 }, errors: [] });
    assert.deepEqual(parse(''), { value: {}, errors: [] });
    assert.deepEqual(parse('\ufeffa: 1'), { value: { a: 1 }, errors: [] });
  });

  it('takes names that objects of JavaScript have themselves', () => {
    const { value } = parse('constructor: 1, "__proto__": 2, toString: { valueOf: 3 }, toString: { a: 4 }');
    const expected = JSON.parse('{"constructor": 1, "__proto__": 2, "toString": {"valueOf": 3, "a": 4}}');
    assert.equal(JSON.stringify(value), JSON.stringify(expected));
  });

  it('skips comments and line ends of every system', () => {
    assert.deepEqual(parse('// one\r\na: /* two\r\n lines */ 1, // end\r\n/**/ b: 2 // last'), {
      value: { a: 1, b: 2 },
      errors: [],
    });
  });

  it('merges duplicate properties in reading order', () => {
    const text =
      '{ value: "foo", value: "bar", sub: { value: "foo", kept: [1] }, sub: { value: "bar", l: [1] }, sub: { l: [2] } }';
    assert.deepEqual(parse(text), { value: { value: 'bar', sub: { value: 'bar', kept: [1], l: [2] } }, errors: [] });
    assert.deepEqual(parse('a: { b: 1 }, a: 2, a: { c: 3 }').value, { a: { c: 3 } });
    assert.deepEqual(parse('a: { b: { c: 1 } }, a: { b: { d: 2 } }').value, { a: { b: { c: 1, d: 2 } } });
  });
});

describe('expressions', () => {
  it('computes with numbers in the usual precedence', () => {
    const table: [string, unknown][] = [
      ['1 + 2 * 3', 7],
      ['(1 + 2) * 3', 9],
      ['10 - 4 - 3', 3],
      ['16 / 4 / 2', 2],
      ['-2 * -3', 6],
      ['1 + 1 == 2', true],
      ['1 < 2 == true', true],
      ['1 < 2 && 2 < 1 || true', true],
      ['true || false && false', true],
      ['!(1 > 2) && !false', true],
      ['!1 == 0', true],
      ['3 <= 3 && 3 >= 3 && 2 != 3', true],
    ];
    for (const [expression, expected] of table) assert.equal(evaluate(expression), expected, expression);
  });

  it('computes with complex numbers', () => {
    const table: [string, unknown][] = [
      ['1.2+3*I', '1.2+3*I'],
      ['1.2-3*I', '1.2-3*I'],
      ['I', '1*I'],
      ['I*I', -1],
      ['-(1+2*I)', '-1-2*I'],
      ['(1+2*I)*(3-I)', '5+5*I'],
      ['(5+5*I)/(3-I)', '1+2*I'],
      ['(2+4*I)/2', '1+2*I'],
      ['1/I', '-1*I'],
      ['(1+I)-I == 1', true],
      ['1+I == I+1', true],
      ['1+I != 1-I', true],
      ['"z=" + (1+I)', 'z=1+1*I'],
    ];
    for (const [expression, expected] of table) assert.equal(evaluate(expression), expected, expression);
  });

  it('joins and compares strings', () => {
    assert.equal(evaluate('"a" + "b" + 1 + true'), 'ab1true');
    assert.equal(evaluate('"a" < "b" && "a" == "a" && "a" != "b"'), true);
    assert.equal(evaluate('"1" == 1'), false);
    assert.equal(evaluate('[1] == [1]'), false);
  });

  it('takes 0 and 1 for false and true', () => {
    assert.equal(evaluate('1 == true && 0 == false && !0'), true);
    assert.equal(evaluate('1 && 2'), true);
  });

  it('puts expressions into backquote strings', () => {
    assert.equal(evaluate('`abc${1+2}d`'), 'abc3d');
    assert.equal(evaluate('`${"a"}${`<${`${1}`}>`}$x {y} \\` \\${n}`'), 'a<1>$x {y} ` ${n}');
    assert.equal(evaluate('`two\nlines`'), 'two\nlines');
    assert.equal(evaluate('`${ /* } */ 1 // }\n }`'), '1');
    assert.equal(evaluate('`${1+2*I} ${true}`'), '1+2*I true');
  });

  it('does not judge the side that does not count', () => {
    assert.equal(evaluate('false && nothing > 1/0'), false);
    assert.equal(evaluate('true || nothing'), true);
  });

  it('reads long chains', () => {
    assert.equal(evaluate(`0${'+1'.repeat(50_000)}`), 50_000);
    assert.deepEqual(parse(`a: [${'1,'.repeat(50_000)}]`).errors, []);
  });
});
