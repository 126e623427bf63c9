/** What the PCRF is told of the media of one leg, out of what its handset said and was told in SDP (TS 29.213 §6.2). */
import { isIP } from 'node:net';
import { shortestAddress } from '../core/endpoint.ts';
import type { FlowStatus, MediaComponent, MediaFlow } from '../diameter/rx-media.ts';
import { remoteMedia } from '../sdp/anchor.ts';
import { attributeName, bandwidth, directionOf, isDirection, rtpMap } from '../sdp/attributes.ts';
import { isHeld, isNowhere, receives, sends } from '../sdp/offer-answer.ts';
import { connectionOf, type MediaDescription, type SessionDescription } from '../sdp/session-description.ts';

/** Offer and answer as one handset sees them. */
export interface LegSdp {
  /** By the handset. */
  readonly said: SessionDescription;
  /** To the handset. */
  readonly told: SessionDescription;
  /** Whether what it said was the offer. */
  readonly offers: boolean;
  /** The handset's address, for a description that names none (c=0.0.0.0 on hold). */
  readonly address: string;
}

const TYPES: Readonly<Record<string, MediaComponent['type']>> = {
  audio: 'AUDIO',
  video: 'VIDEO',
  text: 'TEXT',
  message: 'MESSAGE',
  application: 'APPLICATION',
};

/** Bits per second where no b= line says them: a bearer needs a rate, and these carry the usual codecs. */
const USUAL_RATES: Readonly<Record<string, number>> = { audio: 88_000, video: 512_000, text: 5000 };

/** Lines of Codec-Data: what a codec is made of, nothing that changes while it stays the same. */
const CODEC_ATTRIBUTES = new Set(['rtpmap', 'fmtp', 'ptime', 'maxptime']);

/** All media of the leg: refused ones keep their number. */
export function mediaComponents(leg: LegSdp): readonly MediaComponent[] {
  return leg.said.media.map((media, index) => component(leg, media, index));
}

function component(leg: LegSdp, media: MediaDescription, index: number): MediaComponent {
  const { said, told } = leg;
  const other = told.media[index];
  const isOff = media.port === 0 || other === undefined || other.port === 0;
  const base = {
    number: index + 1,
    type: TYPES[media.media] ?? 'OTHER',
    protocol: /^TCP(\/|$)/i.test(media.protocol) ? 6 : 17,
  } as const;
  if (isOff) return { ...base, status: 'REMOVED', codecs: [], agreed: '' };
  const downlink = rate(media) ?? rate(other) ?? USUAL_RATES[media.media];
  const uplink = rate(other) ?? rate(media) ?? USUAL_RATES[media.media];
  const senders = bits(bandwidth(media, 'RS') ?? bandwidth(other, 'RS'));
  const receivers = bits(bandwidth(media, 'RR') ?? bandwidth(other, 'RR'));
  return {
    ...base,
    status: statusOf(said, told, index),
    ...flows(leg, index),
    ...(uplink !== undefined && { uplink }),
    ...(downlink !== undefined && { downlink }),
    ...(senders !== undefined && { senders }),
    ...(receivers !== undefined && { receivers }),
    agreed: encodings(leg.offers ? other : media),
    codecs: [codecData('uplink', leg.offers, media), codecData('downlink', !leg.offers, other)],
  };
}

/** b=AS is what its writer wants to receive, in kilobits; TIAS in bits, without headers. */
function rate(media: MediaDescription): number | undefined {
  const kilobits = bandwidth(media, 'AS');
  return bits(kilobits === undefined ? bandwidth(media, 'TIAS') : kilobits * 1000);
}

/** A rate as Diameter can say it, in 32 bits: what is written in SDP knows no bounds. */
function bits(rate: number | undefined): number | undefined {
  return rate === undefined ? undefined : Math.min(rate, 0xffff_ffff);
}

function statusOf(said: SessionDescription, told: SessionDescription, index: number): FlowStatus {
  const [own, other] = [directionOf(said, index), directionOf(told, index)];
  const up = sends(own) && receives(other) && !isHeld(told, index);
  const down = receives(own) && sends(other) && !isHeld(said, index);
  if (up) return down ? 'ENABLED' : 'ENABLED-UPLINK';
  return down ? 'ENABLED-DOWNLINK' : 'DISABLED';
}

function flows({ said, told, address }: LegSdp, index: number): { rtp: MediaFlow; rtcp?: MediaFlow } {
  const [own, other] = [placeOf(said, index, address), placeOf(told, index, '0.0.0.0')];
  const rtp = { handset: own.rtp, remote: other.rtp };
  // RFC 5761: RTCP shares the port when both say so.
  if (own.rtcp === undefined || other.rtcp === undefined || (own.muxed && other.muxed)) return { rtp };
  return { rtp, rtcp: { handset: own.rtcp, remote: other.rtcp } };
}

function placeOf(description: SessionDescription, index: number, otherwise: string) {
  const port = description.media[index]?.port ?? 0;
  const named = connectionOf(description, index)?.address ?? '';
  const address = isIP(named) !== 0 && !isNowhere(named) ? shortestAddress(named) : otherwise;
  const rtp = { address, port };
  const remote = remoteMedia(description, index);
  if (remote === undefined) return { rtp, rtcp: undefined, muxed: false };
  return { rtp, rtcp: { address: remote.rtcpAddress, port: remote.rtcpPort }, muxed: remote.muxed };
}

/** The encodings of an answer, by name: payload types may differ between the two directions. */
function encodings(answer: MediaDescription): string {
  return answer.formats.map((format) => rtpMap(answer, format)?.encoding ?? format).join(' ');
}

/** TS 29.214 §5.3.7: its direction, offer or answer, then lines of the SDP. */
function codecData(direction: 'uplink' | 'downlink', isOffer: boolean, media: MediaDescription): string {
  const lines = media.lines.filter((line) => {
    const name = attributeName(line);
    return (
      line.type === 'm' ||
      line.type === 'b' ||
      (name !== undefined && (CODEC_ATTRIBUTES.has(name) || isDirection(name)))
    );
  });
  return [direction, isOffer ? 'offer' : 'answer', ...lines.map(({ type, value }) => `${type}=${value}`)].join('\n');
}
