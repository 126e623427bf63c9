/**
 * What we say where a call ends here: the answer of who sends back what it hears, and the offer of a template. Address
 * and ports are put in by the anchor. An answer names one format for each media, and no attribute that was not offered:
 * handsets were seen to choose wrongly among several and to end the call over what they do not know.
 */

import { isRelayable } from './anchor.ts';
import { attribute, attributeName, isDirection, rtpMap } from './attributes.ts';
import { reverseDirection } from './offer-answer.ts';
import {
  type MediaDescription,
  type SdpLine,
  type Section,
  type SessionDescription,
  withPort,
} from './session-description.ts';

/** Formats that carry no medium of their own: events, comfort noise, redundancy, retransmission, error correction. */
const AUXILIARY = new Set(['telephone-event', 'cn', 'red', 'rtx', 'ulpfec', 'flexfec', 'flexfec-03', 'parityfec']);

/** RFC 3389 §4: its static payload type. */
const COMFORT_NOISE = '13';

/** Attributes of an offer that hold for who sends back what it gets. */
const KEPT = new Set(['ptime', 'maxptime', 'rtcp', 'rtcp-mux', 'rtcp-rsize', 'mid', 'framerate']);
/** Attributes that begin with the payload type they are about; `*` means all. */
const OF_FORMAT = new Set(['rtpmap', 'fmtp', 'rtcp-fb']);
/** Lines of RFC 8866 besides attributes that say something of media or bandwidth. */
const KEPT_LINES = new Set(['m', 'c', 'b']);

/** Any port: the anchor puts in the right one. */
const DISCARD = 9;
const SOMEWHERE = 'IN IP4 0.0.0.1';

/**
 * The answer of an echo: of each media the first format, back in the direction it came. What cannot be sent back (not
 * over UDP, or keys agreed with DTLS, RFC 5763) is refused.
 * @returns undefined when nothing can.
 */
export function echoAnswer(offer: SessionDescription): SessionDescription | undefined {
  const media = offer.media.map((section) => {
    const format = isRelayable(section) && !needsDtls(section, offer) ? formatOf(section) : undefined;
    return format === undefined ? refused(section) : withPort(answered(section, format), DISCARD);
  });
  if (media.every(({ port }) => port === 0)) return undefined;
  const lines = offer.session.lines
    .filter(({ type }) => type !== 'a' && 'vosctb'.includes(type) && type !== '')
    .concat(offer.session.lines.filter((line) => isDirection(attributeName(line))))
    .map(reversed)
    .map((line) => (line.type === 's' ? { ...line, value: '-' } : line));
  return { session: { lines: placed(lines, media).map(somewhere) }, media };
}

/** The offer of a template: its media at ports of ours, also those it has at port 0. */
export function templateOffer(template: SessionDescription): SessionDescription {
  const media = template.media.map(offered);
  return { session: { lines: placed(template.session.lines, media).map(ended) }, media };
}

/** The lines of a session with a c= line where one is missing for some media (RFC 8866 §5.7). */
function placed(lines: readonly SdpLine[], media: readonly MediaDescription[]): readonly SdpLine[] {
  const hasPlace = (line: SdpLine) => line.type === 'c';
  if (lines.some(hasPlace) || media.every((one) => one.port === 0 || one.lines.some(hasPlace))) return lines;
  // RFC 8866 §5: c= stands before b= and t=.
  const at = lines.findIndex(({ type }) => 'btra'.includes(type) && type !== '');
  return lines.toSpliced(at < 0 ? lines.length : at, 0, { type: 'c', value: SOMEWHERE, end: '\r\n' });
}

/** Whoever is held by c=0.0.0.0 still says where it can be reached (RFC 3264 §8.4). */
function somewhere(line: SdpLine): SdpLine {
  return line.type === 'c' ? { ...line, value: SOMEWHERE } : line;
}

/**
 * What we said last as an offer of ours, for a peer that asks for one: the same media in the same order (RFC 3264 §8),
 * both ways again whoever held them (RFC 6337).
 */
export function renewedOffer({ session, media }: SessionDescription): SessionDescription {
  const open = <S extends Section>(section: S): S => {
    return { ...section, lines: section.lines.filter((line) => !isDirection(attributeName(line))) };
  };
  return { session: open(session), media: media.map(open) };
}

function offered(media: MediaDescription): MediaDescription {
  const { lines, ...rest } = withPort(media, DISCARD);
  return { ...rest, lines: lines.map(ended) };
}

/**
 * Templates are written with editors: their lines end in LF, the last one perhaps in nothing (RFC 8866 §5). Their
 * address is any, 0.0.0.0 often, which would mean hold.
 */
function ended({ type, value }: SdpLine): SdpLine {
  return { type, value: type === 'c' ? SOMEWHERE : value.trimEnd(), end: '\r\n' };
}

/** The first format that carries the medium itself. */
function formatOf(media: MediaDescription): string | undefined {
  return media.formats.find((format) => {
    const encoding = rtpMap(media, format)?.encoding.toLowerCase();
    return encoding === undefined ? format !== COMFORT_NOISE : !AUXILIARY.has(encoding);
  });
}

/** RFC 5763: keys of DTLS are made with the peer itself; those of SDES (RFC 4568) serve who sends packets back as well. */
function needsDtls(media: MediaDescription, { session }: SessionDescription): boolean {
  const fingerprint = attribute(media, 'fingerprint') ?? attribute(session, 'fingerprint');
  return fingerprint !== undefined && attribute(media, 'crypto') === undefined && media.protocol.includes('SAVP');
}

function answered(media: MediaDescription, format: string): MediaDescription {
  let isKeyed = false;
  const lines = media.lines
    .filter((line) => {
      const name = attributeName(line);
      if (name === undefined) return KEPT_LINES.has(line.type);
      if (OF_FORMAT.has(name)) return [format, '*'].includes(/:(\S+)/.exec(line.value)?.[1] ?? '');
      if (name !== 'crypto') return KEPT.has(name) || isDirection(name);
      // RFC 4568 §5.1.2: one of those that were offered.
      const isFirst = !isKeyed;
      isKeyed = true;
      return isFirst;
    })
    .map(reversed)
    .map(somewhere);
  return { ...withFormat({ ...media, lines }, format) };
}

function withFormat(media: MediaDescription, format: string): MediaDescription {
  const lines = media.lines.map((line, index) =>
    index === 0 ? { ...line, value: `${media.media} ${media.port} ${media.protocol} ${format}` } : line,
  );
  return { ...media, lines, formats: [format], portCount: 1 };
}

function refused(media: MediaDescription): MediaDescription {
  return withPort({ ...media, lines: media.lines.slice(0, 1) }, 0);
}

function reversed(line: SdpLine): SdpLine {
  const name = attributeName(line);
  return isDirection(name) ? { ...line, value: reverseDirection(name) } : line;
}
