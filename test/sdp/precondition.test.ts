import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  foreignPrecondition,
  isReady,
  localStrength,
  preconditionsOf,
  released,
  usesPreconditions,
  withoutPreconditions,
  withPlayed,
} from '../../src/sdp/precondition.ts';
import { type MediaDescription, parseSdp, printSdp } from '../../src/sdp/session-description.ts';

const HEAD = 'v=0\r\no=- 1 1 IN IP4 10.0.0.1\r\ns=-\r\nc=IN IP4 10.0.0.1\r\nt=0 0\r\n';
const sdp = (...lines: string[]) =>
  parseSdp(`${HEAD}m=audio 4000 RTP/AVP 97\r\n${lines.map((l) => `${l}\r\n`).join('')}`);
const first = (...lines: string[]) => sdp(...lines).media[0] as MediaDescription;
const text = (description: ReturnType<typeof sdp>) => printSdp(description).toString();

const UNMET = ['a=curr:qos local none', 'a=curr:qos remote none', 'a=des:qos mandatory local sendrecv'];

describe('preconditions in a description', () => {
  it('are read, whatever their case', () => {
    const media = first(
      'a=curr:qos local send',
      'a=CURR:qos remote none',
      'a=curr:qos remote recv',
      'a=des:qos Mandatory local sendrecv',
      'a=des:qos optional remote send',
      'a=conf:qos remote sendrecv',
    );
    assert.deepEqual(preconditionsOf(media), {
      current: { local: 'send', remote: 'recv' },
      desired: [
        { strength: 'mandatory', segment: 'local', reserved: 'sendrecv' },
        { strength: 'optional', segment: 'remote', reserved: 'send' },
      ],
      confirm: ['remote'],
    });
  });

  it('are none where none can be read', () => {
    assert.equal(preconditionsOf(first('a=sendrecv', 'a=curr:qos', 'a=des:qos local sendrecv')), undefined);
    assert.equal(usesPreconditions(sdp('a=curr:qos x none')), false);
  });

  it('do not count in media that are refused', () => {
    const refused = parseSdp(
      `${HEAD}m=audio 0 RTP/AVP 97\r\na=curr:qos local none\r\na=des:sec mandatory e2e sendrecv\r\n`,
    );
    assert.equal(usesPreconditions(refused), false);
    assert.equal(foreignPrecondition(refused), undefined);
  });

  for (const [title, ready, lines] of [
    ['what is reserved', true, ['a=curr:qos local sendrecv', 'a=des:qos mandatory local sendrecv']],
    ['half of it', false, ['a=curr:qos local send', 'a=des:qos mandatory local sendrecv']],
    ['as much as is needed', true, ['a=curr:qos local recv', 'a=des:qos mandatory local recv']],
    ['nothing', false, ['a=des:qos mandatory local send']],
    ['nothing, which is needed for nothing', true, ['a=curr:qos local none', 'a=des:qos optional local sendrecv']],
    ['nothing on the other side', true, ['a=curr:qos local sendrecv', 'a=des:qos mandatory remote sendrecv']],
  ] as const) {
    it(`are ${ready ? '' : 'not '}met by ${title}`, () => {
      const preconditions = preconditionsOf(first(...lines));
      assert.ok(preconditions !== undefined);
      assert.equal(isReady(preconditions), ready);
    });
  }

  it('tell how much the writer needs its own access', () => {
    const strength = (...lines: string[]) => localStrength(preconditionsOf(first(...lines)) ?? assert.fail());
    assert.equal(strength(...UNMET), 'mandatory');
    assert.equal(strength('a=curr:qos local none'), 'optional');
  });

  it('of another type are known to be foreign when they are mandatory', () => {
    assert.equal(foreignPrecondition(sdp('a=des:sec mandatory e2e sendrecv')), 'sec');
    assert.equal(foreignPrecondition(sdp('a=des:sec optional e2e sendrecv', ...UNMET)), undefined);
  });

  it('are taken out, and nothing else', () => {
    const without = withoutPreconditions(sdp('a=ptime:20', ...UNMET, 'a=conf:qos remote sendrecv', 'a=sendrecv'));
    assert.equal(text(without), text(sdp('a=ptime:20', 'a=sendrecv')));
  });
});

describe('media that wait for resources', () => {
  it('are sendrecv for who knows nothing of that', () => {
    assert.match(text(released(sdp('a=inactive', ...UNMET))), /a=des:qos mandatory local sendrecv\r\na=sendrecv\r\n$/);
  });

  for (const [title, lines] of [
    ['on hold without preconditions', ['a=inactive']],
    ['on hold with resources', ['a=inactive', 'a=curr:qos local sendrecv', 'a=des:qos mandatory local sendrecv']],
    ['held in one direction', ['a=sendonly', ...UNMET]],
  ] as const) {
    it(`stay ${title}`, () => assert.equal(text(released(sdp(...lines))), text(sdp(...lines))));
  }
});

describe('preconditions that we play', () => {
  const status = { ready: true, peer: 'none', strength: 'mandatory', confirm: true } as const;

  it('take the place of others', () => {
    assert.equal(
      text(withPlayed(sdp('a=sendrecv', ...UNMET), 0, status)),
      text(
        sdp(
          'a=sendrecv',
          'a=curr:qos local sendrecv',
          'a=curr:qos remote none',
          'a=des:qos mandatory local sendrecv',
          'a=des:qos mandatory remote sendrecv',
          'a=conf:qos remote sendrecv',
        ),
      ),
    );
  });

  it('ask for no confirmation of what is there', () => {
    assert.doesNotMatch(text(withPlayed(sdp(), 0, { ...status, peer: 'sendrecv' })), /conf/);
  });

  it('have the line ending of the others, and end a last line that had none', () => {
    const bare = parseSdp(`${HEAD}m=audio 4000 RTP/AVP 97\na=sendrecv`.replaceAll('\r', ''));
    assert.match(text(withPlayed(bare, 0, status)), /a=sendrecv\na=curr:qos local sendrecv\na=curr/);
  });

  it('are not for media that are refused', () => {
    const refused = parseSdp(`${HEAD}m=audio 0 RTP/AVP 97\r\n`);
    assert.equal(text(withPlayed(refused, 0, status)), text(refused));
  });
});
