/** The codecs every phone network has: ITU-T G.711, 8,000 samples and octets a second (RFC 3551 §4.5.14). */

export type Codec = 'PCMU' | 'PCMA';

/** RFC 3551 §6. */
export const PAYLOAD_TYPE: { readonly [codec in Codec]: number } = { PCMU: 0, PCMA: 8 };

/** Samples and octets of one packet: 20 ms (RFC 3551 §4.2). */
export const PACKET_SAMPLES = 160;
export const PACKET_MS = 20;

/** 400 Hz has whole periods in 20 ms, so that one packet repeated is a steady tone. */
const TONE_HZ = 400;
const TONE_AMPLITUDE = 8000;
const SAMPLE_RATE = 8000;

/** One packet's payload of a 400 Hz tone. */
export function tone(codec: Codec): Uint8Array {
  const encode = codec === 'PCMU' ? muLaw : aLaw;
  return Uint8Array.from({ length: PACKET_SAMPLES }, (_, at) =>
    encode(Math.round(TONE_AMPLITUDE * Math.sin((2 * Math.PI * TONE_HZ * at) / SAMPLE_RATE))),
  );
}

/** @param sample 16 bits, signed. */
export function muLaw(sample: number): number {
  const biased = Math.min(Math.abs(sample), 32_635) + 132;
  const segment = 24 - Math.clz32(biased);
  const step = (biased >> (segment + 3)) & 0x0f;
  return ~((sample < 0 ? 0x80 : 0) | (segment << 4) | step) & 0xff;
}

/** @param sample 16 bits, signed. */
export function aLaw(sample: number): number {
  const magnitude = (sample < 0 ? -sample - 1 : sample) >> 4;
  const segment = Math.max(0, 28 - Math.clz32(magnitude));
  const step = segment === 0 ? magnitude : (segment << 4) | ((magnitude >> (segment - 1)) & 0x0f);
  return step ^ (sample < 0 ? 0x55 : 0xd5);
}
