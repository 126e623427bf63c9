import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { mediaComponents } from '../../src/call/rx-components.ts';
import { isSameMedia, mediaComponent } from '../../src/diameter/rx-media.ts';
import { parseSdp } from '../../src/sdp/session-description.ts';

const HANDSET = '192.0.2.7';
const OURS = '198.51.100.1';

function sdp(address: string, ...media: string[]) {
  return parseSdp(`v=0\r\no=- 1 1 IN IP4 ${address}\r\ns=-\r\nc=IN IP4 ${address}\r\nt=0 0\r\n${media.join('')}`);
}

const audio = (port: number, ...lines: string[]) =>
  [`m=audio ${port} RTP/AVP 97`, 'a=rtpmap:97 AMR/8000', ...lines, ''].join('\r\n');

function components(said: string[], told: string[], offers = true) {
  return mediaComponents({ said: sdp(HANDSET, ...said), told: sdp(OURS, ...told), offers, address: HANDSET });
}

describe('the flow status of a media', () => {
  for (const [own, other, status] of [
    ['sendrecv', 'sendrecv', 'ENABLED'],
    ['sendonly', 'recvonly', 'ENABLED-UPLINK'],
    ['recvonly', 'sendonly', 'ENABLED-DOWNLINK'],
    ['inactive', 'inactive', 'DISABLED'],
    ['sendrecv', 'inactive', 'DISABLED'],
    ['sendrecv', 'sendonly', 'ENABLED-DOWNLINK'],
  ] as const) {
    it(`${own} / ${other}: ${status}`, () => {
      assert.equal(components([audio(4000, `a=${own}`)], [audio(5000, `a=${other}`)])[0]?.status, status);
    });
  }

  it('on hold with c=0.0.0.0: the handset still has its address', () => {
    const [held] = components([audio(4000, 'c=IN IP4 0.0.0.0')], [audio(5000)]);
    assert.equal(held?.status, 'ENABLED-UPLINK');
    assert.deepEqual(held?.rtp?.handset, { address: HANDSET, port: 4000 });
  });

  it('refused by either side: removed, its number kept', () => {
    const found = components([audio(4000), audio(0)], [audio(0), audio(0)]);
    assert.deepEqual(
      found.map(({ number, status, rtp }) => [number, status, rtp]),
      [
        [1, 'REMOVED', undefined],
        [2, 'REMOVED', undefined],
      ],
    );
  });
});

describe('rates', () => {
  const rates = (said: string[], told: string[]) => {
    const [one] = components([audio(4000, ...said)], [audio(5000, ...told)]);
    return [one?.uplink, one?.downlink];
  };

  it('are what each side wants to receive', () => {
    assert.deepEqual(rates(['b=AS:41'], ['b=AS:30']), [30_000, 41_000]);
    assert.deepEqual(rates(['b=AS:41'], []), [41_000, 41_000]);
    assert.deepEqual(rates(['b=TIAS:12200'], ['b=TIAS:12800']), [12_800, 12_200]);
  });

  it('that nobody names are the usual ones', () => {
    assert.deepEqual(rates([], []), [88_000, 88_000]);
  });

  it('beyond all bounds can still be said', () => {
    const found = components([audio(4000, 'b=AS:99999999999', 'b=RS:99999999999', 'b=RR:99999999999')], [audio(5000)]);
    assert.equal(found[0]?.uplink, 0xffff_ffff);
    for (const one of found) mediaComponent(one);
  });
});

describe('RTCP', () => {
  it('has a flow where it has ports', () => {
    const [one] = components([audio(4000)], [audio(5000, 'a=rtcp:5009')]);
    assert.deepEqual([one?.rtcp?.handset.port, one?.rtcp?.remote.port], [4001, 5009]);
  });

  it('has none of its own when both multiplex it', () => {
    const mux = 'a=rtcp-mux';
    assert.equal(components([audio(4000, mux)], [audio(5000, mux)])[0]?.rtcp, undefined);
    assert.notEqual(components([audio(4000, mux)], [audio(5000)])[0]?.rtcp, undefined);
  });
});

describe('media are the same', () => {
  const wide = 'm=audio 4000 RTP/AVP 98 97\r\na=rtpmap:98 AMR-WB/16000\r\na=rtpmap:97 AMR/8000\r\n';

  it('when the other side offers what was agreed on before', () => {
    assert.ok(isSameMedia(components([wide], [audio(5000)]), components([audio(4000)], [audio(5000)], false)));
  });

  it('also while preconditions change', () => {
    const before = audio(4000, 'a=curr:qos local none', 'a=des:qos mandatory local sendrecv');
    const after = audio(4000, 'a=curr:qos local sendrecv', 'a=des:qos mandatory local sendrecv');
    assert.ok(isSameMedia(components([before], [audio(5000)]), components([after], [audio(5000)])));
  });

  for (const [what, said, told] of [
    ['another port', [audio(4002)], [audio(5000)]],
    ['another codec', [wide], ['m=audio 5000 RTP/AVP 98\r\na=rtpmap:98 AMR-WB/16000\r\n']],
    ['another rate', [audio(4000, 'b=AS:20')], [audio(5000)]],
    ['hold', [audio(4000, 'a=sendonly')], [audio(5000, 'a=recvonly')]],
    ['video beside it', [audio(4000), 'm=video 4010 RTP/AVP 99\r\n'], [audio(5000), 'm=video 5010 RTP/AVP 99\r\n']],
  ] as const) {
    it(`but not with ${what}`, () => {
      const before = components([audio(4000)], [audio(5000)]);
      assert.ok(!isSameMedia(before, components([...said], [...told])));
    });
  }
});
