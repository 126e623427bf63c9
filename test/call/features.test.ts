import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { CallFeature, CallPath } from '../../src/call/feature.ts';
import { PathFeatures } from '../../src/call/features.ts';
import { NO_PARTY } from '../../src/call/precondition-party.ts';
import { Resources } from '../../src/call/resources.ts';
import { silent } from '../../src/core/logger.ts';
import { parseSdp } from '../../src/sdp/session-description.ts';
import { SipError } from '../../src/sip/message/sip-error.ts';
import { FLOW } from '../sip/transaction/table.ts';
import { sdpOf } from './phone.ts';

const PATH: CallPath = {
  id: 'beef',
  flows: { caller: FLOW, callee: FLOW },
  parties: { caller: NO_PARTY, callee: NO_PARTY },
  users: {},
  resources: new Resources(() => {}),
  end() {},
};
const OFFER = parseSdp(sdpOf('10.0.0.1', 4000));

/** A feature that notes what it is told, and prepares when it is let. */
function slow(name: string, told: string[]) {
  let go: (error?: Error) => void = () => {};
  const feature: CallFeature = {
    name,
    prepare: () =>
      new Promise((resolve, reject) => {
        told.push(`${name} prepares`);
        go = (error) => (error === undefined ? resolve() : reject(error));
      }),
    onAnswered: () => void told.push(`${name} answered`),
    onEnded: () => void told.push(`${name} ended`),
  };
  return { feature, go: (error?: Error) => go(error) };
}

function two() {
  const told: string[] = [];
  const [a, b] = [slow('a', told), slow('b', told)];
  return { told, a, b, features: new PathFeatures([a.feature, b.feature], PATH, silent) };
}

describe('the features of a path', () => {
  it('prepare one after the other', async () => {
    const { told, a, b, features } = two();
    const outcome = features.prepare('caller', OFFER);
    assert.deepEqual(told, ['a prepares']);
    a.go();
    await Promise.resolve();
    await Promise.resolve();
    assert.deepEqual(told, ['a prepares', 'b prepares']);
    b.go();
    assert.deepEqual(await outcome, { type: 'mediaReady' });
  });

  it('refuse the offer with the status of the first that cannot', async () => {
    const { told, a, features } = two();
    const outcome = features.prepare('caller', OFFER);
    a.go(new SipError(503, 'full'));
    assert.deepEqual(await outcome, { type: 'mediaRefused', refusal: { status: 503 } });
    assert.deepEqual(told, ['a prepares']);
  });

  it('refuse it with 500 when one has a bug', async () => {
    const { a, features } = two();
    const outcome = features.prepare('caller', OFFER);
    a.go(new TypeError('oops'));
    assert.deepEqual(await outcome, { type: 'mediaRefused', refusal: { status: 500 } });
  });

  it('hear of the end once, after the preparation that was under way', async () => {
    const { told, a, features } = two();
    const outcome = features.prepare('caller', OFFER);
    features.end();
    assert.deepEqual(told, ['a prepares']);
    a.go();
    assert.equal(await outcome, undefined);
    assert.deepEqual(told, ['a prepares', 'a ended', 'b ended']);
  });

  it('hear of the end at once otherwise, and of the answer', () => {
    const { told, features } = two();
    features.answered();
    features.end();
    assert.deepEqual(told, ['a answered', 'b answered', 'a ended', 'b ended']);
  });

  it('each see what the one before made of a description', () => {
    const seen: string[] = [];
    const version = (name: string): CallFeature => ({
      name,
      onSdp: (_path, from, kind, description) => {
        seen.push(`${name}: ${kind} of the ${from}, ${description.media.length} media`);
        return { ...description, media: description.media.slice(1) };
      },
    });
    const features = new PathFeatures([version('a'), { name: 'none' }, version('b')], PATH, silent);
    const offer = parseSdp(`${sdpOf('10.0.0.1', 4000)}m=video 4002 RTP/AVP 96\r\n`);
    assert.equal(features.pass('callee', 'answer', offer)?.media.length, 0);
    assert.deepEqual(seen, ['a: answer of the callee, 2 media', 'b: answer of the callee, 1 media']);
    assert.equal(features.pass('callee', 'answer', undefined), undefined);
  });
});
