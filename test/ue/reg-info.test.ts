import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseRegInfo } from '../../src/ue/reg-info.ts';

describe('reginfo', () => {
  it('is read with escapes, other namespaces and elements without content', () => {
    const info = parseRegInfo(`<?xml version="1.0"?>
<reginfo xmlns="urn:ietf:params:xml:ns:reginfo" xmlns:gr="urn:ietf:params:xml:ns:gruuinfo" version="0" state="partial">
  <registration aor="sip:a&amp;b@example.org" id="1" state="init"/>
  <registration aor="tel:+1" id="2" state="active">
    <contact id="x" state="active" event="created">
      <uri> sip:&#60;&#x3e;@h </uri>
      <gr:pub-gruu uri="sip:x@h;gr"/>
    </contact>
    <contact id="y" state="terminated" event="expired" expires="0"><uri>sip:y@h</uri></contact>
  </registration>
</reginfo>`);
    assert.deepEqual(info, {
      version: 0,
      state: 'partial',
      registrations: [
        { aor: 'sip:a&b@example.org', id: '1', state: 'init', contacts: [] },
        {
          aor: 'tel:+1',
          id: '2',
          state: 'active',
          contacts: [
            { id: 'x', uri: 'sip:<>@h', state: 'active', event: 'created' },
            { id: 'y', uri: 'sip:y@h', state: 'terminated', event: 'expired', expires: 0 },
          ],
        },
      ],
    });
  });

  it('is not read out of something else', () => {
    assert.equal(parseRegInfo('<presence/>'), undefined);
    assert.equal(parseRegInfo(''), undefined);
  });
});
