import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  CALL_ID,
  CONTENT_TYPE,
  FROM,
  MAX_FORWARDS,
  PROXY_REQUIRE,
  REQUIRE,
  TO,
  tagOf,
  VIA,
} from '../../../src/sip/message/header-types.ts';
import { contacts, passed, refusedWith, request, response, SDP, usable } from '../../support/sip-judge.ts';

// Cases of RFC 4475 that are decided above the message layer, with messages of our own: they must pass it, with what
// the layer above decides by intact.

describe('what is decided above the message layer (RFC 4475 §3.2 to §3.4)', () => {
  const register = 'REGISTER sip:home.example SIP/2.0';
  const options = 'OPTIONS sip:a@h SIP/2.0';

  it('3.2.1: a branch that is the magic cookie and nothing else', () => {
    const { headers } = passed(request(options, { Via: 'SIP/2.0/UDP 198.51.100.7;branch=z9hG4bK' }));
    assert.equal(headers.get(VIA)?.params.get('branch'), 'z9hG4bK');
  });

  it('3.3.1: without From, To, Call-ID or CSeq', () => {
    for (const name of ['From', 'To', 'Call-ID', 'CSeq']) {
      assert.equal(refusedWith(request(options, { [name]: undefined })), 400, name);
    }
    assert.equal(refusedWith(request(options, { From: undefined, To: undefined, 'Call-ID': undefined })), 400);
  });

  it('3.3.2, 3.3.3: Request-URIs of schemes that are not served', () => {
    assert.equal(refusedWith(request('OPTIONS gibberish:what-ever SIP/2.0')), 416);
    assert.equal(refusedWith(request('OPTIONS smoke.signal://192.0.2.3:77 SIP/2.0')), 416);
    assert.equal(refusedWith(request('OPTIONS a@h SIP/2.0')), 400);
  });

  it("3.3.4: other schemes in To, From and Contact are the registrar's to refuse", () => {
    const { headers } = passed(request(register, { To: 'isbn:12345', From: '<http://h>;tag=1', Contact: '<name:N>' }));
    assert.equal(headers.get(TO)?.uri.scheme, 'isbn');
  });

  it('3.3.5: required extensions are told one by one', () => {
    const { headers } = passed(request(options, { Require: 'one, two', 'Proxy-Require': ['three', 'four'] }));
    assert.deepEqual(
      [headers.all(REQUIRE), headers.all(PROXY_REQUIRE)],
      [
        ['one', 'two'],
        ['three', 'four'],
      ],
    );
  });

  it('3.3.6: a body of an unknown type', () => {
    const { headers, body } = passed(
      request('INVITE sip:a@h SIP/2.0', { 'Content-Type': 'application/x-odd' }, '<a/>'),
    );
    assert.deepEqual([headers.get(CONTENT_TYPE)?.value, body.length], ['application/x-odd', 4]);
  });

  it('3.3.7: an Authorization scheme nobody knows', () => {
    assert.equal(passed(request(register, { Authorization: 'Handshake secret=yes' })).method, 'REGISTER');
  });

  it('3.3.8: two different lines of a header there is one of', () => {
    const twice: readonly (readonly [string, readonly string[]])[] = [
      ['CSeq', ['5 OPTIONS', '6 OPTIONS']],
      ['Call-ID', ['a', 'b']],
      ['To', ['<sip:a@h>', '<sip:b@h>']],
      ['From', ['<sip:a@h>;tag=1', '<sip:b@h>;tag=2']],
      ['Max-Forwards', ['70', '5']],
    ];
    for (const [name, values] of twice) assert.equal(refusedWith(request(options, { [name]: values })), 400, name);
    // The compact form is the same header.
    assert.equal(refusedWith(request(options, { i: 'other' })), 400);
  });

  it('3.3.9: two different Content-Lengths', () => {
    assert.equal(refusedWith(request(options, { 'Content-Length': ['4', '2'] }, 'abcd')), 400);
    assert.equal(passed(request(options, { 'Content-Length': ['4', '4'] }, 'abcd')).body.length, 4);
  });

  it('3.3.10: a response with a broadcast address in its second Via is usable', () => {
    const vias = ['198.51.100.7', '255.255.255.255'].map((host) => `SIP/2.0/UDP ${host};branch=z9hG4bK${host}`);
    assert.equal(usable(response('SIP/2.0 200 OK', { Via: vias })).headers.get(VIA)?.host, '198.51.100.7');
  });

  it('3.3.11: Max-Forwards 0', () => {
    assert.equal(passed(request(options, { 'Max-Forwards': '0' })).headers.get(MAX_FORWARDS), 0);
  });

  it("3.3.12, 3.3.13: a parameter is the header's without brackets and the URI's within", () => {
    const [bare] = contacts(request(register, { Contact: 'sip:+15550100@gw.example;odd' }));
    assert.deepEqual([bare?.params.has('odd'), bare?.uri.params.has('odd')], [true, false]);
    const [bracketed] = contacts(request(register, { Contact: '<sip:+15550100@gw.example;odd>' }));
    assert.deepEqual([bracketed?.params.has('odd'), bracketed?.uri.params.has('odd')], [false, true]);
  });

  it('3.3.14: a Contact keeps its header part', () => {
    const [contact] = contacts(request(register, { m: '<sip:n@h?Route=%3Csip:x.example%3E>' }));
    assert.equal(contact?.uri.headers, 'Route=%3Csip:x.example%3E');
  });

  it('3.3.15: an INVITE that accepts no SDP', () => {
    const data = request('INVITE sip:a@h SIP/2.0', { Accept: 'text/odd', 'Content-Type': 'application/sdp' }, SDP);
    assert.equal(passed(data).headers.raw('Accept'), 'text/odd');
  });

  it('3.4.1: a request of RFC 2543: no branch, tag, Max-Forwards or Content-Length', () => {
    const { headers, body } = passed(
      request(
        'INVITE sip:olaf@h SIP/2.0',
        {
          Via: 'SIP/2.0/UDP old.example',
          From: '<sip:+15550100@h;user=phone>',
          'Max-Forwards': undefined,
          'Content-Length': undefined,
          'Record-Route': '<sip:olaf@h;maddr=edge.example>',
        },
        SDP,
      ),
    );
    assert.deepEqual([headers.get(VIA)?.params.has('branch'), tagOf(headers.get(FROM))], [false, undefined]);
    assert.equal(headers.get(CALL_ID), 'k2jd83@198.51.100.7');
    assert.equal(body.length, SDP.length);
  });
});
