import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { MalformedError } from '../../src/core/errors.ts';
import { type Avp, AvpError, readAvps } from '../../src/diameter/avp.ts';
import { avp, find, findAll, nameOf, need, readAvp } from '../../src/diameter/dictionary.ts';
import { readMessage, writeMessage } from '../../src/diameter/message.ts';
import { printMessage, printSecrets } from '../../src/diameter/print.ts';
import * as wire from '../support/diameter/wire.ts';

interface Vector {
  readonly id: string;
  readonly hex: string;
  readonly header: { readonly flags: number; readonly code: number; readonly app: number; readonly length: number };
  readonly avp_codes_in_order?: readonly number[];
}

const PATH = join(import.meta.dirname, '../../../test/vectors/diameter.json');
const VECTORS = JSON.parse(readFileSync(PATH, 'utf8')) as readonly Vector[];

function codesOf(avps: readonly Avp[]): number[] {
  return avps.flatMap((one) => {
    const name = nameOf(one);
    const value: unknown = name === undefined ? undefined : readAvp(one, name);
    return [one.code, ...(Array.isArray(value) ? codesOf(value as Avp[]) : [])];
  });
}

describe('published messages', () => {
  for (const { id, hex, header } of VECTORS) {
    it(`${id} is read, and written as it was`, () => {
      const octets = Buffer.from(hex, 'hex');
      const message = readMessage(octets);
      assert.equal(octets.length, header.length);
      assert.deepEqual([message.command, message.application], [header.code, header.app]);
      assert.equal(message.request, (header.flags & 0x80) !== 0);
      assert.equal(message.proxiable, (header.flags & 0x40) !== 0);
      assert.deepEqual(writeMessage(message), octets);
      assert.ok(printMessage(message).length > 0);
    });

    it(`${id}, cut anywhere, is malformed and nothing worse`, () => {
      const octets = Buffer.from(hex, 'hex');
      for (let length = 0; length < octets.length; length++) {
        assert.throws(() => readMessage(octets.subarray(0, length)), MalformedError);
      }
    });
  }

  it('hold the AVPs their sources name, groups opened', () => {
    for (const { id, hex, avp_codes_in_order: codes } of VECTORS) {
      // Mobile IPv4 and S6a are no applications of ours.
      if (codes === undefined || id.includes('mobile') || id.includes('ulr')) continue;
      const { avps } = readMessage(Buffer.from(hex, 'hex'));
      assert.deepEqual(codesOf(avps), codes, id);
    }
  });
});

describe('a message with octets changed', () => {
  it('is read or malformed, printed, and never more than that', () => {
    const samples = VECTORS.map(({ hex }) => Buffer.from(hex, 'hex'));
    const change = fc.tuple(fc.nat(), fc.nat(255));
    fc.assert(
      fc.property(fc.constantFrom(...samples), fc.array(change, { minLength: 1, maxLength: 6 }), (sample, changes) => {
        const octets = Buffer.from(sample);
        for (const [at, octet] of changes) octets[at % octets.length] = octet;
        try {
          const message = readMessage(octets);
          printMessage(message);
          printSecrets(message.avps);
          codesOf(message.avps);
        } catch (error) {
          assert.ok(error instanceof MalformedError, String(error));
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('an AVP', () => {
  it('is written as the other reading of the specification writes it', () => {
    const ours = writeMessage({
      request: true,
      proxiable: true,
      error: false,
      retransmitted: true,
      command: 300,
      application: 16_777_216,
      hopByHop: 0xffff_fffe,
      endToEnd: 7,
      avps: [
        avp('Session-Id', 'a;1;2'),
        avp('Public-Identity', 'sip:a@b'),
        avp('User-Authorization-Type', 'DE_REGISTRATION'),
        avp('Product-Name', 'xyz'),
        avp('Vendor-Specific-Application-Id', [avp('Vendor-Id', 10415), avp('Auth-Application-Id', 16_777_216)]),
        avp('Framed-IP-Address', '192.0.2.77'),
        avp('Framed-IPv6-Prefix', '2001:db8::7/128'),
        avp('Host-IP-Address', '2001:db8::1'),
        avp('Host-IP-Address', '198.51.100.9'),
      ],
    });
    const v6 = (last: number) => Buffer.from([0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last]);
    const head = { flags: 0xd0, code: 300, application: 16_777_216, hopByHop: 0xffff_fffe, endToEnd: 7 };
    const theirs = wire.message(head, [
      wire.avp(263, 'a;1;2'),
      wire.tgpp(601, 'sip:a@b'),
      wire.tgpp(623, 1),
      wire.avp(269, 'xyz', 0, 0),
      wire.avp(260, [wire.avp(266, 10415), wire.avp(258, 16_777_216)]),
      wire.avp(8, Buffer.from([192, 0, 2, 77])),
      wire.avp(97, Buffer.concat([Buffer.from([0, 128]), v6(7)])),
      wire.avp(257, Buffer.concat([Buffer.from([0, 2]), v6(1)])),
      wire.avp(257, Buffer.from([0, 1, 198, 51, 100, 9])),
    ]);
    assert.deepEqual(ours, theirs);
    const { avps } = readMessage(theirs);
    assert.equal(find(avps, 'User-Authorization-Type'), 'DE_REGISTRATION');
    assert.equal(find(avps, 'Framed-IP-Address'), '192.0.2.77');
    assert.equal(find(avps, 'Framed-IPv6-Prefix'), '2001:db8::7/128');
    assert.deepEqual(findAll(avps, 'Host-IP-Address'), ['2001:db8::1', '198.51.100.9']);
  });

  it('with a code of another vendor is another AVP', () => {
    const avps = readAvps(Buffer.concat([wire.avp(601, 'theirs', 999), wire.tgpp(601, 'ours')]));
    assert.equal(find(avps, 'Public-Identity'), 'ours');
    assert.equal(nameOf(avps[0] as (typeof avps)[0]), undefined);
  });

  it('that is missing, or of the wrong length, is refused with itself in Failed-AVP', () => {
    const refused = (octets: Buffer) => {
      try {
        need(readAvps(octets), 'Server-Assignment-Type');
      } catch (error) {
        if (error instanceof AvpError) return [error.resultCode, error.failed?.code, error.failed?.vendor];
      }
      return undefined;
    };
    assert.deepEqual(refused(Buffer.alloc(0)), [5005, 614, 10415]);
    assert.deepEqual(refused(wire.tgpp(614, 'abcdefg')), [5014, 614, 10415]);
    assert.equal(refused(wire.tgpp(614, 1)), undefined);
  });

  it('that is an enumeration without a name for its number keeps the number', () => {
    assert.equal(find(readAvps(wire.tgpp(500, 77)), 'Abort-Cause'), 77);
    assert.equal(find(readAvps(wire.tgpp(520, 0xffff_ffff)), 'Media-Type'), 'OTHER');
  });
});

describe('a message in the log', () => {
  const message = readMessage(
    wire.message({ flags: 0x40, code: 303, application: 16_777_216, hopByHop: 1, endToEnd: 2 }, [
      wire.avp(268, 3004),
      wire.avp(297, [wire.avp(266, 10415), wire.avp(298, 5001)]),
      wire.tgpp(612, [wire.tgpp(610, Buffer.from('00112233', 'hex')), wire.tgpp(625, Buffer.from('c0ffee', 'hex'))]),
      wire.avp(9999, Buffer.from('fe', 'hex'), 5),
    ]),
  );

  it('names AVPs, results and groups, and shows what is not known as octets', () => {
    assert.deepEqual(printMessage(message).split('\n').slice(1), [
      'Result-Code: DIAMETER_TOO_BUSY (3004)',
      'Experimental-Result:',
      '  Vendor-Id: 10415',
      '  Experimental-Result-Code: DIAMETER_ERROR_USER_UNKNOWN (5001)',
      'SIP-Auth-Data-Item:',
      '  SIP-Authorization: (not shown)',
      '  Confidentiality-Key: (not shown)',
      'AVP 9999 vendor 5: fe',
    ]);
  });

  it('has its keys apart', () => {
    assert.equal(printSecrets(message.avps), 'SIP-Authorization: 00112233\nConfidentiality-Key: c0ffee');
  });
});
