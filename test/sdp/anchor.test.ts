import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { anchor, isRelayable, remoteMedia } from '../../src/sdp/anchor.ts';
import { originOf, parseSdp, printSdp } from '../../src/sdp/session-description.ts';
import { SessionOrigin } from '../../src/sdp/session-origin.ts';
import { ALL, BARESIP, BROWSER, HANDSET, LINPHONE, RFC_4566, RFC_8866 } from './descriptions.ts';

const OURS = { id: '42', version: '43', address: '203.0.113.9' };
const PORTS = [
  { rtpPort: 10000, rtcpPort: 10001 },
  { rtpPort: 10002, rtcpPort: 10003 },
  { rtpPort: 10004, rtcpPort: 10005 },
  { rtpPort: 10006, rtcpPort: 10007 },
];

function anchored(text: string, origin = OURS): string {
  return printSdp(anchor(parseSdp(text), PORTS, origin)).toString();
}

function remoteOf(text: string, index = 0) {
  return remoteMedia(parseSdp(text), index);
}

describe('anchor', () => {
  it('puts our origin, address and ports into a handset’s offer and leaves all else', () => {
    assert.equal(
      anchored(HANDSET),
      HANDSET.replace('o=- 1111111111 1111111111 IN IP6 2001:db8:1::5', 'o=- 42 43 IN IP4 203.0.113.9')
        .replace('c=IN IP6 2001:db8:1::5', 'c=IN IP4 203.0.113.9')
        .replace('m=audio 49152', 'm=audio 10000'),
    );
  });

  it('takes ICE away from a softphone’s offer and leaves SRTP, rtcp-mux and the order of lines', () => {
    const expected = BARESIP.split('\r\n')
      .filter((line) => !/^a=(ice-|candidate)/.test(line))
      .join('\r\n')
      .replace('o=- 592226515 536937785 IN IP4 192.0.2.2', 'o=- 42 43 IN IP4 203.0.113.9')
      .replaceAll('c=IN IP4 192.0.2.2', 'c=IN IP4 203.0.113.9')
      .replace('m=audio 41426', 'm=audio 10000')
      .replace('m=video 16544', 'm=video 10002');
    assert.equal(anchored(BARESIP), expected);
  });

  it('writes c= where it stood, at session or media level, in the IP version of the leg', () => {
    const text = anchored(RFC_8866, { ...OURS, address: '2001:db8::9' });
    assert.deepEqual(text.match(/^[oc]=.*$/gm), [
      'o=- 42 43 IN IP6 2001:db8::9',
      'c=IN IP6 2001:db8::9',
      'c=IN IP6 2001:db8::9',
    ]);
    assert.equal(text.indexOf('c=') < text.indexOf('m='), true);
    assert.equal(anchored(RFC_4566).includes('c=IN IP4 203.0.113.9\r\n'), true);
  });

  it('rewrites a=rtcp in the form it had, and never adds it', () => {
    assert.match(anchored(BROWSER), /^a=rtcp:10001 IN IP4 203\.0\.113\.9\r$/m);
    assert.match(anchored(LINPHONE.concat('a=rtcp:9000\r\n')), /^a=rtcp:10001\r$/m);
    assert.doesNotMatch(anchored(HANDSET), /a=rtcp/);
  });

  it('lets a=rtcp of one that multiplexes name the RTP port', () => {
    assert.match(anchored(BROWSER.replace('a=rtcp:35118', 'a=rtcp:53619')), /^a=rtcp:10000 IN IP4 203\.0\.113\.9\r$/m);
  });

  it('keeps a refused media refused, and refuses what got no ports', () => {
    const refused = RFC_8866.replace('49180', '0');
    const text = printSdp(anchor(parseSdp(refused), [PORTS[0], PORTS[1]], OURS)).toString();
    assert.deepEqual(text.match(/^m=\S+ \d+/gm), ['m=audio 10000', 'm=audio 0', 'm=video 0']);
  });

  it('leaves the address of nowhere, so that hold arrives', () => {
    const held = HANDSET.replace('c=IN IP6 2001:db8:1::5', 'c=IN IP4 0.0.0.0');
    assert.match(anchored(held), /^c=IN IP4 0\.0\.0\.0\r$/m);
    assert.match(anchored(held, { ...OURS, address: '2001:db8::9' }), /^c=IN IP6 ::\r$/m);
  });

  it('lets no address or port of the peer through, whatever the order of lines', () => {
    const lines = fc.shuffledSubarray((BROWSER + BARESIP).split('\r\n').filter((line) => /^[acm]=/.test(line)));
    fc.assert(
      fc.property(lines, (mixed) => {
        const text = anchored(`v=0\r\no=- 1 1 IN IP4 192.0.2.2\r\nm=audio 53619 RTP/AVP 0\r\n${mixed.join('\r\n')}`);
        assert.doesNotMatch(text, /192\.|fd00|^m=\S+ (53619|41426|16544) |^a=rtcp:35118/m);
      }),
    );
  });

  it('gives what can be read again, with as many lines but for ICE', () => {
    const lines = (text: string) => text.split('\r\n').filter((line) => !/^a=(ice-|candidate|end-of)/.test(line));
    for (const text of ALL) {
      assert.equal(parseSdp(anchored(text)).media.length, parseSdp(text).media.length);
      assert.equal(anchored(text).split('\r\n').length, lines(text).length);
    }
  });
});

describe('remoteMedia', () => {
  it('is the address and port of the media and the port above', () => {
    assert.deepEqual(remoteOf(HANDSET), {
      address: '2001:db8:1::5',
      rtpPort: 49152,
      rtcpAddress: '2001:db8:1::5',
      rtcpPort: 49153,
      muxed: false,
    });
    assert.equal(remoteOf(RFC_8866, 2)?.address, '2001:db8::2');
    assert.equal(remoteOf(BARESIP, 1)?.muxed, true);
  });

  it('writes an IPv6 address as packets show it', () => {
    assert.equal(remoteOf(HANDSET.replaceAll('2001:db8:1::5', '2001:0DB8:1:0:0:0:0:5'))?.address, '2001:db8:1::5');
  });

  it('has the RTCP port and address a=rtcp names', () => {
    assert.deepEqual(remoteOf(BROWSER), {
      address: '192.168.5.107',
      rtpPort: 53619,
      rtcpAddress: '192.168.5.108',
      rtcpPort: 35118,
      muxed: true,
    });
    for (const bad of ['99999', '0', 'x', '35118 IN IP4 0.0.0.0']) {
      const remote = remoteOf(BROWSER.replace('35118 IN IP4 192.168.5.108', bad));
      assert.equal(remote?.rtcpAddress, '192.168.5.107');
      assert.equal(remote?.rtcpPort, bad.startsWith('35118') ? 35118 : 53620);
    }
  });

  it('is undefined when refused, held by address, named, without c= or not over UDP', () => {
    assert.equal(remoteOf(HANDSET.replace('49152', '0')), undefined);
    assert.equal(remoteOf(HANDSET.replace('c=IN IP6 2001:db8:1::5', 'c=IN IP4 0.0.0.0')), undefined);
    assert.equal(remoteOf(HANDSET.replace('c=IN IP6 2001:db8:1::5', 'c=IN IP4 host.example.com')), undefined);
    assert.equal(remoteOf(HANDSET.replace('c=IN IP6 2001:db8:1::5\r\n', '')), undefined);
    assert.equal(remoteOf(HANDSET.replace('RTP/AVP', 'TCP/RTP/AVP')), undefined);
    assert.equal(remoteOf(HANDSET, 1), undefined);
  });
});

describe('isRelayable', () => {
  it('is what comes over UDP, of any kind', () => {
    const over = (protocol: string) => {
      const [media] = parseSdp(HANDSET.replace('RTP/AVP', protocol)).media;
      return media !== undefined && isRelayable(media);
    };
    assert.deepEqual(['RTP/AVPF', 'RTP/SAVP', 'UDP/TLS/RTP/SAVPF', 'udptl', 'UDP/DTLS/SCTP'].map(over), [
      true,
      true,
      true,
      true,
      true,
    ]);
    assert.deepEqual(['TCP/MSRP', 'TCP', 'SCTP/DTLS'].map(over), [false, false, false]);
  });
});

describe('SessionOrigin', () => {
  const versionOf = (origin: SessionOrigin, text: string, ports = PORTS) =>
    originOf(origin.anchor(parseSdp(text), ports))?.version;

  it('raises the version by one when something changed, and only then', () => {
    const origin = new SessionOrigin('4611686018427387000', '203.0.113.9');
    assert.equal(versionOf(origin, HANDSET), '4611686018427387000');
    assert.equal(versionOf(origin, HANDSET), '4611686018427387000');
    assert.equal(versionOf(origin, HANDSET.replace('a=sendrecv', 'a=sendonly')), '4611686018427387001');
    assert.equal(versionOf(origin, HANDSET), '4611686018427387002');
    assert.equal(versionOf(origin, HANDSET, PORTS.slice(1)), '4611686018427387003');
    assert.equal(versionOf(origin, HANDSET, PORTS.slice(1)), '4611686018427387003');
  });

  it('does not follow the version of the peer', () => {
    const origin = new SessionOrigin('7', '203.0.113.9');
    assert.equal(versionOf(origin, HANDSET), '7');
    assert.equal(versionOf(origin, HANDSET.replace('1111111111 IN', '1111111112 IN')), '7');
  });
});
