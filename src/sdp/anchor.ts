/**
 * Anchoring: a description of one leg is made into ours for the other leg, so that media passes our ports. Only o=, c=,
 * ports and a=rtcp change, and ICE goes (its candidates would lead past us); nothing is added (handsets refuse
 * attributes they did not offer).
 */
import { isIP, isIPv6 } from 'node:net';
import { shortestAddress } from '../core/endpoint.ts';
import { attribute, attributeName } from './attributes.ts';
import { isNowhere } from './offer-answer.ts';
import {
  connectionOf,
  type MediaDescription,
  type SdpLine,
  type Section,
  type SessionDescription,
  withPort,
} from './session-description.ts';

/** Our ports for one media. */
export interface AnchoredMedia {
  readonly rtpPort: number;
  readonly rtcpPort: number;
}

/** Who we are in the description: session id and version are decimal figures. */
export interface AnchorOrigin {
  readonly id: string;
  readonly version: string;
  /** Our IPv4 or IPv6 address on this leg. */
  readonly address: string;
}

/** Where a peer wants its media. */
export interface RemoteMedia {
  readonly address: string;
  readonly rtpPort: number;
  /** That of a=rtcp when it names one (RFC 3605), else `address`. */
  readonly rtcpAddress: string;
  readonly rtcpPort: number;
  /** RTCP comes on the RTP port if both sides say so (RFC 5761). */
  readonly muxed: boolean;
}

/** RFC 8839 §5, and end-of-candidates of RFC 8840. */
const ICE = new Set([
  'candidate',
  'remote-candidates',
  'end-of-candidates',
  'ice-ufrag',
  'ice-pwd',
  'ice-options',
  'ice-pacing',
  'ice-lite',
  'ice-mismatch',
]);

/**
 * The description with our address and ports.
 * @param media our ports for each m= line; undefined refuses it (port 0). What has port 0 already keeps it.
 */
export function anchor(
  description: SessionDescription,
  media: readonly (AnchoredMedia | undefined)[],
  origin: AnchorOrigin,
): SessionDescription {
  const network = networkOf(origin.address);
  const originLine = `- ${origin.id} ${origin.version} ${network} ${origin.address}`;
  const session = anchorLines(description.session, network, origin.address);
  return {
    session: { lines: session.map((line) => (line.type === 'o' ? { ...line, value: originLine } : line)) },
    media: description.media.map((section, index) => {
      const ours = section.port === 0 ? undefined : media[index];
      const lines = anchorLines(section, network, origin.address).map((line) =>
        ours !== undefined && attributeName(line) === 'rtcp'
          ? { ...line, value: rtcpValue(line, section, ours, origin.address) }
          : line,
      );
      return withPort({ ...section, lines }, ours?.rtpPort ?? 0);
    }),
  };
}

function anchorLines(section: Section, network: string, address: string): SdpLine[] {
  return section.lines
    .filter((line) => !ICE.has(attributeName(line) ?? ''))
    .map((line) => (line.type === 'c' ? { ...line, value: `${network} ${placeOf(line, address)}` } : line));
}

function networkOf(address: string): string {
  return isIPv6(address) ? 'IN IP6' : 'IN IP4';
}

/** c=0.0.0.0 stays what it is: with our address in its place the other side would not be on hold (RFC 3264 §8.4). */
function placeOf(line: SdpLine, address: string): string {
  const stood = line.value.trim().split(/ +/)[2] ?? '';
  if (!isNowhere(stood)) return address;
  return isIPv6(address) ? '::' : '0.0.0.0';
}

/** a=rtcp:port [nettype addrtype address] (RFC 3605 §2.1), in the form it had. */
function rtcpValue(line: SdpLine, section: MediaDescription, ours: AnchoredMedia, address: string): string {
  const [, port = '', where = ''] = /^rtcp:(\d+)(.*)$/s.exec(line.value.trim()) ?? [];
  // RFC 8858: who can do nothing but multiplex names the RTP port here.
  const rtcpPort = Number(port) === section.port ? ours.rtpPort : ours.rtcpPort;
  return where.trim() === '' ? `rtcp:${rtcpPort}` : `rtcp:${rtcpPort} ${networkOf(address)} ${address}`;
}

/** Whether our relay can carry a media: not refused, and over UDP. */
export function isRelayable(media: MediaDescription): boolean {
  return media.port !== 0 && !/^(TCP|SCTP|DCCP)(\/|$)/i.test(media.protocol);
}

/**
 * Where the sender of `description` wants media `index` sent.
 * @returns undefined when it is refused, not relayable, or has no address to send to (a name, c=0.0.0.0).
 */
export function remoteMedia(description: SessionDescription, index: number): RemoteMedia | undefined {
  const media = description.media[index];
  const address = connectionOf(description, index)?.address ?? '';
  if (media === undefined || !isRelayable(media) || !isUsable(address)) return undefined;
  const value = attribute(media, 'rtcp');
  const [, rtcpPort, rtcpAddress = address] = /^(\d{1,5})(?: +IN +IP[46] +(\S+))?$/.exec(value ?? '') ?? [];
  return {
    address: shortestAddress(address),
    rtpPort: media.port,
    rtcpAddress: shortestAddress(isUsable(rtcpAddress) ? rtcpAddress : address),
    rtcpPort: portOr(Number(rtcpPort), media.port + 1),
    muxed: attribute(media, 'rtcp-mux') !== undefined,
  };
}

function isUsable(address: string): boolean {
  return isIP(address) !== 0 && !isNowhere(address);
}

function portOr(port: number, otherwise: number): number {
  // Of an RTP port 65535 there is no port above; such a peer gets no RTCP apart from RTP.
  return port >= 1 && port <= 65_535 ? port : Math.min(otherwise, 65_535);
}
