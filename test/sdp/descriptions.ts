/** Whole session descriptions as they were published or seen, with CRLF, by where they come from. */

function sdp(...lines: string[]): string {
  return lines.map((line) => `${line}\r\n`).join('');
}

/** RFC 8866 §5 */
export const RFC_8866 = sdp(
  'v=0',
  'o=jdoe 3724394400 3724394405 IN IP4 198.51.100.1',
  's=Call to John Smith',
  'i=SDP Offer #1',
  'u=http://www.jdoe.example.com/home.html',
  'e=Jane Doe <jane@jdoe.example.com>',
  'p=+1 617 555-6011',
  'c=IN IP4 198.51.100.1',
  't=0 0',
  'm=audio 49170 RTP/AVP 0',
  'm=audio 49180 RTP/AVP 0',
  'm=video 51372 RTP/AVP 99',
  'c=IN IP6 2001:db8::2',
  'a=rtpmap:99 h263-1998/90000',
);

/** RFC 4566 §5 */
export const RFC_4566 = sdp(
  'v=0',
  'o=jdoe 2890844526 2890842807 IN IP4 10.47.16.5',
  's=SDP Seminar',
  'i=A Seminar on the session description protocol',
  'u=http://www.example.com/seminars/sdp.pdf',
  'e=j.doe@example.com (Jane Doe)',
  'c=IN IP4 224.2.17.12/127',
  't=2873397496 2873404696',
  'a=recvonly',
  'm=audio 49170 RTP/AVP 0',
  'm=video 51372 RTP/AVP 99',
  'a=rtpmap:99 h263-1998/90000',
);

/** RFC 3264 §10.1: the offer. */
export const RFC_3264_OFFER = sdp(
  'v=0',
  'o=alice 2890844526 2890844526 IN IP4 host.anywhere.com',
  's=',
  'c=IN IP4 host.anywhere.com',
  't=0 0',
  'm=audio 49170 RTP/AVP 0',
  'a=rtpmap:0 PCMU/8000',
  'm=video 51372 RTP/AVP 31',
  'a=rtpmap:31 H261/90000',
  'm=video 53000 RTP/AVP 32',
  'a=rtpmap:32 MPV/90000',
);

/** RFC 3264 §10.1: the answer, with one video refused. */
export const RFC_3264_ANSWER = sdp(
  'v=0',
  'o=bob 2890844730 2890844730 IN IP4 host.example.com',
  's=',
  'c=IN IP4 host.example.com',
  't=0 0',
  'm=audio 49920 RTP/AVP 0',
  'a=rtpmap:0 PCMU/8000',
  'm=video 0 RTP/AVP 31',
  'm=video 53000 RTP/AVP 32',
  'a=rtpmap:32 MPV/90000',
);

/** baresip 1.0.0 of Debian 12, medianat=ice, mediaenc=srtp, rtcp_mux=yes: captured. */
export const BARESIP = sdp(
  'v=0',
  'o=- 592226515 536937785 IN IP4 192.0.2.2',
  's=-',
  'c=IN IP4 192.0.2.2',
  't=0 0',
  'a=tool:baresip 1.0.0',
  'a=ice-ufrag:KhBPBxo',
  'a=ice-pwd:BT8yJACOVDLXQJ5UiDv8TbDb1tG5HrA',
  'm=audio 41426 RTP/AVP 0 8 96 9 101',
  'c=IN IP4 192.0.2.2',
  'a=rtpmap:0 PCMU/8000',
  'a=rtpmap:8 PCMA/8000',
  'a=rtpmap:96 opus/48000/2',
  'a=fmtp:96 stereo=1;sprop-stereo=1',
  'a=rtpmap:9 G722/8000',
  'a=rtpmap:101 telephone-event/8000',
  'a=fmtp:101 0-15',
  'a=sendrecv',
  'a=label:1',
  'a=rtcp-rsize',
  'a=ssrc:592575259 cname:sip:alice@127.0.0.1:15999',
  'a=rtcp-mux',
  'a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:yZE+tvBB1bEs2qOXLAajDr3rj54QxlbIUy0ceag6',
  'a=minptime:20',
  'a=ptime:20',
  'a=candidate:c0000202 1 UDP 2113929471 192.0.2.2 41426 typ host',
  'a=candidate:020000fd 1 UDP 2113929471 fd00::2 41426 typ host',
  'm=video 16544 RTP/AVP 96',
  'c=IN IP4 192.0.2.2',
  'a=rtpmap:96 VP8/90000',
  'a=fmtp:96 max-fs=3600',
  'a=sendrecv',
  'a=label:2',
  'a=rtcp-rsize',
  'a=ssrc:2487471552 cname:sip:alice@127.0.0.1:15999',
  'a=rtcp-mux',
  'a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:tKflMBiGBSW0KGEeGc51nIo09gKC1BmoRzWfQLcx',
  'a=framerate:25.00',
  'a=rtcp-fb:* nack pli',
  'a=content:main',
  'a=candidate:c0000202 1 UDP 2113929471 192.0.2.2 16544 typ host',
  'a=candidate:020000fd 1 UDP 2113929471 fd00::2 16544 typ host',
);

/** Linphone (belle-sip 1.6): the session lines of BelledonneCommunications/linphone-android issue 493, its usual media. */
export const LINPHONE = sdp(
  'v=0',
  'o=1003 3357 3332 IN IP4 192.168.3.117',
  's=Talk',
  'c=IN IP4 192.168.3.117',
  'b=AS:8000',
  't=0 0',
  'a=rtcp-xr:rcvr-rtt=all:10000 stat-summary=loss,dup,jitt,TTL voip-metrics',
  'm=audio 7076 RTP/AVPF 96 97 98 0 8 101',
  'a=rtpmap:96 opus/48000/2',
  'a=fmtp:96 useinbandfec=1',
  'a=rtpmap:97 speex/16000',
  'a=fmtp:97 vbr=on',
  'a=rtpmap:98 speex/8000',
  'a=fmtp:98 vbr=on',
  'a=rtpmap:101 telephone-event/48000',
  'a=rtcp-fb:* trr-int 5000',
  'a=rtcp-fb:* ccm tmmbr',
);

/** A VoLTE handset's offer: the attributes of TS 34.229-1 C.21 on an IPv6 bearer. */
export const HANDSET = sdp(
  'v=0',
  'o=- 1111111111 1111111111 IN IP6 2001:db8:1::5',
  's=-',
  'c=IN IP6 2001:db8:1::5',
  't=0 0',
  'm=audio 49152 RTP/AVP 104 102 105 100',
  'b=AS:49',
  'b=RS:600',
  'b=RR:2000',
  'a=rtpmap:104 AMR-WB/16000/1',
  'a=fmtp:104 mode-change-capability=2;max-red=0',
  'a=rtpmap:102 AMR/8000/1',
  'a=fmtp:102 mode-change-capability=2;max-red=0',
  'a=rtpmap:105 telephone-event/16000',
  'a=fmtp:105 0-15',
  'a=rtpmap:100 telephone-event/8000',
  'a=fmtp:100 0-15',
  'a=ptime:20',
  'a=maxptime:240',
  'a=sendrecv',
  'a=curr:qos local none',
  'a=curr:qos remote none',
  'a=des:qos mandatory local sendrecv',
  'a=des:qos optional remote sendrecv',
);

/** What a browser offers through a gateway: DTLS-SRTP, a=rtcp with an address (from sipwise/rtpengine issue 126). */
export const BROWSER = sdp(
  'v=0',
  'o=- 7077555154305387929 2 IN IP4 127.0.0.1',
  's=-',
  't=0 0',
  'a=ice-lite',
  'a=msid-semantic: WMS',
  'm=audio 53619 UDP/TLS/RTP/SAVPF 111 0',
  'c=IN IP4 192.168.5.107',
  'a=rtcp:35118 IN IP4 192.168.5.108',
  'a=candidate:2855829019 1 udp 2122260223 192.168.5.107 53619 typ host generation 0',
  'a=ice-options:trickle',
  'a=end-of-candidates',
  'a=fingerprint:sha-256 DA:7B:57:DC:28:CE:04:4F:31:79:85:C4:31:67:EB:27:58:29:ED:77:2A:0D:24:AE:ED:AD:30:BC:BD:F1:9C:02',
  'a=setup:actpass',
  'a=mid:audio',
  'a=rtcp-mux',
  'a=rtpmap:111 opus/48000/2',
);

export const ALL: readonly string[] = [
  RFC_8866,
  RFC_4566,
  RFC_3264_OFFER,
  RFC_3264_ANSWER,
  BARESIP,
  LINPHONE,
  HANDSET,
  BROWSER,
];
