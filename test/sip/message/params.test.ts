import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MalformedError } from '../../../src/core/errors.ts';
import { MOST_PARAMETERS, Params, parseParams } from '../../../src/sip/message/params.ts';
import { Scanner } from '../../../src/sip/message/scanner.ts';

const parse = (text: string) => parseParams(new Scanner(text));

describe('parseParams', () => {
  it('keeps spelling, order and quotes, and finds names without case', () => {
    const text = ';+g.3gpp.icsi-ref="urn%3Aurn-7%3Ax";Audio;expires=600;+sip.instance="<urn:gsma:imei:1>"';
    const params = parse(text);
    assert.equal(params.toString(), text);
    assert.equal(params.get('+G.3GPP.ICSI-REF'), 'urn%3Aurn-7%3Ax');
    assert.equal(params.get('audio'), '');
    assert.equal(params.get('video'), undefined);
    assert.equal(params.has('Expires'), true);
  });

  it('takes white space around every part', () => {
    assert.equal(parse(' ; a = b\t;c').toString(), ';a=b;c');
  });

  it('passes over empty parameters and takes empty values', () => {
    assert.equal(parse(';;a=1;;').toString(), ';a=1');
    assert.equal(parse(';rport=;x').get('rport'), '');
  });

  it('stops at a comma', () => {
    const scanner = new Scanner(';a=1,b');
    parseParams(scanner);
    assert.equal(scanner.peek(), ',');
  });

  it('refuses what is no parameter, and too many', () => {
    for (const text of [';=1', ';a="1', ';"a"', ';a=,"', ';(a)']) {
      assert.throws(() => parseParams(new Scanner(text)) && new Scanner(text).end(), MalformedError, text);
    }
    assert.equal(parse(';a'.repeat(MOST_PARAMETERS)).entries.length, MOST_PARAMETERS);
    assert.throws(() => parse(';a'.repeat(MOST_PARAMETERS + 1)), MalformedError);
  });
});

describe('Params', () => {
  it('is made of a record', () => {
    assert.equal(Params.of({ expires: '60', lr: true, ob: false, x: undefined }).toString(), ';expires=60;lr');
  });

  it('replaces in place, appends and takes away', () => {
    const params = parse(';a=1;B=2;c');
    assert.equal(params.with('b', '3').toString(), ';a=1;b=3;c');
    assert.equal(params.with('d', true).toString(), ';a=1;B=2;c;d');
    assert.equal(params.with('A', undefined).toString(), ';B=2;c');
    assert.equal(params.without('A', 'c').toString(), ';B=2');
    assert.equal(params.toString(), ';a=1;B=2;c');
  });
});
