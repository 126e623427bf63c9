import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { MalformedError } from '../../src/core/errors.ts';
import {
  attribute,
  attributes,
  bandwidth,
  directionOf,
  formatParameters,
  packetTime,
  rtpMap,
} from '../../src/sdp/attributes.ts';
import {
  connectionOf,
  type MediaDescription,
  originOf,
  parseSdp,
  printSdp,
  withPort,
} from '../../src/sdp/session-description.ts';
import { ALL, BARESIP, HANDSET, RFC_4566, RFC_8866 } from './descriptions.ts';

const HEAD = 'v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\n';

function mediaOf(text: string, index = 0): MediaDescription {
  const media = parseSdp(text).media[index];
  assert.ok(media);
  return media;
}

describe('reading and printing', () => {
  it('keeps every description octet for octet', () => {
    for (const text of ALL) assert.equal(printSdp(parseSdp(text)).toString(), text);
  });

  it('keeps bare LF, a missing end, empty and unknown lines, and octets that are no UTF-8', () => {
    for (const text of [
      RFC_8866.replaceAll('\r\n', '\n'),
      RFC_8866.trimEnd(),
      `${RFC_8866}\r\n\n`,
      `${HEAD}Q=what\r\nno equals sign\r\n=\r\nm=audio 5000 RTP/AVP 0\r\n  a=leading blanks\r\na=\r\n`,
    ]) {
      assert.equal(printSdp(parseSdp(Buffer.from(text))).toString(), text);
    }
    const octets = Buffer.concat([Buffer.from(HEAD), Buffer.from('i='), Buffer.from([0xff, 0xfe, 0x00, 0x0d, 0x0a])]);
    assert.deepEqual(printSdp(parseSdp(octets)), octets);
  });

  it('keeps any octets after a good start, or says they are malformed', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (tail) => {
        const octets = Buffer.concat([Buffer.from(HEAD), tail]);
        try {
          assert.deepEqual(printSdp(parseSdp(octets)), octets);
        } catch (error) {
          assert.ok(error instanceof MalformedError, String(error));
        }
      }),
    );
  });

  it('keeps any mixture of real lines, cut anywhere', () => {
    const lines = fc.constantFrom(...ALL.flatMap((text) => text.match(/.*\r\n/g) ?? []));
    fc.assert(
      fc.property(fc.array(lines, { maxLength: 40 }), fc.nat(60), (mixed, cut) => {
        const whole = HEAD + mixed.join('');
        const text = whole.slice(0, Math.max(HEAD.length, whole.length - cut));
        try {
          assert.equal(printSdp(parseSdp(text)).toString(), text);
        } catch (error) {
          assert.ok(error instanceof MalformedError, String(error));
        }
      }),
    );
  });

  it('reads every truncated prefix as a description or as malformed', () => {
    for (const text of ALL) {
      let read = 0;
      for (let length = 0; length <= text.length; length++) {
        try {
          assert.equal(printSdp(parseSdp(text.slice(0, length))).toString(), text.slice(0, length));
          read++;
        } catch (error) {
          assert.ok(error instanceof MalformedError, String(error));
        }
      }
      assert.ok(read > 0);
    }
  });

  it('reads a template given as text with letters beyond ASCII', () => {
    const text = `${HEAD}i=Gespräch ☎\r\n`;
    assert.equal(printSdp(parseSdp(text)).toString('utf8'), text);
  });
});

describe('malformed descriptions', () => {
  const BAD: readonly [what: string, text: string, words: RegExp, offset: number][] = [
    ['nothing', '', /empty/, 0],
    ['no version', 'o=- 1 1 IN IP4 192.0.2.1\r\n', /v=0/, 0],
    ['another version', `v=1\r\n`, /v=0/, 0],
    ['no origin', 'v=0\r\ns=-\r\n', /no o=/, 10],
    ['a short origin', 'v=0\r\no=- 1 1 IN\r\n', /o= line/, 5],
    ['a port that is no number', `${HEAD}m=audio any RTP/AVP 0\r\n`, /m= line/, HEAD.length],
    ['a port beyond 65535', `${HEAD}m=audio 65536 RTP/AVP 0\r\n`, /port/, HEAD.length],
    ['an m= line without protocol', `${HEAD}m=audio 5000\r\n`, /m= line/, HEAD.length],
    ['an m= line without format', `${HEAD}m=audio 5000 RTP/AVP\r\n`, /format/, HEAD.length],
    ['a c= line without address', `${HEAD}c=IN IP4\r\n`, /c= line/, HEAD.length],
    ['65 media', HEAD + 'm=audio 5000 RTP/AVP 0\r\n'.repeat(65), /m= lines/, HEAD.length + 64 * 24],
  ];
  for (const [what, text, words, offset] of BAD) {
    it(`refuses ${what}`, () => {
      assert.throws(
        () => parseSdp(text),
        (error) => error instanceof MalformedError && words.test(error.message) && error.offset === offset,
      );
    });
  }

  it('reads hostile lines of a whole datagram in no time', () => {
    const run = ' '.repeat(60_000);
    for (const line of [
      `m=a${run}`,
      `m=audio 5000 RTP/AVP 0${run}x${run}`,
      `c=IN${run}`,
      `o=a${run}1`,
      `b=AS:${run}`,
    ]) {
      const startedAt = process.cpuUsage().user;
      try {
        const description = parseSdp(`${HEAD}${line}\r\na=rtpmap:0${run}\r\na=fmtp:0${run}\r\x20`);
        if (description.media[0]) {
          rtpMap(description.media[0], '0');
          formatParameters(description.media[0], '0');
        }
        bandwidth(description.session, 'AS');
      } catch (error) {
        assert.ok(error instanceof MalformedError, String(error));
      }
      assert.ok(process.cpuUsage().user - startedAt < 500_000, line.slice(0, 10));
    }
  });
});

describe('what a description says', () => {
  it('has media, ports, protocols and formats', () => {
    const { media } = parseSdp(BARESIP);
    assert.deepEqual(
      media.map((each) => [each.media, each.port, each.portCount, each.protocol, each.formats.join(' ')]),
      [
        ['audio', 41426, 1, 'RTP/AVP', '0 8 96 9 101'],
        ['video', 16544, 1, 'RTP/AVP', '96'],
      ],
    );
    // RFC 8866 §5.14
    const pairs = mediaOf(`${HEAD}m=video 49170/2 RTP/AVP 31\r\n`);
    assert.deepEqual([pairs.port, pairs.portCount], [49170, 2]);
    assert.deepEqual(mediaOf(`${HEAD}m=video 0 RTP/AVP\r\n`).formats, []);
  });

  it('has an origin, also with blanks in the user name', () => {
    assert.deepEqual(originOf(parseSdp(RFC_8866)), {
      username: 'jdoe',
      id: '3724394400',
      version: '3724394405',
      networkType: 'IN',
      addressType: 'IP4',
      address: '198.51.100.1',
    });
    assert.equal(originOf(parseSdp('v=0\r\no=John Q Doe 7 8 IN IP4 192.0.2.1\r\n'))?.username, 'John Q Doe');
  });

  it('has a connection for each media: its own or the session’s', () => {
    const description = parseSdp(RFC_8866);
    assert.equal(connectionOf(description, 0)?.address, '198.51.100.1');
    assert.deepEqual(connectionOf(description, 2), { networkType: 'IN', addressType: 'IP6', address: '2001:db8::2' });
    assert.equal(connectionOf(parseSdp(RFC_4566), 0)?.address, '224.2.17.12');
    assert.equal(connectionOf(parseSdp(`${HEAD}m=audio 5000 RTP/AVP 0\r\n`), 0), undefined);
  });

  it('has payload types, their parameters, packet time and bandwidths', () => {
    const audio = mediaOf(HANDSET);
    assert.deepEqual(rtpMap(audio, '104'), { encoding: 'AMR-WB', clockRate: 16000, channels: 1 });
    assert.deepEqual(rtpMap(mediaOf(BARESIP), '96'), { encoding: 'opus', clockRate: 48000, channels: 2 });
    assert.equal(rtpMap(audio, '0'), undefined);
    assert.equal(formatParameters(audio, '102'), 'mode-change-capability=2;max-red=0');
    assert.equal(packetTime(audio), 20);
    assert.deepEqual([bandwidth(audio, 'AS'), bandwidth(audio, 'RR'), bandwidth(audio, 'TIAS')], [49, 2000, undefined]);
  });

  it('has attributes with and without a value', () => {
    const audio = mediaOf(BARESIP);
    assert.equal(attribute(audio, 'rtcp-mux'), '');
    assert.equal(attribute(audio, 'rtcp'), undefined);
    assert.deepEqual(attributes(mediaOf(HANDSET), 'curr'), ['qos local none', 'qos remote none']);
  });

  it('has a direction: the media’s, the session’s, or sendrecv', () => {
    assert.equal(directionOf(parseSdp(RFC_4566), 0), 'recvonly');
    assert.equal(directionOf(parseSdp(RFC_8866), 0), 'sendrecv');
    const own = parseSdp(`${HEAD}a=sendonly\r\nm=audio 5000 RTP/AVP 0\r\na=inactive\r\nm=video 5002 RTP/AVP 96\r\n`);
    assert.deepEqual([directionOf(own, 0), directionOf(own, 1)], ['inactive', 'sendonly']);
  });
});

describe('withPort', () => {
  it('changes the port and leaves the rest of the line as it stood', () => {
    const media = withPort(mediaOf(`${HEAD}m=audio  49170/2  RTP/AVP 0 8\r\na=x\r\n`), 0);
    assert.deepEqual([media.port, media.portCount, media.formats], [0, 1, ['0', '8']]);
    assert.equal(media.lines.map((line) => line.value).join('|'), 'audio  0  RTP/AVP 0 8|x');
  });
});
