import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { packetText } from '../../src/rtp/packet-text.ts';

const rows: readonly (readonly [hex: string, isRtcp: boolean, text: string])[] = [
  ['8088000100000002deadbeef5555', false, 'pt=8 seq=1 ts=2 ssrc=deadbeef marker len=14'],
  ['8060ffffffffffff0000000a', false, 'pt=96 seq=65535 ts=4294967295 ssrc=0000000a len=12'],
  ['80c8000600000001', true, 'SR ssrc=00000001 len=8'],
  ['81d2000600000001', true, 'type=210 ssrc=00000001 len=8'],
  ['000100002112a442', false, 'no RTP len=8'],
  ['8008000100000002', false, 'no RTP len=8'],
  ['', false, 'no RTP len=0'],
];

describe('a packet in one line', () => {
  for (const [hex, isRtcp, text] of rows) {
    it(text, () => assert.equal(packetText(Buffer.from(hex, 'hex'), isRtcp), text));
  }
});
