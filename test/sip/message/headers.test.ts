import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MalformedError } from '../../../src/core/errors.ts';
import {
  CONTACT,
  EXPIRES,
  MAX_FORWARDS,
  parseVia,
  SUPPORTED,
  USER_AGENT,
  VIA,
} from '../../../src/sip/message/header-types.ts';
import { Headers, headerKey, splitList } from '../../../src/sip/message/headers.ts';

const headers = (...lines: readonly (readonly [string, string])[]) => {
  const made = new Headers();
  for (const [name, value] of lines) made.addRaw(name, value);
  return made;
};
const print = (made: Headers) => made.lines.map(({ name, value }) => `${name}: ${value}`);

describe('headerKey', () => {
  it('is one for all spellings and the compact form', () => {
    for (const name of ['Call-ID', 'call-id', 'CALL-ID', 'i', 'I']) assert.equal(headerKey(name), 'call-id');
    assert.equal(headerKey('x'), 'session-expires');
    assert.equal(headerKey('X-y'), 'x-y');
  });

  it('stays right when strangers have made up thousands of names', () => {
    for (let index = 0; index < 5000; index++) assert.equal(headerKey(`X-${index}`), `x-${index}`);
    assert.equal(headerKey('P-Never-Seen-Before'), 'p-never-seen-before');
    assert.equal(headerKey('F'), 'from');
  });
});

describe('Headers', () => {
  it('finds values by any spelling, over lines and commas', () => {
    const made = headers(['k', 'a, b'], ['Subject', 'x'], ['SUPPORTED', 'c,,'], ['Supported', '']);
    assert.deepEqual(made.all(SUPPORTED), ['a', 'b', 'c']);
    assert.equal(made.get(SUPPORTED), 'a');
    assert.equal(made.raw('supported'), 'a, b');
    assert.deepEqual(made.rawAll('Supported'), ['a, b', 'c,,', '']);
    assert.deepEqual([made.has('s'), made.has('t')], [true, false]);
    assert.deepEqual([made.get(MAX_FORWARDS), made.all(VIA)], [undefined, []]);
  });

  it('looks at the first value only when only that is asked for', () => {
    const made = headers(['Via', ' , SIP/2.0/UDP a, rubbish'], ['Via', 'more rubbish']);
    assert.equal(made.get(VIA)?.host, 'a');
    assert.throws(() => made.all(VIA), /Via/);
    assert.equal(made.get(VIA)?.host, 'a');
  });

  it('names the header that is malformed', () => {
    const made = headers(['Max-Forwards', 'many']);
    assert.throws(
      () => made.get(MAX_FORWARDS),
      (error) => error instanceof MalformedError && /Max-Forwards/.test(error.message),
    );
    assert.equal(made.tryGet(MAX_FORWARDS), undefined);
  });

  it('answers by what it holds now, however it was changed', () => {
    const made = headers(['Expires', '1'], ['Via', 'SIP/2.0/UDP a']);
    const changes: readonly (readonly [() => unknown, number | undefined])[] = [
      [() => undefined, 1],
      [() => made.set(EXPIRES, 2), 2],
      [() => made.setRaw('expires', '3'), 3],
      [() => made.setAll(EXPIRES, [4]), 4],
      [() => made.remove('EXPIRES'), undefined],
      [() => made.add(EXPIRES, 5), 5],
      [() => made.replaceFirst(EXPIRES, 6), 6],
      [() => made.prepend(EXPIRES, 7), 7],
      [() => made.remove('Expires', 'Via').copy('Expires', headers(['Expires', '8'])), 8],
      [() => made.remove('Expires').addRaw('Expires', '9'), 9],
    ];
    for (const [change, expected] of changes) {
      change();
      assert.equal(made.get(EXPIRES), expected);
      assert.deepEqual(made.all(EXPIRES).slice(0, 1), expected === undefined ? [] : [expected]);
    }
  });

  it('keeps the order of lines', () => {
    const made = headers(['A', '1'], ['Via', 'SIP/2.0/UDP a'], ['B', '2'], ['v', 'SIP/2.0/UDP b'], ['C', '3']);
    made.prepend(VIA, parseVia('SIP/2.0/TCP first'));
    assert.deepEqual(
      made.all(VIA).map(({ host }) => host),
      ['first', 'a', 'b'],
    );
    made.setAll(VIA, [parseVia('SIP/2.0/UDP x'), parseVia('SIP/2.0/UDP y')]);
    assert.deepEqual(print(made), ['A: 1', 'Via: SIP/2.0/UDP x', 'Via: SIP/2.0/UDP y', 'B: 2', 'C: 3']);
    made.setRaw('via', 'z').addRaw('D', '4').setRaw('E', '5').remove('A');
    assert.deepEqual(print(made), ['via: z', 'B: 2', 'C: 3', 'D: 4', 'E: 5']);
  });

  it('puts a first Via before all others', () => {
    assert.deepEqual(print(headers(['A', '1']).prepend(VIA, parseVia('SIP/2.0/UDP x'))), [
      'Via: SIP/2.0/UDP x',
      'A: 1',
    ]);
  });

  it('replaces the first value of a list and no other, malformed or not', () => {
    const made = headers(['v', 'SIP/2.0/UDP a;rport, rubbish'], ['Via', 'SIP/2.0/UDP b']);
    const via = made.get(VIA);
    assert.ok(via);
    made.replaceFirst(VIA, { ...via, params: via.params.with('rport', '5070').with('received', '192.0.2.1') });
    assert.deepEqual(print(made), ['Via: SIP/2.0/UDP a;rport=5070;received=192.0.2.1, rubbish', 'Via: SIP/2.0/UDP b']);
  });

  it('shares nothing with its clone', () => {
    const made = headers(['Expires', '1'], ['A', '1']);
    assert.equal(made.get(EXPIRES), 1);
    const copy = made.clone();
    copy.set(EXPIRES, 2).addRaw('B', '2');
    made.remove('A');
    assert.deepEqual([print(made), made.get(EXPIRES)], [['Expires: 1'], 1]);
    assert.deepEqual([print(copy), copy.get(EXPIRES)], [['Expires: 2', 'A: 1', 'B: 2'], 2]);
  });

  it('lets no value make a line of its own', () => {
    const made = headers(['A', 'x\r\nEvil: 1']).setRaw('B', '\n\ny').set(USER_AGENT, 'z\rw');
    assert.ok(made.lines.every(({ value }) => !/[\r\n]/.test(value)));
  });
});

describe('splitList', () => {
  it('cuts at commas outside quotes and brackets', () => {
    assert.deepEqual(splitList(String.raw`"a, \", b" <sip:x,y@h>;p=",", <sip:z> , ,c`), [
      String.raw`"a, \", b" <sip:x,y@h>;p=","`,
      '<sip:z>',
      'c',
    ]);
    assert.deepEqual(splitList('<sip:a"b>,c'), ['<sip:a"b>', 'c']);
    assert.deepEqual(splitList('"open, <sip:x>'), ['"open, <sip:x>']);
    assert.deepEqual(splitList('<open, b'), ['<open, b']);
    for (const empty of ['', ' ', ',', ' , ,']) assert.deepEqual(splitList(empty), []);
  });

  it('leaves UTF-8 that ends in 0xa0 whole', () => {
    assert.deepEqual(splitList('a\u00c3\u00a0, b'), ['a\u00c3\u00a0', 'b']);
  });

  it('keeps a comma in an instance of a bare Contact', () => {
    const [contact, other] = headers(['m', 'sip:a@h;+sip.instance="<urn:x,y>", <sip:b@h>']).all(CONTACT);
    assert.ok(contact !== undefined && contact !== '*' && other !== undefined);
    assert.equal(contact.params.get('+sip.instance'), '<urn:x,y>');
  });
});
