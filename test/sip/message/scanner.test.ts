import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { MalformedError } from '../../../src/core/errors.ts';
import { quote, Scanner, unquote } from '../../../src/sip/message/scanner.ts';

describe('Scanner', () => {
  it('takes separators with the space around them', () => {
    const scanner = new Scanner(' a ;  b');
    scanner.skipSpace();
    assert.equal(scanner.token('name'), 'a');
    assert.equal(scanner.take(','), false);
    assert.equal(scanner.take(';'), true);
    assert.equal(scanner.rest(), 'b');
    assert.equal(scanner.atEnd, true);
    assert.equal(scanner.take(';'), false);
  });

  it('says where something else was expected', () => {
    const offset = (work: () => unknown) => {
      try {
        work();
      } catch (error) {
        return error instanceof MalformedError ? error.offset : error;
      }
      return 'nothing thrown';
    };
    assert.equal(
      offset(() => new Scanner('ab;', 2).token('name')),
      2,
    );
    assert.equal(
      offset(() => new Scanner('ab', 2).expect('=')),
      2,
    );
    assert.equal(
      offset(() => new Scanner('ab "c', 3).quoted()),
      3,
    );
    assert.equal(
      offset(() => new Scanner('a b', 1).end()),
      2,
    );
  });

  it('leaves quotes and escapes of a quoted string', () => {
    const scanner = new Scanner(String.raw`"a\"b";x`);
    assert.equal(scanner.quoted(), String.raw`"a\"b"`);
    assert.equal(scanner.quoted(), undefined);
    assert.equal(scanner.peek(), ';');
  });

  it('reads hosts and addresses as parameter values', () => {
    for (const value of ['[2001:db8::1]', '2001:db8::1', 'a.b-c_d', '<urn:x:y>', '0.5']) {
      assert.equal(new Scanner(`${value};next`).parameterValue(), value);
    }
  });
});

describe('quote', () => {
  it('is undone by unquote', () => {
    const text = fc.string().filter((value) => !/[\r\n\0]/.test(value));
    fc.assert(fc.property(text, (value) => unquote(quote(value)) === value));
    fc.assert(fc.property(text, (value) => new Scanner(quote(value)).quoted() === quote(value)));
  });

  it('lets no line end out', () => {
    assert.equal(quote('a\r\nVia: b'), '"a  Via: b"');
  });

  it('is not needed by unquote', () => {
    assert.equal(unquote('plain\\'), 'plain\\');
    assert.equal(unquote(''), '');
  });
});
