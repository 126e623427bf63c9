/** The offer/answer model (RFC 3264) as far as one who stands between the two needs it. */
import { type Direction, directionOf } from './attributes.ts';
import { connectionOf, type MediaDescription, type SessionDescription, withPort } from './session-description.ts';

/** The same direction as the other side names it. */
export function reverseDirection(direction: Direction): Direction {
  if (direction === 'sendonly') return 'recvonly';
  return direction === 'recvonly' ? 'sendonly' : direction;
}

/**
 * What may be answered to `offered` by one who wants `wanted` (RFC 3264 §6.1): never more than was offered.
 */
export function answerDirection(offered: Direction, wanted: Direction): Direction {
  const allowed = reverseDirection(offered);
  return directionFrom(sends(allowed) && sends(wanted), receives(allowed) && receives(wanted));
}

export function directionFrom(sending: boolean, receiving: boolean): Direction {
  if (sending) return receiving ? 'sendrecv' : 'sendonly';
  return receiving ? 'recvonly' : 'inactive';
}

export function sends(direction: Direction): boolean {
  return direction === 'sendrecv' || direction === 'sendonly';
}

export function receives(direction: Direction): boolean {
  return direction === 'sendrecv' || direction === 'recvonly';
}

/** The address that stands for nowhere: hold in the manner of RFC 2543 (RFC 3264 §8.4), or none known yet (RFC 3725). */
export function isNowhere(address: string): boolean {
  return address === '0.0.0.0' || address === '::';
}

/**
 * Whether the sender of `description` holds media `index` (RFC 3264 §8.4): it does not want to receive, or has
 * c=0.0.0.0. A refused media is not on hold.
 */
export function isHeld(description: SessionDescription, index: number): boolean {
  const media = description.media[index];
  if (media === undefined || media.port === 0) return false;
  return !receives(directionOf(description, index)) || isNowhere(connectionOf(description, index)?.address ?? '');
}

/** Refuses one media (RFC 3264 §6): port 0, its place in the order kept. */
export function rejectMedia(description: SessionDescription, index: number): SessionDescription {
  return withMedia(description, index, (media) => withPort(media, 0));
}

export function withMedia(
  description: SessionDescription,
  index: number,
  change: (media: MediaDescription) => MediaDescription,
): SessionDescription {
  return { ...description, media: description.media.map((media, at) => (at === index ? change(media) : media)) };
}

/**
 * Whether `answer` can be the answer to `offer` (RFC 3264 §6): as many m= lines, of the same media in the same order,
 * none accepted that was offered with port 0.
 * @returns what is wrong, in words for a log or a Warning, or undefined.
 */
export function checkAnswer(offer: SessionDescription, answer: SessionDescription): string | undefined {
  if (offer.media.length !== answer.media.length) {
    return `the answer has ${answer.media.length} m= lines, the offer ${offer.media.length}`;
  }
  for (const [index, offered] of offer.media.entries()) {
    const answered = answer.media[index] as MediaDescription;
    if (answered.media !== offered.media) {
      return `m= line ${index + 1} of the answer is ${answered.media}, of the offer ${offered.media}`;
    }
    // RFC 8843: a bundle-only m= line is offered with port 0 and may be accepted.
    if (offered.port === 0 && answered.port !== 0 && !isBundleOnly(offered)) {
      return `m= line ${index + 1} of the answer has port ${answered.port}, but was not offered`;
    }
  }
  return undefined;
}

function isBundleOnly(media: MediaDescription): boolean {
  return media.lines.some((line) => line.type === 'a' && line.value.trim() === 'bundle-only');
}
