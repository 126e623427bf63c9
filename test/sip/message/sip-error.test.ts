import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { responseTo } from '../../../src/sip/message/build.ts';
import { MIN_EXPIRES, UNSUPPORTED } from '../../../src/sip/message/header-types.ts';
import { SipError } from '../../../src/sip/message/sip-error.ts';
import { passed, request } from '../../support/sip-judge.ts';

describe('SipError', () => {
  it('keeps what the log says from what the peer sees', () => {
    const error = new SipError(403, 'unknown subscriber 00101: add it');
    assert.deepEqual(
      [error.status, error.reason, error.message],
      [403, 'Forbidden', 'unknown subscriber 00101: add it'],
    );
    assert.equal(new SipError(400, 'x', 'Bad Via').reason, 'Bad Via');
  });

  it('puts its headers on the response', () => {
    const error = new SipError(420, 'x')
      .with(UNSUPPORTED, 'a', 'b')
      .dress(({ headers }) => headers.set(MIN_EXPIRES, 60));
    const response = error.applyTo(responseTo(passed(request('REGISTER sip:h SIP/2.0')), error.status));
    assert.deepEqual(response.headers.all(UNSUPPORTED), ['a', 'b']);
    assert.equal(response.headers.get(MIN_EXPIRES), 60);
  });
});
