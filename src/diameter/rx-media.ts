/** Media as the PCRF is told of it (TS 29.214 §5.3, TS 29.213 §6.2): what a call's legs are made of, without SDP. */
import type { Endpoint } from '../core/endpoint.ts';
import type { Avp } from './avp.ts';
import { avp, type Value } from './dictionary.ts';

/** Packets between a handset and whom it speaks to. */
export interface MediaFlow {
  readonly handset: Endpoint;
  readonly remote: Endpoint;
}

export type FlowStatus = Value<'Flow-Status'>;

/** One m= line. */
export interface MediaComponent {
  /** Its place, counted from 1. */
  readonly number: number;
  readonly type: Value<'Media-Type'>;
  /** From the handset's side: uplink is what it sends. */
  readonly status: FlowStatus;
  /** IP protocol: 17 UDP, 6 TCP. */
  readonly protocol: 6 | 17;
  /** Absent in a media that is refused. */
  readonly rtp?: MediaFlow;
  /** Absent where RTCP has no ports of its own. */
  readonly rtcp?: MediaFlow;
  /** Bits per second. */
  readonly uplink?: number;
  readonly downlink?: number;
  readonly senders?: number;
  readonly receivers?: number;
  /** Codec-Data (§5.3.7): what the handset said and what it was told. */
  readonly codecs: readonly string[];
  /** What was agreed on in all this: `codecs` is another with every offer, also when nothing changes. */
  readonly agreed: string;
}

/** Media-Component-Description. */
export function mediaComponent(media: MediaComponent): Avp {
  const { number, type, status, protocol, rtp, rtcp, uplink, downlink, senders, receivers, codecs } = media;
  return avp('Media-Component-Description', [
    avp('Media-Component-Number', number),
    ...(rtp === undefined ? [] : [subComponent(1, rtp, protocol, [])]),
    ...(rtcp === undefined ? [] : [subComponent(2, rtcp, protocol, [avp('Flow-Usage', 'RTCP')])]),
    avp('Media-Type', type),
    ...(uplink === undefined ? [] : [avp('Max-Requested-Bandwidth-UL', uplink)]),
    ...(downlink === undefined ? [] : [avp('Max-Requested-Bandwidth-DL', downlink)]),
    avp('Flow-Status', status),
    ...(senders === undefined ? [] : [avp('RS-Bandwidth', senders)]),
    ...(receivers === undefined ? [] : [avp('RR-Bandwidth', receivers)]),
    ...codecs.map((text) => avp('Codec-Data', Buffer.from(text, 'latin1'))),
  ]);
}

/** Media-Sub-Component: both directions of one flow, each as a filter (RFC 6733 §4.3.1). */
function subComponent(number: number, { handset, remote }: MediaFlow, protocol: number, usage: readonly Avp[]): Avp {
  const rule = (direction: 'in' | 'out', from: Endpoint, to: Endpoint) =>
    avp('Flow-Description', `permit ${direction} ${protocol} from ${place(from)} to ${place(to)}`);
  return avp('Media-Sub-Component', [
    avp('Flow-Number', number),
    // TS 29.214 §5.3.8: out is downlink.
    rule('out', remote, handset),
    rule('in', handset, remote),
    ...usage,
  ]);
}

function place({ address, port }: Endpoint): string {
  return `${address} ${port}`;
}

/** Whether two agreements are one to the network. */
export function isSameMedia(a: readonly MediaComponent[], b: readonly MediaComponent[]): boolean {
  return JSON.stringify(a.map(withoutCodecs)) === JSON.stringify(b.map(withoutCodecs));
}

function withoutCodecs({ codecs: _codecs, ...rest }: MediaComponent): Omit<MediaComponent, 'codecs'> {
  return rest;
}
