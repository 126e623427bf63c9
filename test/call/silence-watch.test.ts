import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { CallPath } from '../../src/call/feature.ts';
import { AnchoredMediaFeature } from '../../src/call/media.ts';
import { NO_PARTY } from '../../src/call/precondition-party.ts';
import { Resources } from '../../src/call/resources.ts';
import { silent } from '../../src/core/logger.ts';
import { systemRandom } from '../../src/core/random.ts';
import { type Counters, newCounters } from '../../src/rtp/media-channel.ts';
import type { MediaRelay } from '../../src/rtp/relay.ts';
import { parseSdp } from '../../src/sdp/session-description.ts';
import { FLOW } from '../sip/transaction/table.ts';
import { FakeClock } from '../support/fake-clock.ts';

const TIMEOUT_MS = 15_000;

/** `m=` lines with a direction each, `audio:sendrecv` for one. */
function sdp(...medias: readonly string[]) {
  const lines = medias.map((media) => {
    const [type = '', direction = '', address = '10.0.0.1'] = media.split(':');
    return `m=${type} 4000 RTP/AVP 0\r\nc=IN IP4 ${address}\r\na=${direction}\r\n`;
  });
  return parseSdp(`v=0\r\no=- 1 1 IN IP4 10.0.0.1\r\ns=-\r\nt=0 0\r\n${lines.join('')}`);
}

/** An answered call whose media are counted by hand. */
async function call(offer: readonly string[], answer: readonly string[], silenceMs = TIMEOUT_MS) {
  const clock = new FakeClock();
  const counts: { caller: Counters; callee: Counters; rtcp: Counters }[] = [];
  const relay = {
    async openStream() {
      const openedAt = clock.now();
      const count = { caller: newCounters(), callee: newCounters(), rtcp: newCounters() };
      counts.push(count);
      const end = (rtp: Counters) => ({ rtpPort: 1, rtcpPort: 2, rtp, rtcp: count.rtcp, setRemote() {} });
      const all = [count.caller, count.callee, count.rtcp];
      return {
        a: end(count.caller),
        b: end(count.callee),
        lastActivityAt: () => Math.max(openedAt, ...all.map(({ receivedAt }) => receivedAt)),
        close() {},
      };
    },
  };
  const warned: string[] = [];
  const ended: string[] = [];
  const say = (text: string | (() => string)) => void warned.push(typeof text === 'string' ? text : text());
  const feature = new AnchoredMediaFeature({
    relay: relay as unknown as MediaRelay,
    random: systemRandom(),
    clock,
    logger: { ...silent, warn: say, info: say },
    silenceMs: () => silenceMs,
  });
  const path: CallPath = {
    id: 'beef',
    flows: { caller: FLOW, callee: FLOW },
    parties: { caller: NO_PARTY, callee: NO_PARTY },
    users: {},
    resources: new Resources(() => {}),
    end: ({ reason = '' }) => {
      ended.push(reason);
      feature.onEnded(path);
    },
  };
  const agree = async (offered: readonly string[], answered: readonly string[]) => {
    await feature.prepare(path, 'caller', sdp(...offered));
    feature.onSdp(path, 'caller', 'offer', sdp(...offered));
    feature.onSdp(path, 'callee', 'answer', sdp(...answered));
  };
  await agree(offer, answer);
  feature.onAnswered(path);
  return { clock, path, feature, counts, warned, ended, agree };
}

/** So many seconds, in each of which a packet comes. */
function talk(clock: FakeClock, seconds: number, ...counters: readonly (Counters | undefined)[]): void {
  for (let second = 0; second < seconds; second++) {
    for (const one of counters) if (one !== undefined) one.receivedAt = clock.now();
    clock.advance(1000);
  }
}

describe('a call whose media are silent', () => {
  it('ends after dialog_timeout, counted from the last packet of any kind and side', async () => {
    for (const which of ['caller', 'callee', 'rtcp'] as const) {
      const { clock, counts, ended } = await call(['audio:sendrecv'], ['audio:sendrecv']);
      talk(clock, 60, counts[0]?.[which]);
      assert.deepEqual(ended, [], which);
      clock.advance(TIMEOUT_MS - 1001);
      assert.deepEqual(ended, [], which);
      clock.advance(1);
      assert.deepEqual(ended, ['Q.850;cause=102;text="no media for 15 s"'], which);
      assert.equal(clock.waiting, 0);
    }
  });

  it('ends although nothing ever came', async () => {
    const { clock, ended } = await call(['audio:sendrecv'], ['audio:sendrecv']);
    clock.advance(TIMEOUT_MS - 1);
    assert.deepEqual(ended, []);
    clock.advance(1);
    assert.equal(ended.length, 1);
  });

  it('lives while one of its media does', async () => {
    const medias = ['audio:sendrecv', 'video:sendrecv'];
    const { clock, counts, ended } = await call(medias, medias);
    talk(clock, 60, counts[1]?.callee);
    assert.deepEqual(ended, []);
  });

  it('never ends with dialog_timeout 0', async () => {
    const { clock, ended } = await call(['audio:sendrecv'], ['audio:sendrecv'], 0);
    clock.advance(86_400_000);
    assert.deepEqual(ended, []);
  });

  const byRight: readonly (readonly [why: string, offer: readonly string[], answer: readonly string[]])[] = [
    ['is on hold', ['audio:sendonly'], ['audio:recvonly']],
    ['is held by both', ['audio:inactive'], ['audio:inactive']],
    ['is held by the called side', ['audio:sendrecv'], ['audio:sendonly']],
    ['is held as RFC 2543 has it', ['audio:sendrecv:0.0.0.0'], ['audio:sendrecv']],
    ['has text only, whose line may rest', ['text:sendrecv'], ['text:sendrecv']],
    ['has media nobody here knows', ['application:sendrecv'], ['application:sendrecv']],
    ['has no media', [], []],
  ];
  for (const [why, offer, answer] of byRight) {
    it(`goes on when it ${why}`, async () => {
      const { clock, ended } = await call(offer, answer);
      clock.advance(3_600_000);
      assert.deepEqual(ended, []);
    });
  }

  it('begins to count anew when it is resumed', async () => {
    const { clock, ended, agree } = await call(['audio:sendonly'], ['audio:recvonly']);
    clock.advance(100_000);
    await agree(['audio:sendrecv'], ['audio:sendrecv']);
    clock.advance(TIMEOUT_MS - 1);
    assert.deepEqual(ended, []);
    clock.advance(1);
    assert.equal(ended.length, 1);
  });
});

describe('a side from which nothing comes', () => {
  it('is told once, and once when it speaks again', async () => {
    const { clock, counts, warned } = await call(['audio:sendrecv'], ['audio:sendrecv']);
    talk(clock, 30, counts[0]?.callee);
    assert.equal(warned.length, 1);
    talk(clock, 30, counts[0]?.callee, counts[0]?.caller);
    assert.equal(warned.length, 2);
  });

  it('is not told of when it need not send', async () => {
    const { clock, counts, warned } = await call(['audio:sendonly'], ['audio:recvonly']);
    talk(clock, 30, counts[0]?.caller);
    assert.deepEqual(warned, []);
  });
});

describe('what is shown of media', () => {
  it('is our direction on each leg and what passed there, also after the end', async () => {
    const { feature, path, counts } = await call(
      ['audio:sendonly', 'text:sendrecv'],
      ['audio:recvonly', 'text:sendrecv'],
    );
    const [caller, callee] = [feature.medias(path, 'caller'), feature.medias(path, 'callee')];
    feature.onEnded(path);
    const count = counts[0];
    if (count !== undefined) [count.caller.received, count.callee.sent, count.rtcp.received] = [7, 6, 5];
    const [audio, text] = caller();
    assert.deepEqual(
      [audio?.type, audio?.direction, audio?.rtpReceived, audio?.rtcpReceived],
      ['audio', 'recvonly', 7, 5],
    );
    assert.deepEqual([text?.type, text?.direction], ['text', 'sendrecv']);
    assert.deepEqual([callee()[0]?.direction, callee()[0]?.rtpSent], ['sendonly', 6]);
  });
});
