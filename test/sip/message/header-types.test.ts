import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MalformedError } from '../../../src/core/errors.ts';
import * as types from '../../../src/sip/message/header-types.ts';
import type { HeaderType } from '../../../src/sip/message/headers.ts';
import { printUri } from '../../../src/sip/message/uri.ts';

const refuses = (type: HeaderType<unknown>, ...values: readonly string[]) => {
  for (const value of values) assert.throws(() => type.parse(value), MalformedError, `${type.name}: ${value}`);
};
const keeps = (type: HeaderType<unknown>, ...values: readonly string[]) => {
  for (const value of values) assert.equal(type.print(type.parse(value)), value);
};

describe('name-addr', () => {
  it('prints what it read', () => {
    // RFC 3261 §20.10, §20.20, §20.39, RFC 3327, RFC 3608, TS 34.229-1 A.1.
    keeps(
      types.CONTACT,
      '"Mr. Watson" <sip:watson@worcester.bell-telephone.com>;q=0.7;expires=3600',
      '"Mr. Watson" <mailto:watson@bell-telephone.com>;q=0.1',
      '*',
      '<sip:1@10.0.0.1:5060>;+sip.instance="<urn:gsma:imei:35824005-944763-0>";audio',
    );
    keeps(
      types.FROM,
      '"A. G. Bell" <sip:agb@bell-telephone.com>;tag=a48s',
      'Anonymous <sip:c8oqz84zk7z@privacy.org>;tag=hyh8',
    );
    keeps(types.PATH, '<sip:p3.examplehome.com;lr>');
    keeps(types.TO, '"" <sip:a@h>', '<tel:+1-201-555-0123;ext=1>');
  });

  it("reads a URI without brackets, whose parameters are the header's", () => {
    const { uri, params, display } = types.FROM.parse('sip:+12125551212@server.phone2net.com ; tag=887s');
    assert.deepEqual(
      [printUri(uri), params.get('tag'), display],
      ['sip:+12125551212@server.phone2net.com', '887s', undefined],
    );
  });

  it('reads a bare URI followed by a parameter with brackets', () => {
    const contact = types.CONTACT.parse('sip:1@10.0.0.1;+sip.instance="<urn:gsma:imei:1>";q=1');
    assert.ok(contact !== '*');
    assert.deepEqual([printUri(contact.uri), contact.params.get('q')], ['sip:1@10.0.0.1', '1']);
  });

  it('reads display names in UTF-8, quoted or not, and leaves their octets', () => {
    const octets = Buffer.from('Zoë à', 'utf8').toString('latin1');
    assert.equal(types.FROM.parse(`${octets} <sip:z@h>`).display, octets);
    assert.equal(types.FROM.parse(`"${octets}" <sip:z@h>`).display, `"${octets}"`);
    assert.equal(
      types.FROM.parse(`"${String.raw`\"<sip:x@y>\\`}" <sip:z@h>`).display,
      `"${String.raw`\"<sip:x@y>\\`}"`,
    );
  });

  it('refuses what has no reading', () => {
    refuses(
      types.FROM,
      '',
      'Nora',
      '"Nora" sip:n@h',
      '"Nora <sip:n@h>',
      'N, Nora <sip:n@h>',
      '<sip:n@h',
      'sip:n@h>',
      '<>',
      '< sip:n@h >',
      '<sip:n@h> x',
      '<sip:n@h>;tag="x',
      'sip:n@h?a=b',
      'sip:n@h,sip:o@h',
    );
  });
});

describe('Via', () => {
  it('reads every form of sent-by', () => {
    const read = (text: string) => {
      const { transport, host, port } = types.VIA.parse(text);
      return [transport, host, port];
    };
    assert.deepEqual(read('SIP/2.0/UDP erlang.bell-telephone.com:5060;branch=z9hG4bK87asdks7'), [
      'UDP',
      'erlang.bell-telephone.com',
      5060,
    ]);
    assert.deepEqual(
      read('SIP / 2.0 / UDP first.example.com: 4000;ttl=16 ;maddr=224.2.0.1 ;branch=z9hG4bKa7c6a8dlze.1'),
      ['UDP', 'first.example.com', 4000],
    );
    assert.deepEqual(read('sip/2.0/tcp Host'), ['TCP', 'host', undefined]);
    assert.deepEqual(read('SIP/2.0/TLS [2001:db8::9:1];branch=x'), ['TLS', '[2001:db8::9:1]', undefined]);
    assert.deepEqual(read('SIP/2.0/TLS [2001:db8::9:1]:5061'), ['TLS', '[2001:db8::9:1]', 5061]);
  });

  it('reads received with and without brackets (RFC 5118 §4.5)', () => {
    for (const received of ['[2001:db8::9:255]', '2001:db8::9:255']) {
      assert.equal(
        types.VIA.parse(`SIP/2.0/UDP [2001:db8::9:1];received=${received};branch=z`).params.get('received'),
        received,
      );
    }
  });

  it('prints what it read', () => {
    keeps(types.VIA, 'SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK1;rport;keep', 'SIP/2.0/TCP [::1];rport=5070');
  });

  it('refuses others', () => {
    refuses(
      types.VIA,
      '',
      'UDP h',
      'SIP/2.0/UDP',
      'SIP/2.0/UDPh',
      'SIP/3.0/UDP h',
      'HTTP/2.0/UDP h',
      'SIP/2.0/UDP h:0',
      'SIP/2.0/UDP h:65536',
      'SIP/2.0/UDP h:99999999999999999999',
      'SIP/2.0/UDP h:-1',
      'SIP/2.0/UDP h:',
      'SIP/2.0/UDP [::1',
      'SIP/2.0/UDP [:::]',
      'SIP/2.0/UDP h x',
      'SIP/2.0/UDP <h>',
    );
  });
});

describe('numbers', () => {
  it('hold their range', () => {
    assert.equal(types.MAX_FORWARDS.parse(' 0068 '), 68);
    assert.equal(types.MAX_FORWARDS.parse('255'), 255);
    refuses(types.MAX_FORWARDS, '', '-1', '256', '1.5', '1e1', '7 0', '9'.repeat(400));
    refuses(types.CONTENT_LENGTH, '-999', '2147483648', '0x1');
    assert.deepEqual(types.CSEQ.parse('2147483647  INVITE'), { number: 2147483647, method: 'INVITE' });
    refuses(types.CSEQ, '2147483648 INVITE', '1', 'INVITE', '1INVITE', '-1 INVITE', '1 INVITE x', '1 IN(VITE');
    keeps(types.CSEQ, '4711 INVITE');
  });

  it('of seconds count as 3600 when they are none (RFC 3261 §20.19), and never beyond 2^32-1', () => {
    for (const [text, seconds] of [
      ['0', 0],
      ['600000', 600_000],
      ['4294967296', 4_294_967_295],
      ['Thu, 01 Dec 1994 16:00:00 GMT', 3600],
      ['-1', 3600],
    ] as const) {
      assert.equal(types.EXPIRES.parse(text), seconds);
      assert.equal(types.expiresOf(types.FROM.parse(`<sip:a@h>;expires="${text}"`)), seconds);
    }
    assert.equal(types.expiresOf(types.FROM.parse('<sip:a@h>')), undefined);
  });
});

describe('other values', () => {
  it('Call-ID is one word', () => {
    keeps(types.CALL_ID, 'f81d4fae-7dec-11d0-a765-00a0c91e6bf6@foo.bar.com', 'a@b@c', 'w%ZK)(><:\\/"][?}{\u00a0');
    refuses(types.CALL_ID, '', 'a b', 'a\tb');
  });

  it('tokens are tokens', () => {
    keeps(types.REQUIRE, '100rel', 'sec-agree');
    refuses(types.REQUIRE, '', 'a b', 'a;b', '"a"', 'a/b');
  });

  it('values with parameters', () => {
    keeps(types.EVENT, 'reg', 'refer;id=93809824');
    keeps(types.CONTENT_TYPE, 'application/sdp', 'multipart/mixed;boundary="a;b"');
    keeps(types.REASON, 'Q.850;cause=16;text="Terminated"');
    assert.equal(types.SESSION_EXPIRES.parse('4000 ; refresher = uac').params.get('Refresher'), 'uac');
    refuses(types.CONTENT_TYPE, '', ';a', 'a/b c/d');
  });

  it('tags are those of To and From', () => {
    assert.equal(types.tagOf(types.TO.parse('<sip:a@h;tag=no>;tag=yes')), 'yes');
    assert.equal(types.tagOf(types.TO.parse('<sip:a@h;tag=no>')), undefined);
    assert.equal(types.tagOf(undefined), undefined);
  });
});
