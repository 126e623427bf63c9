import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { checkAnswer, isHeld } from '../../src/sdp/offer-answer.ts';
import { echoAnswer, templateOffer } from '../../src/sdp/own-description.ts';
import { connectionOf, parseSdp, printSdp } from '../../src/sdp/session-description.ts';
import { HANDSET } from './descriptions.ts';

const HEAD = ['v=0', 'o=a 1 1 IN IP4 10.0.0.1', 's=a phone', 'c=IN IP4 10.0.0.1', 't=0 0'];

function sdp(...lines: readonly string[]): string {
  return [...HEAD, ...lines, ''].join('\r\n');
}

/** The lines of an answer but those of HEAD. */
function answer(...lines: readonly string[]): string[] | undefined {
  const offer = parseSdp(sdp(...lines));
  const answered = echoAnswer(offer);
  if (answered === undefined) return undefined;
  assert.equal(checkAnswer(offer, answered), undefined);
  const text = printSdp(answered).toString();
  for (const line of text.split('\r\n')) {
    const isOurs = /^(s|m|c)=|^a=(sendonly|recvonly)$/.test(line) || line === '';
    assert.ok(
      isOurs ||
        sdp(...lines)
          .split('\r\n')
          .includes(line),
      `${line} was not offered`,
    );
  }
  return text.split('\r\n').slice(HEAD.length, -1);
}

describe('the answer of an echo', () => {
  it('names a place where the offer has none, or holds with c=0.0.0.0', () => {
    const lines = ['m=audio 4000 RTP/AVP 8', 'a=sendrecv', ''];
    const [version, origin, name, , time] = HEAD;
    for (const offer of [
      [version, origin, name, time, ...lines],
      [version, origin, name, 'c=IN IP4 0.0.0.0', time, ...lines],
      [version, origin, name, time, 'm=audio 4000 RTP/AVP 8', 'c=IN IP4 0.0.0.0', 'a=sendrecv', ''],
    ]) {
      const answered = echoAnswer(parseSdp(offer.join('\r\n')));
      assert.ok(answered !== undefined);
      const { address } = connectionOf(answered, 0) ?? {};
      assert.ok(address !== undefined && address !== '0.0.0.0', printSdp(answered).toString());
    }
  });

  it('has the first codec of many and what belongs to it, and nothing else', () => {
    const lines = answer(
      'm=audio 4000 RTP/AVP 101 96 97 8 13',
      'b=AS:41',
      'a=rtpmap:101 telephone-event/16000',
      'a=fmtp:101 0-15',
      'a=rtpmap:96 AMR-WB/16000',
      'a=fmtp:96 octet-align=0; max-red=220',
      'a=rtpmap:97 AMR-WB/16000',
      'a=fmtp:97 octet-align=1',
      'a=rtpmap:8 PCMA/8000',
      'a=ptime:20',
      'a=maxptime:240',
      'a=ssrc:1 cname:a',
      'a=nobody-knows',
      'a=sendrecv',
    );
    assert.deepEqual(lines, [
      'm=audio 9 RTP/AVP 96',
      'b=AS:41',
      'a=rtpmap:96 AMR-WB/16000',
      'a=fmtp:96 octet-align=0; max-red=220',
      'a=ptime:20',
      'a=maxptime:240',
      'a=sendrecv',
    ]);
  });

  it('goes without rtpmap when the offer does, and never takes comfort noise for a codec', () => {
    assert.deepEqual(answer('m=audio 4000 RTP/AVP 13 0 8'), ['m=audio 9 RTP/AVP 0']);
    assert.equal(answer('m=audio 4000 RTP/AVP 13'), undefined);
  });

  for (const [offered, answered] of [
    ['sendrecv', 'sendrecv'],
    ['sendonly', 'recvonly'],
    ['recvonly', 'sendonly'],
    ['inactive', 'inactive'],
  ]) {
    it(`is ${answered} to ${offered}, of one media or of all`, () => {
      assert.deepEqual(answer('m=audio 4000 RTP/AVP 0', `a=${offered}`), ['m=audio 9 RTP/AVP 0', `a=${answered}`]);
      assert.deepEqual(answer(`a=${offered}`, 'm=audio 4000 RTP/AVP 0'), [`a=${answered}`, 'm=audio 9 RTP/AVP 0']);
    });
  }

  it('takes video with its feedback, and text without its redundancy', () => {
    const lines = answer(
      'm=audio 4000 RTP/AVP 0',
      'm=video 4002/1 RTP/AVPF 99 100',
      'a=rtpmap:99 rtx/90000',
      'a=fmtp:99 apt=100',
      'a=rtpmap:100 H264/90000',
      'a=rtcp-fb:* ccm fir',
      'a=rtcp-fb:100 nack pli',
      'a=rtcp-fb:99 nack',
      'm=text 4004 RTP/AVP 101 102',
      'a=rtpmap:101 red/1000',
      'a=fmtp:101 102/102',
      'a=rtpmap:102 t140/1000',
    );
    assert.deepEqual(lines, [
      'm=audio 9 RTP/AVP 0',
      'm=video 9 RTP/AVPF 100',
      'a=rtpmap:100 H264/90000',
      'a=rtcp-fb:* ccm fir',
      'a=rtcp-fb:100 nack pli',
      'm=text 9 RTP/AVP 102',
      'a=rtpmap:102 t140/1000',
    ]);
  });

  it('takes the first of several keys, and refuses what is keyed by DTLS, not over UDP or refused already', () => {
    const lines = answer(
      'm=audio 4000 RTP/SAVP 0',
      'a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:one',
      'a=crypto:2 AES_CM_128_HMAC_SHA1_32 inline:two',
      'm=video 4002 UDP/TLS/RTP/SAVPF 100',
      'a=fingerprint:sha-256 00',
      'm=message 4004 TCP/MSRP *',
      'm=audio 0 RTP/AVP 0',
    );
    assert.deepEqual(lines, [
      'm=audio 9 RTP/SAVP 0',
      'a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:one',
      'm=video 0 UDP/TLS/RTP/SAVPF 100',
      'm=message 0 TCP/MSRP *',
      'm=audio 0 RTP/AVP 0',
    ]);
  });

  it('is none when nothing can be sent back', () => {
    assert.equal(answer('m=message 4004 TCP/MSRP *'), undefined);
    assert.equal(answer(), undefined);
  });

  it('to a handset has one payload type', () => {
    const answered = echoAnswer(parseSdp(HANDSET));
    assert.deepEqual(
      answered?.media.map(({ formats }) => formats.length),
      [1],
    );
  });
});

describe('the offer of a template', () => {
  it('has ports whatever the file says, line ends, and a c= line to be filled', () => {
    const template = parseSdp(
      'v=0\no=- 0 0 IN IP4 127.0.0.1\ns=-\nb=AS:41\nt=0 0\nm=audio 0 RTP/AVP 96 \na=rtpmap:96 AMR/8000',
    );
    const text = printSdp(templateOffer(template)).toString();
    assert.equal(
      text.replace(/c=.*/, 'c='),
      'v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=-\r\nc=\r\nb=AS:41\r\nt=0 0\r\nm=audio 9 RTP/AVP 96\r\na=rtpmap:96 AMR/8000\r\n',
    );
  });

  it('is not on hold, whatever its c= line says', () => {
    const template = sdp('m=audio 4000 RTP/AVP 0').replace('c=IN IP4 10.0.0.1', 'c=IN IP4 0.0.0.0');
    const offer = templateOffer(parseSdp(template));
    assert.equal(isHeld(offer, 0), false);
    assert.equal(printSdp(offer).toString().replace(/c=.*/, 'c='), template.replace('4000', '9').replace(/c=.*/, 'c='));
  });
});
