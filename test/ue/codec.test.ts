import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { aLaw, muLaw, PACKET_SAMPLES, tone } from '../../src/ue/codec.ts';

/** Decoders of ITU-T G.711 Tables 1 and 2, as their segments read. */
function fromMuLaw(octet: number): number {
  const value = ~octet & 0xff;
  const magnitude = ((((value & 0x0f) << 3) + 132) << ((value >> 4) & 7)) - 132;
  return value & 0x80 ? -magnitude : magnitude;
}

function fromALaw(octet: number): number {
  const value = octet ^ 0x55;
  const segment = (value >> 4) & 7;
  const step = ((value & 0x0f) << 4) + 8;
  const magnitude = segment === 0 ? step : (step + 256) << (segment - 1);
  return value & 0x80 ? magnitude : -magnitude;
}

describe('G.711', () => {
  it('has the codes of silence and of the loudest samples', () => {
    assert.deepEqual([0, 32767, -32768].map(muLaw), [0xff, 0x80, 0x00]);
    assert.deepEqual([0, 32767, -32768].map(aLaw), [0xd5, 0xaa, 0x2a]);
  });

  it('decodes to what was encoded, within half a step of the segment', () => {
    for (let sample = -32768; sample <= 32767; sample += 7) {
      const size = Math.abs(sample);
      assert(Math.abs(fromMuLaw(muLaw(sample)) - sample) <= (size + 132) / 32 + 1, `mu-law of ${sample}`);
      assert(Math.abs(fromALaw(aLaw(sample)) - sample) <= Math.max(8, size / 32) + 1, `A-law of ${sample}`);
    }
  });
});

describe('the tone', () => {
  it('fills a packet with whole periods', () => {
    for (const codec of ['PCMU', 'PCMA'] as const) {
      const payload = tone(codec);
      assert.equal(payload.length, PACKET_SAMPLES);
      assert.deepEqual(payload.subarray(0, 20), payload.subarray(20, 40));
      assert(new Set(payload).size > 5);
    }
  });
});
