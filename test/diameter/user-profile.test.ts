import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { MalformedError } from '../../src/core/errors.ts';
import { parseUserProfile } from '../../src/diameter/user-profile.ts';

const parse = (text: string) => parseUserProfile(Buffer.from(text));
const identity = (impu: string, more = '') => `<PublicIdentity><Identity>${impu}</Identity>${more}</PublicIdentity>`;
const profile = (...identities: string[]) =>
  `<?xml version="1.0" encoding="UTF-8"?>
<IMSSubscription xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
  <PrivateID>a@ims.test</PrivateID>
  <ServiceProfile>${identities.join('')}<InitialFilterCriteria><Priority>1</Priority></InitialFilterCriteria></ServiceProfile>
</IMSSubscription>`;

describe('User-Data', () => {
  it('names a user and its identities in order, over all service profiles', () => {
    const second = `<ServiceProfile>${identity('tel:+49306')}</ServiceProfile></IMSSubscription>`;
    const text = profile(identity(' sip:a@ims.test ')).replace('</IMSSubscription>', second);
    assert.deepEqual(parse(text), {
      impi: 'a@ims.test',
      identities: [
        { impu: 'sip:a@ims.test', barred: false },
        { impu: 'tel:+49306', barred: false },
      ],
    });
  });

  it('says which identities are barred, as a number or a word', () => {
    const bar = (value: string) => `<BarringIndication>${value}</BarringIndication>`;
    const text = profile(...['1', 'true', '0', 'false'].map((value) => identity(`sip:${value}@x`, bar(value))));
    assert.deepEqual(
      parse(text).identities.map(({ barred }) => barred),
      [true, true, false, false],
    );
  });

  it('has identities that are no user’s: public services and wildcards are left out', () => {
    const kind = (type: number) => `<Extension><IdentityType>${type}</IdentityType></Extension>`;
    const text = profile(
      identity('sip:a@x', kind(0)),
      identity('sip:psi@x', kind(1)),
      identity('sip:list!.*!@x', kind(2)),
    );
    assert.deepEqual(
      parse(text).identities.map(({ impu }) => impu),
      ['sip:a@x'],
    );
  });

  it('may have namespaces, XML’s own escapes, and NULs behind it', () => {
    const text = profile(identity('sip:a&amp;b@x')).replaceAll(/<(\/?)(IMSSubscription|ServiceProfile)/g, '<$1cx:$2');
    assert.equal(parse(`${text}\0\0`).identities[0]?.impu, 'sip:a&b@x');
  });

  it('does not expand entities, and may not declare any', () => {
    const bomb = `<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>${profile(identity('&b;'))}`;
    assert.throws(() => parse(bomb), MalformedError);
    assert.equal(parse(profile(identity('sip:&b;&#65;@x'))).identities[0]?.impu, 'sip:&b;&#65;@x');
  });

  it('without a user or identities, too long, or no XML at all is malformed', () => {
    const many = Array.from({ length: 65 }, (_, number) => identity(`sip:${number}@x`));
    for (const text of [
      '',
      'x',
      '<IMSSubscription/>',
      '<IMSSubscription><PrivateID>a</PrivateID></IMSSubscription>',
      profile(),
      profile(...many),
      profile(identity('')),
      `${profile(identity('sip:a@x'))}${' '.repeat(300_000)}`,
    ]) {
      assert.throws(() => parse(text), MalformedError, text.slice(0, 80));
    }
  });

  it('with octets changed or cut is read or malformed, nothing worse', () => {
    const sample = Buffer.from(profile(identity('sip:a@x'), identity('tel:1')));
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 8 }),
        fc.nat(sample.length),
        (changes, length) => {
          const octets = Buffer.from(sample);
          for (const [at, octet] of changes) octets[at % octets.length] = octet;
          try {
            parseUserProfile(octets.subarray(0, length));
          } catch (error) {
            assert.ok(error instanceof MalformedError, String(error));
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});
