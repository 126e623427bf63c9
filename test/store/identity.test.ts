import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseUri } from '../../src/sip/message/uri.ts';
import { identityKey, identityUri } from '../../src/store/identity.ts';

const key = (uri: string) => identityKey(parseUri(uri));

describe('identityKey', () => {
  const same: readonly (readonly [string, string, string])[] = [
    ['sip and tel', 'tel:0600000000', 'sip:0600000000@ims.example;user=phone'],
    ['visual separators', 'tel:06-00.00(00)00', 'tel:0600000000'],
    ['plus', 'tel:+33600000001', 'sip:33600000001@ims.example'],
    ['host part', 'sip:alice@one.example', 'sip:alice@192.0.2.1:5070'],
    ['phone-context of a tel URI', 'tel:2723;phone-context=ims.example', 'tel:2723'],
    ['phone-context in the user part', 'sip:2723;phone-context=ims.example@ims.example;user=phone', 'tel:2723'],
    ['escapes', 'sip:%61lice@ims.example', 'sip:alice@ims.example'],
    ['sips', 'sips:alice@ims.example', 'sip:alice@ims.example'],
    ['case of a service URN', 'urn:service:SOS', 'urn:service:sos'],
    ['star and hash', 'tel:*100#', 'sip:*100%23@ims.example'],
  ];
  for (const [name, a, b] of same) it(`does not look at ${name}`, () => assert.equal(key(a), key(b)));

  const different: readonly (readonly [string, string, string])[] = [
    ['user names in another case', 'sip:Alice@ims.example', 'sip:alice@ims.example'],
    ['a name with a plus', 'sip:+alice@ims.example', 'sip:alice@ims.example'],
    ['numbers', 'tel:600', 'tel:601'],
  ];
  for (const [name, a, b] of different) it(`tells apart ${name}`, () => assert.notEqual(key(a), key(b)));
});

describe('identityUri', () => {
  it('gives a SIP identity without a host the domain', () => {
    assert.deepEqual(identityUri('sip:alice', 'ims.example'), parseUri('sip:alice@ims.example'));
  });
  it('leaves a host that is there', () => {
    assert.deepEqual(identityUri('sip:alice@other.example', 'ims.example'), parseUri('sip:alice@other.example'));
  });
  it('leaves telephone numbers', () => assert.deepEqual(identityUri('tel:600', 'ims.example'), parseUri('tel:600')));
});
