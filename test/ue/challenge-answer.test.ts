import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { simAlgorithm } from '../../src/aka/sim-keys.ts';
import { systemRandom } from '../../src/core/random.ts';
import { akaNonce, akaPassword } from '../../src/sip/message/aka-digest.ts';
import type { Challenge } from '../../src/sip/message/authorization.ts';
import { verifyDigest } from '../../src/sip/message/digest.ts';
import { ChallengeAnswers, type Secrets } from '../../src/ue/challenge-answer.ts';
import { DOMAIN, MILENAGE, RAND, vector } from './home.ts';

const URI = `sip:${DOMAIN}`;
const MD5: Challenge = { scheme: 'Digest', realm: DOMAIN, nonce: 'n' };

function answers(secrets: Secrets): ChallengeAnswers {
  return new ChallengeAnswers('alice', secrets, systemRandom());
}

describe('the answer to a challenge', () => {
  it('is in the form of RFC 2069 when no quality of protection is offered', () => {
    const answer = answers({ password: 'geheim' }).answer(MD5, 'INVITE', URI);
    assert(answer.kind === 'password');
    assert.equal(answer.credentials.nc, undefined);
    assert.equal(answer.credentials.algorithm, undefined);
    assert(verifyDigest(answer.credentials, 'INVITE', Buffer.from('geheim')));
  });

  it('takes a password in UTF-8, and MD5-sess', () => {
    const challenge: Challenge = { ...MD5, algorithm: 'MD5-sess', qop: ['auth'] };
    const answer = answers({ password: 'grün' }).answer(challenge, 'REGISTER', URI);
    assert(answer.kind === 'password');
    assert(verifyDigest(answer.credentials, 'REGISTER', Buffer.from('grün', 'utf8')));
  });

  it('counts the uses of a password nonce', () => {
    const alice = answers({ password: 'geheim' });
    assert.equal(alice.again('REGISTER', URI), undefined);
    alice.answer({ ...MD5, qop: ['auth'] }, 'REGISTER', URI);
    const counts = [1, 2].map(() => alice.again('REGISTER', URI));
    assert.deepEqual(
      counts.map((one) => one?.nc),
      ['00000002', '00000003'],
    );
    assert(counts[1] !== undefined && verifyDigest(counts[1], 'REGISTER', Buffer.from('geheim')));
  });

  it('is made of RES, CK and IK for AKAv2', () => {
    const made = vector(MILENAGE);
    const challenge: Challenge = {
      ...MD5,
      algorithm: 'AKAv2-MD5',
      nonce: akaNonce(made.rand, made.autn, Buffer.from('more')),
      qop: ['auth'],
    };
    const answer = answers({ sim: MILENAGE }).answer(challenge, 'REGISTER', URI);
    assert(answer.kind === 'res');
    const { res, ck, ik } = simAlgorithm(MILENAGE).f2345(RAND);
    assert(verifyDigest(answer.credentials, 'REGISTER', akaPassword('AKAv2-MD5', { res, ck, ik })));
  });

  it('is not there for what the handset has not, or does not know', () => {
    const wrong: readonly [Secrets, Partial<Challenge>][] = [
      [{ sim: MILENAGE }, {}],
      [{ password: 'geheim' }, { algorithm: 'AKAv1-MD5' }],
      [{ sim: MILENAGE }, { algorithm: 'AKAv1-MD5', nonce: 'short' }],
      [{ password: 'geheim' }, { algorithm: 'SHA-256' }],
      [{ password: 'geheim' }, { qop: ['auth-int'] }],
      [{ password: 'geheim' }, { scheme: 'Basic' }],
    ];
    for (const [secrets, change] of wrong) {
      assert.equal(answers(secrets).answer({ ...MD5, ...change }, 'REGISTER', URI).kind, 'unanswerable');
    }
  });
});
