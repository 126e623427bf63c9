import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { judge, type Overrides, passed, refusedWith, request, response, usable } from '../../support/sip-judge.ts';
import { VOLTE_INVITE, VOLTE_REGISTER, VOLTE_RINGING } from '../../support/sip-samples.ts';

const REGISTER = 'REGISTER sip:h SIP/2.0';
const refusal = (headers: Overrides, startLine = REGISTER) => {
  const verdict = judge(request(startLine, headers));
  assert.ok(verdict.kind === 'refused', verdict.kind);
  return verdict.refusal;
};

describe('checkRequest', () => {
  it('lets pass what handsets send', () => {
    assert.equal(passed(VOLTE_REGISTER).method, 'REGISTER');
    assert.equal(passed(VOLTE_INVITE).method, 'INVITE');
    assert.equal(passed(request('INVITE tel:2723;phone-context=home.example SIP/2.0')).method, 'INVITE');
    assert.equal(passed(request('INVITE urn:service:sos SIP/2.0')).method, 'INVITE');
    assert.equal(passed(request(REGISTER, { From: '<tel:+15550100>;tag=1', To: 'tel:+15550100' })).method, 'REGISTER');
  });

  it('names the header in the reason phrase, in ASCII and on one line', () => {
    assert.match(refusal({ From: undefined }).reason, /^Bad Request \(.*From/);
    assert.match(refusal({ Contact: '<sip:ü' }).reason, /^Bad Request \(.*Contact/);
    for (const value of ['\u0000\u0007', 'ü'.repeat(500), '%'.repeat(2000)]) {
      assert.match(refusal({ To: value }).reason, /^[\x20-\x7e]{1,150}$/);
    }
  });

  it('refuses malformed values of what every element reads', () => {
    const wrong: Overrides[] = [
      { Via: undefined },
      { Via: ['SIP/2.0/UDP good;branch=z9hG4bK1', 'bad'] },
      { 'Max-Forwards': '' },
      { Require: 'a b' },
      { 'Proxy-Require': '"a"' },
      { Route: '<sip:a' },
      { 'Record-Route': 'x' },
      { Contact: '<sip:n@h>, <sip:>' },
      { 'Call-ID': '' },
      { To: '' },
      { CSeq: 'REGISTER' },
    ];
    for (const headers of wrong) assert.equal(refusal(headers).status, 400, JSON.stringify(headers));
  });

  it('takes lists that are empty', () => {
    const empty = { Supported: '', Require: '', Contact: '', Route: '', Allow: '' };
    assert.equal(passed(request(REGISTER, empty)).method, 'REGISTER');
  });

  it('takes Contact: * alone and in REGISTER only', () => {
    assert.equal(passed(request(REGISTER, { Contact: '*', Expires: '0' })).method, 'REGISTER');
    assert.equal(refusal({ Contact: '*, <sip:n@h>' }).status, 400);
    assert.equal(refusal({ Contact: ['<sip:n@h>', '*'] }).status, 400);
    assert.equal(refusal({ Contact: '*' }, 'OPTIONS sip:h SIP/2.0').status, 400);
  });

  it('reads a Content-Length of less than came', () => {
    assert.equal(passed(request(REGISTER, { 'Content-Length': '1' }, 'abc')).body.length, 1);
  });

  it('answers another version before anything else', () => {
    assert.equal(refusedWith(request('REGISTER sip:h SIP/4.0', { From: undefined, CSeq: 'x' })), 505);
  });
});

describe('checkResponse', () => {
  it('lets pass what handsets send', () => {
    assert.equal(usable(VOLTE_RINGING).status, 180);
    assert.equal(usable(response('SIP/2.0 699 Odd')).status, 699);
  });

  it('drops what cannot be matched or is not whole', () => {
    const wrong: Overrides[] = [
      { Via: undefined },
      { Via: 'rubbish' },
      { CSeq: undefined },
      { CSeq: '4294967296 INVITE' },
      { 'Call-ID': undefined },
      { To: undefined },
      { From: '<sip:' },
      { CSeq: ['1 INVITE', '2 INVITE'] },
      { 'Content-Length': '5' },
      { 'Content-Length': '-5' },
      { 'Content-Length': ['1', '2'] },
    ];
    for (const headers of wrong) {
      assert.equal(judge(response('SIP/2.0 200 OK', headers, 'abc')).kind, 'dropped', JSON.stringify(headers));
    }
  });

  it('takes a response without Content-Length and malformed values it does not need', () => {
    const headers = { 'Content-Length': undefined, Contact: '<sip:', 'Max-Forwards': 'x', 'Record-Route': '<' };
    assert.equal(usable(response('SIP/2.0 200 OK', headers, 'abc')).body.length, 3);
  });
});
