// The files that are shipped, and the page made from the tables.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { configurationPage } from '../../scripts/make-doc.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { Table } from '../../src/config/schema/property.ts';
import { userTable } from '../../src/config/settings/user.ts';
import { SECTIONS } from '../../src/config/settings.ts';
import { rtpMap } from '../../src/sdp/attributes.ts';
import { usesPreconditions } from '../../src/sdp/precondition.ts';
import { offerOf } from '../../src/services/mt-call.ts';
import { printed } from './parsing.ts';

function pathOf(name: string): string {
  return fileURLToPath(new URL(`../../../${name}`, import.meta.url));
}

describe('config/ims.cfg', () => {
  const loaded = loadConfig(pathOf('config/ims.cfg'));

  it('loads without errors and warnings', () => {
    assert.deepEqual([...printed(loaded.errors), ...printed(loaded.warnings)], []);
  });

  it('works on any machine', () => {
    assert.deepEqual(
      loaded.settings?.sip_addr.map(({ addr }) => addr),
      [
        { address: '0.0.0.0', port: 5060 },
        { address: '::', port: 5060 },
      ],
    );
    assert.deepEqual(loaded.settings?.com_addr, { address: '127.0.0.1', port: 9003 });
    assert.equal(loaded.settings?.p_called_party_id, true);
    assert.equal(loaded.settings?.log_filename, '/tmp/ims.log');
  });

  it('has a user of every kind', () => {
    const kinds = loaded.settings?.ue_db.map((user) => (user.pwd === undefined ? user.sim_algo : user.authent_type));
    assert.deepEqual(kinds, ['xor', 'milenage', 'tuak', 'MD5', 'MD5']);
    const [, , , first, second] = loaded.settings?.ue_db ?? [];
    assert.deepEqual([first?.impi, first?.pwd], ['sipclient', 'sipclient']);
    assert.ok(first?.impu.some(({ impu }) => impu === 'tel:1234'));
    assert.equal(first?.domain, second?.domain);
    assert.equal(first?.domain, loaded.settings?.domain);
  });

  it('shows every property', () => {
    const shown = (file: string, table: Table) =>
      Object.keys(table).filter((name) => !new RegExp(`\\b${name}\\s*:`).test(readFileSync(pathOf(file), 'utf8')));
    assert.deepEqual(
      SECTIONS.flatMap(({ table }) => shown('config/ims.cfg', table)).filter((name) => name !== 'ue_db'),
      [],
    );
    assert.deepEqual(shown('config/ue_db-ims.cfg', userTable), []);
  });
});

describe('config/mt_call*.sdp', () => {
  for (const [name, media, preconditions] of [
    ['mt_call.sdp', ['audio'], false],
    ['mt_call_qos.sdp', ['audio'], true],
    ['mt_call_video.sdp', ['audio', 'video'], false],
  ] as const) {
    it(`${name} can be offered`, () => {
      const offer = offerOf({ path: name, text: readFileSync(pathOf(`config/${name}`), 'utf8') });
      assert.deepEqual(
        offer.media.map((one) => one.media),
        media,
      );
      for (const one of offer.media) {
        assert.notEqual(one.port, 0);
        for (const format of one.formats) assert.ok(rtpMap(one, format) !== undefined, format);
      }
      assert.equal(usesPreconditions(offer), preconditions);
    });
  }
});

describe('doc/configuration.md', () => {
  it('is what scripts/make-doc.ts prints', () => {
    assert.equal(
      readFileSync(pathOf('doc/configuration.md'), 'utf8'),
      configurationPage(),
      'out of date: node dist/scripts/make-doc.js > doc/configuration.md',
    );
  });
});
