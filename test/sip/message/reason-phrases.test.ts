import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { reasonPhrase } from '../../../src/sip/message/reason-phrases.ts';

describe('reasonPhrase', () => {
  it('is the registered one', () => {
    assert.equal(reasonPhrase(180), 'Ringing');
    assert.equal(reasonPhrase(494), 'Security Agreement Required');
    assert.equal(reasonPhrase(608), 'Rejected');
  });

  it('is that of the class for a status nobody registered', () => {
    assert.equal(reasonPhrase(150), 'Session Progress');
    assert.equal(reasonPhrase(299), 'OK');
    assert.equal(reasonPhrase(499), 'Bad Request');
    assert.equal(reasonPhrase(799), 'Unknown');
  });
});
