import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { checkRequired } from '../../../src/sip/dialog/capabilities.ts';
import { SipError } from '../../../src/sip/message/sip-error.ts';
import { incoming } from '../transaction/bed.ts';

function missing(extra: string, granted: readonly string[] = []): unknown {
  try {
    checkRequired(incoming('INVITE', { extra }), granted);
    return undefined;
  } catch (error) {
    assert(error instanceof SipError);
    return error.status;
  }
}

describe('what a request may require', () => {
  it('is what is offered (RFC 3261 §8.2.2.3)', () => assert.equal(missing('Require: path'), undefined));
  it('is nothing else', () => assert.equal(missing('Require: Path, elsewhere'), 420));
  it('counts for proxies too (§20.29)', () => assert.equal(missing('Proxy-Require: elsewhere'), 420));
  it('is what the asker grants, in any case', () =>
    assert.equal(missing('Require: Sec-Agree', ['sec-agree']), undefined));
});
