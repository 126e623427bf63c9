/** Offers that are none of the other side's business, and their answers out of what the other side said before. */
import { attributeName, directionOf } from '../sdp/attributes.ts';
import { answerDirection } from '../sdp/offer-answer.ts';
import { withDirection } from '../sdp/precondition.ts';
import type { MediaDescription, SdpLine, SessionDescription } from '../sdp/session-description.ts';

/** Attributes that begin with the payload type they are about. */
const OF_FORMAT = new Set(['rtpmap', 'fmtp', 'rtcp-fb']);

/**
 * Whether an offer, as the other side would see it, leaves the session as it is. Our ports stand between the two, so a
 * place that moves is nothing to it, nor are formats that go out of use.
 * @param before what the same side said before. @param other what the other side said, in agreement with that.
 */
export function changesNothing(
  before: SessionDescription,
  offer: SessionDescription,
  other: SessionDescription,
): boolean {
  if (offer.media.length !== before.media.length || offer.media.length !== other.media.length) return false;
  return offer.media.every((media, index) => {
    const [was, said] = [before.media[index], other.media[index]];
    if (was === undefined || said === undefined || media.media !== was.media || media.protocol !== was.protocol) {
      return false;
    }
    const isOn = was.port !== 0 && said.port !== 0;
    if (!isOn) return media.port === 0;
    return (
      media.port !== 0 &&
      directionOf(offer, index) === directionOf(before, index) &&
      said.formats.every((format) => !was.formats.includes(format) || media.formats.includes(format))
    );
  });
}

/** What the other side said, as the answer to this offer: its formats that are offered, its direction as far as allowed. */
export function inAnswerTo(offer: SessionDescription, other: SessionDescription): SessionDescription {
  const media = other.media.map((one, index) => withFormats(one, offer.media[index]?.formats ?? []));
  return media.reduce<SessionDescription>(
    (all, { port }, index) => {
      const direction = directionOf(all, index);
      const allowed = answerDirection(directionOf(offer, index), direction);
      return port === 0 || allowed === direction ? all : withDirection(all, index, allowed);
    },
    { session: other.session, media },
  );
}

function withFormats(media: MediaDescription, allowed: readonly string[]): MediaDescription {
  const formats = media.formats.filter((format) => allowed.includes(format));
  if (media.port === 0 || formats.length === media.formats.length) return media;
  const lines = media.lines.flatMap((line, index): SdpLine[] => {
    if (index === 0) return [{ ...line, value: `${media.media} ${media.port} ${media.protocol} ${formats.join(' ')}` }];
    const name = attributeName(line);
    const format = name !== undefined && OF_FORMAT.has(name) ? /:(\S+)/.exec(line.value)?.[1] : undefined;
    return format === undefined || format === '*' || formats.includes(format) ? [line] : [];
  });
  return { ...media, lines, formats };
}
