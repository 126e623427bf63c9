import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MalformedError } from '../../../src/core/errors.ts';
import { MOST_PARAMETERS } from '../../../src/sip/message/params.ts';
import { dialled, isSip, isTel, parseUri, printUri, sameUri, unescapeUri } from '../../../src/sip/message/uri.ts';

const same = (a: string, b: string) => sameUri(parseUri(a), parseUri(b));

describe('parseUri', () => {
  // RFC 3261 §19.1.3, §19.1.6, §8.1.1.5; RFC 3966 §6; RFC 5118 §4; RFC 5031; TS 24.229 phone-context.
  const examples = [
    'sip:alice@atlanta.com',
    'sip:alice:secretword@atlanta.com;transport=tcp',
    'sips:alice@atlanta.com?subject=project%20x&priority=urgent',
    'sip:+1-212-555-1212:1234@gateway.com;user=phone',
    'sips:1212@gateway.com',
    'sip:alice@192.0.2.4',
    'sip:atlanta.com;method=REGISTER?to=alice%40atlanta.com',
    'sip:alice;day=tuesday@atlanta.com',
    'sip:%61lice@atlanta.com;transport=TCP',
    'sip:+358-555-1234567;postd=pp22@foo.com;user=phone',
    'sip:vivekg@chair-dnrc.example.com;unknownparam',
    'sip:[2001:db8::10]',
    'sip:user@[2001:db8::10]:5070;maddr=[2001:db8::1]',
    'sip:user@[::ffff:192.0.2.10]',
    'sip:p2.example.com;lr',
    'sip:2723;phone-context=ims.mnc001.mcc001.3gppnetwork.org@ims.mnc001.mcc001.3gppnetwork.org;user=phone',
    'sip:*31#5551234@home.example',
    'tel:+1-201-555-0123',
    'tel:7042;phone-context=example.com',
    'tel:863-1234;phone-context=+1-914-555',
    'urn:service:sos.police',
    'mailto:watson@bell-telephone.com',
    'http://www.example.com/a?b=c',
  ];
  for (const text of examples) it(`reads and prints ${text}`, () => assert.equal(printUri(parseUri(text)), text));

  it('takes a SIP URI apart', () => {
    const uri = parseUri('SIPS:%41:pw@Host.Example:5061;Lr;x=Y?a=b');
    assert.ok(isSip(uri));
    const { scheme, user, password, host, port, headers } = uri;
    assert.deepEqual(
      { scheme, user, password, host, port, headers },
      { scheme: 'sips', user: '%41', password: 'pw', host: 'host.example', port: 5061, headers: 'a=b' },
    );
    assert.deepEqual([uri.params.get('LR'), uri.params.get('x')], ['', 'Y']);
  });

  it('leaves out what is not there', () => {
    assert.deepEqual(Object.keys(parseUri('sip:h')).sort(), ['host', 'params', 'scheme']);
  });

  it('finds the @ of the user part among others', () => {
    const userOf = (text: string) => {
      const uri = parseUri(text);
      return isSip(uri) ? [uri.user, uri.host] : undefined;
    };
    assert.deepEqual(userOf('sip:a?b;c@h'), ['a?b;c', 'h']);
    assert.deepEqual(userOf('sip:a@h?to=c@d'), ['a', 'h']);
  });

  it('tells a telephone URI by its number', () => {
    const uri = parseUri('TEL:+49(30)1.2-3;ext=4');
    assert.ok(isTel(uri));
    assert.deepEqual([uri.number, uri.params.get('ext')], ['+49(30)1.2-3', '4']);
    assert.ok(!isTel(parseUri('urn:service:sos')) && !isSip(parseUri('urn:service:sos')));
  });

  const wrong = [
    '',
    'alice',
    'alice@atlanta.com',
    ':x',
    '1sip:x',
    'sip:',
    'sip:@h',
    'sip:a@',
    'sip:a@b@c',
    'sip:a b@h',
    ' sip:a@h',
    'sip:a@h ',
    'sip:"a"@h',
    'sip:<a>@h',
    'sip:a@h;x="y"',
    'sip:a@h\r\nVia: x',
    'sip:a\0@h',
    'sip:%4@h',
    'sip:%zz@h',
    'sip:a:%1@h',
    'sip:a@h:',
    'sip:a@h:x',
    'sip:a@h:65536',
    'sip:a@h:99999999999999999999',
    'sip:a@.h',
    'sip:a@h_$',
    'sip:a@h;=x',
    // RFC 5118 §4.2: an IPv6 address needs its brackets.
    'sip:2001:db8::10',
    'sip:[2001:db8::10',
    'sip:[:::]',
    'sip:[fe80::1%25eth0]',
    'sip:[]',
    'tel:',
    'tel:alice',
    'tel:+',
    'urn:',
    'http://<x>',
    `sip:h${';a'.repeat(MOST_PARAMETERS + 1)}`,
  ];
  for (const text of wrong) {
    it(`refuses ${JSON.stringify(text.slice(0, 40))}`, () => assert.throws(() => parseUri(text), MalformedError));
  }
});

describe('unescapeUri', () => {
  it('reads escapes octet by octet and leaves what is none', () => {
    assert.equal(unescapeUri('a%20b%00%zz%4'), 'a b\0%zz%4');
  });
});

describe('sameUri', () => {
  // RFC 3261 §19.1.4: its examples.
  const equal = [
    ['sip:%61lice@atlanta.com;transport=TCP', 'sip:alice@AtlanTa.CoM;Transport=tcp'],
    ['sip:carol@chicago.com', 'sip:carol@chicago.com;newparam=5'],
    ['sip:carol@chicago.com', 'sip:carol@chicago.com;security=on'],
    [
      'sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com',
      'sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com',
    ],
    [
      'sip:alice@atlanta.com?subject=project%20x&priority=urgent',
      'sip:alice@atlanta.com?priority=urgent&subject=project%20x',
    ],
    // Escapes in parameter names, case of escapes.
    ['sip:a@h;%6Cr', 'sip:a@h;lr'],
    ['sip:a%2fb@h', 'sip:a%2Fb@h'],
  ] as const;
  for (const [a, b] of equal) it(`${a} is ${b}`, () => assert.deepEqual([same(a, b), same(b, a)], [true, true]));

  const different = [
    ['SIP:ALICE@AtLanTa.CoM;Transport=udp', 'sip:alice@AtLanTa.CoM;Transport=UDP'],
    ['sip:bob@biloxi.com', 'sip:bob@biloxi.com:5060'],
    ['sip:bob@biloxi.com', 'sip:bob@biloxi.com;transport=udp'],
    ['sip:bob@biloxi.com', 'sip:bob@biloxi.com:6000;transport=tcp'],
    ['sip:carol@chicago.com', 'sip:carol@chicago.com?Subject=next%20meeting'],
    ['sip:bob@phone21.boxesbybob.com', 'sip:bob@192.0.2.4'],
    ['sip:carol@chicago.com;security=on', 'sip:carol@chicago.com;security=off'],
    // §19.1.4 in words: scheme, password, and the parameters that never match when only one has them.
    ['sip:a@h', 'sips:a@h'],
    ['sip:a:x@h', 'sip:a:y@h'],
    ['sip:h', 'sip:a@h'],
    ['sip:a@h', 'sip:a@h;user=ip'],
    ['sip:a@h', 'sip:a@h;ttl=1'],
    ['sip:a@h', 'sip:a@h;method=INVITE'],
    ['sip:a@h', 'sip:a@h;maddr=h'],
    // A reserved character is not its escape.
    ['sip:a%3Bb@h', 'sip:a;b@h'],
    ['sip:+1555@h', 'tel:+1555'],
  ] as const;
  for (const [a, b] of different) {
    it(`${a} is not ${b}`, () => assert.deepEqual([same(a, b), same(b, a)], [false, false]));
  }

  it('compares telephone URIs without separators and with all parameters (RFC 3966 §4)', () => {
    assert.ok(same('tel:+1-201-555-0123', 'tel:+1(201)5550123'));
    assert.ok(same('tel:7042;phone-context=Example.com;x=1', 'TEL:7042;X=1;phone-context=example.com'));
    assert.ok(same('tel:1;phone-context=+1-914', 'tel:1;phone-context=+1914'));
    assert.ok(!same('tel:+12015550123', 'tel:12015550123'));
    assert.ok(!same('tel:7042;phone-context=example.com', 'tel:7042;phone-context=example.org'));
    assert.ok(!same('tel:7042;phone-context=example.com', 'tel:7042'));
    assert.ok(!same('tel:7042', 'tel:7042;phone-context=example.com'));
    assert.ok(!same('tel:1;ext=12', 'tel:1;ext=13'));
  });

  it('compares others without case', () => {
    assert.ok(same('urn:service:sos', 'URN:Service:SOS'));
    assert.ok(!same('urn:service:sos', 'urn:service:sos.fire'));
  });
});

describe('dialled', () => {
  it('takes the visual separators away', () => assert.equal(dialled('+1 (201) 555-01.23A'), '+12015550123a'));
});
