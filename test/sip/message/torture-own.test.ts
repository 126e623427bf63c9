import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  CONTACT,
  CONTENT_TYPE,
  CSEQ,
  EXPIRES,
  expiresOf,
  FROM,
  MAX_FORWARDS,
  ROUTE,
  TO,
  tagOf,
  VIA,
} from '../../../src/sip/message/header-types.ts';
import { isSip, parseUri, unescapeUri } from '../../../src/sip/message/uri.ts';
import { contacts, judge, passed, refusedWith, request, response, SDP, usable } from '../../support/sip-judge.ts';

// Each case of RFC 4475 with a message of our own: the same point, other names.

const wire = (lines: readonly string[], body = '') => Buffer.from(`${lines.join('\r\n')}\r\n\r\n${body}`, 'utf8');
const sipUri = (text: string) => {
  const uri = parseUri(text);
  assert.ok(isSip(uri));
  return uri;
};

describe('valid messages (RFC 4475 §3.1.1)', () => {
  it('3.1.1.1: white space, folding, case and compact forms wherever they may be', () => {
    const { headers, body } = passed(
      wire(
        [
          'INVITE sip:olaf@home.example;strange SIP/2.0',
          'tO :',
          '  sip:olaf@home.example ;  tag   =  77q',
          'F  : "Nora \\\\\\""    <sip:nora@home.example>',
          '\t;',
          ' tag = aa1',
          'mAX-forwards: 0042',
          'I: own-1@198.51.100.7',
          `l  : ${SDP.length}`,
          'CSEQ: 0003',
          '   INVITE',
          'V : SIP /  2.0',
          ' / TCP   relay.example  ;',
          '  branch =  z9hG4bKone ,',
          ' SIP/2.0/UDP 10.9.8.7 ;branch=',
          '  z9hG4bKtwo',
          'via: SIP/2.0/UDP 10.9.8.6;branch=old',
          'S:',
          'New-Header:  a',
          '  b',
          'Odd: ;,;;,',
          'Route:',
          ' <sip:edge.example;lr;x=y;z>',
          'M: "\\"" <sip:nora@10.9.8.6> ; one =',
          '  two ; q = 0.5',
        ],
        SDP,
      ),
    );
    assert.equal(tagOf(headers.get(TO)), '77q');
    assert.deepEqual([headers.get(FROM)?.display, tagOf(headers.get(FROM))], ['"Nora \\\\\\""', 'aa1']);
    assert.equal(headers.get(MAX_FORWARDS), 42);
    assert.deepEqual(headers.get(CSEQ), { number: 3, method: 'INVITE' });
    assert.deepEqual(
      headers.all(VIA).map((via) => [via.transport, via.host, via.params.get('branch')]),
      [
        ['TCP', 'relay.example', 'z9hG4bKone'],
        ['UDP', '10.9.8.7', 'z9hG4bKtwo'],
        ['UDP', '10.9.8.6', 'old'],
      ],
    );
    assert.equal(headers.raw('Subject'), '');
    assert.equal(headers.raw('new-header'), 'a b');
    assert.equal(headers.raw('odd'), ';,;;,');
    assert.equal(headers.all(ROUTE).length, 1);
    const contact = headers.get(CONTACT);
    assert.ok(contact !== '*' && contact?.params.get('one') === 'two' && contact.params.get('q') === '0.5');
    assert.equal(Buffer.from(body).toString(), SDP);
  });

  it('3.1.1.2: every character a token, user part, Call-ID or quoted string may have', () => {
    const method = "~*_+`.%'-!Method";
    const uri = 'sip:1_a.~(b!c)&d=e+f$g/h?,;j:k&l=m,n!o$p@home.example';
    const {
      headers,
      method: seen,
      uri: target,
    } = passed(
      request(`${method} ${uri} SIP/2.0`, {
        To: '"\\\u0007\\\u007f ü" <sip:1_a~/?,;*@home.example>',
        From: "one~` two'+_ 3*%!.- <sip:nora@home.example>;p'~+*_!.-%=\"ж\";tag=_~1'+`*%!-.",
        'Call-ID': 'w%ZK-!.*_+\'@x`~)(><:\\/"][?}{',
        "header-!.%*+_`'~": '\ufeff電',
      }),
    );
    assert.deepEqual([seen, target], [method, uri]);
    const { user, password, host } = sipUri(target);
    assert.deepEqual([user, password, host], ['1_a.~(b!c)&d=e+f$g/h?,;j', 'k&l=m,n!o$p', 'home.example']);
    assert.equal(tagOf(headers.get(FROM)), "_~1'+`*%!-.");
    assert.equal(Buffer.from(headers.raw("header-!.%*+_`'~") ?? '', 'latin1').toString('utf8'), '\ufeff電');
  });

  it('3.1.1.3: escapes in URIs, which are not decoded before they are taken apart', () => {
    const target = sipUri(passed(request('INVITE sip:sips%3Aola%40home.example@far.example SIP/2.0')).uri);
    assert.deepEqual([unescapeUri(target.user ?? ''), target.host], ['sips:ola@home.example', 'far.example']);
    const data = request('INVITE sip:x@y SIP/2.0', { Contact: '<sip:no%72a@a;%6C%72;k%65y=v%61l%25%34%31>' });
    const params = contacts(data)[0]?.uri.params;
    assert.deepEqual([params?.has('lr'), params?.get('key')], [true, 'val%41']);
    assert.equal(passed(data).headers.raw('Contact'), '<sip:no%72a@a;%6C%72;k%65y=v%61l%25%34%31>');
  });

  it('3.1.1.4: an escaped NUL does not end a user part', () => {
    const data = request('REGISTER sip:home.example SIP/2.0', {
      To: '<sip:a%00b@home.example>',
      Contact: ['<sip:%00@h>', '<sip:%00%00@h>'],
    });
    assert.deepEqual(
      contacts(data).map(({ uri }) => unescapeUri(uri.user ?? '').length),
      [1, 2],
    );
    const to = passed(data).headers.get(TO)?.uri;
    assert.ok(to !== undefined && isSip(to) && unescapeUri(to.user ?? '') === 'a\0b');
  });

  it('3.1.1.5: what looks like an escape in a token is none', () => {
    const data = request('%4FPTIONS sip:home.example SIP/2.0', {
      To: '"%41" <sip:a@home.example>',
      'C%6Fntact': '<sip:none@h>',
      Contact: ['<sip:one@h>', '<sip:two@h>'],
    });
    assert.equal(passed(data).method, '%4FPTIONS');
    assert.equal(contacts(data).length, 2);
    assert.equal(passed(data).headers.get(TO)?.display, '"%41"');
  });

  it('3.1.1.6: no space between display name and bracket', () => {
    const from = passed(request('OPTIONS sip:a@b SIP/2.0', { From: 'nora<sip:nora@h>;tag=1' })).headers.get(FROM);
    assert.deepEqual([from?.display, tagOf(from)], ['nora', '1']);
  });

  it('3.1.1.7: long values and many of them', () => {
    const long = 'very'.repeat(300);
    const via = (index: number) => `SIP/2.0/TCP hop${index}.example;branch=z9hG4bK${long}`;
    const { headers } = passed(
      request(`INVITE sip:${long}@h SIP/2.0`, {
        Via: Array.from({ length: 30 }, (_, index) => via(index)),
        From: `"${long}" <sip:${long}@h;${long}=${long}>;tag=${long}`,
        [`x-${long}`]: long,
      }),
    );
    assert.equal(headers.all(VIA).length, 30);
    assert.equal(tagOf(headers.get(FROM)), long);
    assert.equal(headers.raw(`X-${long}`), long);
  });

  it('3.1.1.8: octets after the body are none of the message', () => {
    const second = request('INVITE sip:b@h SIP/2.0', {}, SDP);
    const data = Buffer.concat([request('REGISTER sip:h SIP/2.0'), Buffer.from('\r\n'), second]);
    assert.deepEqual([passed(data).method, passed(data).body.length], ['REGISTER', 0]);
  });

  it('3.1.1.9: a semicolon in the user part', () => {
    const uri = sipUri(passed(request('OPTIONS sip:nora;x=y%40z@h;p SIP/2.0')).uri);
    assert.deepEqual([unescapeUri(uri.user ?? ''), uri.params.toString()], ['nora;x=y@z', ';p']);
  });

  it('3.1.1.10: transports nobody knows, below the topmost Via', () => {
    const vias = ['UDP a', 'SCTP b', 'TLS c', 'PIGEON d'].map((hop) => `SIP/2.0/${hop};branch=z9hG4bK1`);
    const { headers } = passed(request('OPTIONS sip:a@h SIP/2.0', { Via: vias }));
    assert.deepEqual(
      headers.all(VIA).map(({ transport }) => transport),
      ['UDP', 'SCTP', 'TLS', 'PIGEON'],
    );
  });

  it('3.1.1.11: a multipart body with NULs and line ends, untouched', () => {
    const body = Buffer.from(
      '--x\r\nContent-Type: text/plain\r\n\r\nhi\r\n--x\r\n\r\n\0\r\n\r\n\xff\0\r\n--x--',
      'latin1',
    );
    const { headers, body: seen } = passed(
      request('MESSAGE sip:a@h SIP/2.0', { 'Content-Type': 'multipart/mixed;boundary=x' }, body),
    );
    assert.ok(body.equals(seen));
    assert.equal(headers.get(CONTENT_TYPE)?.params.get('boundary'), 'x');
  });

  it('3.1.1.12: a reason phrase in UTF-8 with signs of all kinds', () => {
    const { status, reason } = usable(response('SIP/2.0 200 = 5**2 * 2**3 сто', {}, SDP));
    assert.deepEqual([status, Buffer.from(reason, 'latin1').toString()], [200, '= 5**2 * 2**3 сто']);
  });

  it('3.1.1.13: no reason phrase', () => {
    assert.equal(usable(response('SIP/2.0 100 ')).reason, '');
    assert.equal(usable(response('SIP/2.0 100')).reason, '');
  });
});

describe('invalid messages (RFC 4475 §3.1.2)', () => {
  const options = 'OPTIONS sip:a@h SIP/2.0';
  const invite = 'INVITE sip:a@h SIP/2.0';

  it('3.1.2.1: separators without values in Via and Contact', () => {
    const data = request(invite, { Via: 'SIP/2.0/UDP 198.51.100.9;;,;,,', Contact: '<sip:n@h>;;;;' });
    assert.equal(refusedWith(data), 400);
    const verdict = judge(data);
    // The topmost Via can be read, so the 400 finds its way.
    assert.ok(verdict.kind === 'refused' && verdict.request.headers.get(VIA)?.host === '198.51.100.9');
  });

  it('3.1.2.2: Content-Length beyond the datagram', () => {
    assert.equal(refusedWith(request(invite, { 'Content-Length': `${SDP.length + 1}` }, SDP)), 400);
    assert.equal(refusedWith(request(invite, { 'Content-Length': '99999999999' }, SDP)), 400);
  });

  it('3.1.2.3: negative Content-Length', () => {
    assert.equal(refusedWith(request(invite, { 'Content-Length': '-1' }, SDP)), 400);
  });

  it('3.1.2.4: numbers out of their range', () => {
    const register = 'REGISTER sip:h SIP/2.0';
    assert.equal(refusedWith(request(register, { CSeq: '36893488147419103239 REGISTER' })), 400);
    assert.equal(refusedWith(request(register, { CSeq: '2147483648 REGISTER' })), 400);
    assert.equal(refusedWith(request(register, { 'Max-Forwards': '256' })), 400);
    const { headers } = passed(
      request(register, { Expires: '9'.repeat(100), Contact: '<sip:n@h>;expires=280297596632815' }),
    );
    const contact = headers.get(CONTACT);
    assert.deepEqual(
      [headers.get(EXPIRES), contact !== '*' && contact && expiresOf(contact)],
      [2 ** 32 - 1, 2 ** 32 - 1],
    );
  });

  it('3.1.2.5: a response with numbers out of their range is dropped', () => {
    assert.equal(judge(response('SIP/2.0 503 Busy', { CSeq: '9292394834772304023399 OPTIONS' })).kind, 'dropped');
  });

  it('3.1.2.6: a quote that nothing closes', () => {
    assert.equal(refusedWith(request(invite, { To: '"Olaf <sip:olaf@h>' })), 400);
  });

  it('3.1.2.7: brackets around the Request-URI', () => {
    assert.equal(refusedWith(request('INVITE <sip:a@h> SIP/2.0')), 400);
  });

  it('3.1.2.8: space within the Request-URI', () => {
    assert.equal(refusedWith(request('INVITE sip:a@h; lr SIP/2.0')), 400);
  });

  it('3.1.2.9: several spaces in the start line are put up with, and not passed on', () => {
    const { method, uri } = passed(request('INVITE  sip:a@h   SIP/2.0'));
    assert.deepEqual([method, uri], ['INVITE', 'sip:a@h']);
  });

  it('3.1.2.10: spaces after the start line are put up with', () => {
    assert.equal(passed(request('OPTIONS sip:a@h SIP/2.0  ')).uri, 'sip:a@h');
  });

  it('3.1.2.11: a header part in the Request-URI', () => {
    assert.equal(refusedWith(request('INVITE sip:a@h?Subject=x SIP/2.0')), 400);
  });

  it('3.1.2.12: a Date of no known zone harms nobody', () => {
    assert.equal(passed(request(invite, { Date: 'Sun, 31 Feb 2010 25:00:00 CET' })).method, 'INVITE');
  });

  it('3.1.2.13: a Contact with a header part and no brackets', () => {
    assert.equal(refusedWith(request('REGISTER sip:h SIP/2.0', { Contact: 'sip:n@h?Route=%3Csip:x%3E' })), 400);
  });

  it('3.1.2.14: spaces within the brackets', () => {
    assert.equal(refusedWith(request(options, { To: '"O, O" < sip:olaf@h >' })), 400);
  });

  it('3.1.2.15: a display name with a comma and no quotes', () => {
    assert.equal(refusedWith(request(options, { From: 'N, Nora <sip:nora@h>;tag=1' })), 400);
  });

  it('3.1.2.16: another version', () => {
    assert.equal(refusedWith(request('OPTIONS sip:a@h SIP/3.1')), 505);
    assert.equal(judge(response('SIP/3.1 200 OK')).kind, 'dropped');
  });

  it('3.1.2.17: CSeq of another method', () => {
    assert.equal(refusedWith(request(options, { CSeq: '8 INVITE' })), 400);
    assert.equal(refusedWith(request(options, { CSeq: '8 options' })), 400);
  });

  it('3.1.2.18: a method nobody knows with CSeq of another', () => {
    assert.equal(refusedWith(request('FROBNICATE sip:a@h SIP/2.0', { CSeq: '8 INVITE' })), 501);
  });

  it('3.1.2.19: a status that is no three digits', () => {
    for (const status of ['4294967301', '700', '099', '20', '-200', '2xx']) {
      assert.equal(judge(response(`SIP/2.0 ${status} whatever`)).kind, 'malformed', status);
    }
  });
});
