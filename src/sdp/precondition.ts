/**
 * Preconditions in session descriptions: a=curr, a=des and a=conf (RFC 3312 §4, RFC 4032) of the type qos. Statuses are
 * in the words of who wrote them: `local` is its own access, `remote` the other side's.
 */
import { attributeName, attributes, type Direction, directionOf, isDirection } from './attributes.ts';
import { directionFrom, receives, sends, withMedia } from './offer-answer.ts';
import type { MediaDescription, SdpLine, SessionDescription } from './session-description.ts';

/** RFC 3312 §4: what is, or shall be, reserved in which direction; `none` is nothing. */
export type Reserved = 'none' | 'send' | 'recv' | 'sendrecv';
export type Strength = 'mandatory' | 'optional' | 'none' | 'failure' | 'unknown';
type Segment = 'local' | 'remote' | 'e2e';

/** The preconditions of one media. */
export interface Preconditions {
  readonly current: { readonly [segment in Segment]?: Reserved };
  readonly desired: readonly Desire[];
  /** Segments of which the writer wants to hear when they are reserved (§4, a=conf). */
  readonly confirm: readonly Segment[];
}

export interface Desire {
  readonly strength: Strength;
  readonly segment: Segment;
  readonly reserved: Reserved;
}

const NAMES = new Set(['curr', 'des', 'conf']);
const CURRENT = /^qos +(local|remote|e2e) +(none|send|recv|sendrecv)$/i;
const DESIRED = /^qos +(mandatory|optional|none|failure|unknown) +(local|remote|e2e) +(none|send|recv|sendrecv)$/i;

/** Those of a media; undefined when it has none. What cannot be read is none. */
export function preconditionsOf(media: MediaDescription): Preconditions | undefined {
  const current: { [segment in Segment]?: Reserved } = {};
  for (const value of attributes(media, 'curr')) {
    const [, segment, reserved] = CURRENT.exec(value) ?? [];
    if (segment !== undefined) current[segment.toLowerCase() as Segment] = reserved?.toLowerCase() as Reserved;
  }
  const desired = attributes(media, 'des').flatMap((value): Desire[] => {
    const [, strength, segment, reserved] = DESIRED.exec(value) ?? [];
    if (strength === undefined || segment === undefined || reserved === undefined) return [];
    return [
      {
        strength: strength.toLowerCase() as Strength,
        segment: segment.toLowerCase() as Segment,
        reserved: reserved.toLowerCase() as Reserved,
      },
    ];
  });
  const confirm = attributes(media, 'conf').flatMap((value): Segment[] => {
    const [, segment] = CURRENT.exec(value) ?? [];
    return segment === undefined ? [] : [segment.toLowerCase() as Segment];
  });
  return desired.length === 0 && Object.keys(current).length === 0 ? undefined : { current, desired, confirm };
}

/** Whether the writer of a description uses preconditions for a media it wants. */
export function usesPreconditions({ media }: SessionDescription): boolean {
  return media.some((one) => one.port !== 0 && preconditionsOf(one) !== undefined);
}

/** A mandatory precondition of another type than qos, which nobody here can meet (RFC 3312 §8); undefined for none. */
export function foreignPrecondition({ media }: SessionDescription): string | undefined {
  for (const value of media.flatMap((one) => (one.port === 0 ? [] : attributes(one, 'des')))) {
    const [, type = '', strength] = /^(\S+) +(\S+)/.exec(value) ?? [];
    if (strength?.toLowerCase() === 'mandatory' && type.toLowerCase() !== 'qos') return type;
  }
  return undefined;
}

/** Whether the writer's own access has what its mandatory desires need. */
export function isReady({ current, desired }: Preconditions): boolean {
  return desired.every(({ strength, segment, reserved }) => {
    return strength !== 'mandatory' || segment !== 'local' || covers(current.local ?? 'none', reserved);
  });
}

/** Whether what is reserved covers what is desired. */
function covers(current: Reserved, desired: Reserved): boolean {
  return (
    (!sends(asDirection(desired)) || sends(asDirection(current))) &&
    (!receives(asDirection(desired)) || receives(asDirection(current)))
  );
}

function asDirection(reserved: Reserved): Direction {
  return directionFrom(reserved === 'send' || reserved === 'sendrecv', reserved === 'recv' || reserved === 'sendrecv');
}

/** The description without preconditions of any type. */
export function withoutPreconditions(description: SessionDescription): SessionDescription {
  const isOther = (line: SdpLine) => !NAMES.has(attributeName(line) ?? '');
  return {
    session: { lines: description.session.lines.filter(isOther) },
    media: description.media.map((media) => ({ ...media, lines: media.lines.filter(isOther) })),
  };
}

/**
 * A media that was `inactive` because nothing is reserved yet, as one who knows nothing of that is told: sendrecv. (Some
 * hold media back in this way before they are ready, and the other side would have to be asked again.)
 */
export function released(description: SessionDescription): SessionDescription {
  return description.media.reduce((all, media, index) => {
    const preconditions = preconditionsOf(media);
    if (preconditions === undefined || isReady(preconditions)) return all;
    return directionOf(all, index) === 'inactive' ? withDirection(all, index, 'sendrecv') : all;
  }, description);
}

/** The description with another direction of one media (RFC 8866 §6.7). */
export function withDirection(
  description: SessionDescription,
  index: number,
  direction: Direction,
): SessionDescription {
  return withMedia(description, index, (media) => {
    const others = media.lines.filter((line) => !isDirection(attributeName(line)));
    return { ...media, lines: withLines(others, [direction]) };
  });
}

/** What one who plays preconditions knows of the two accesses. */
export interface PlayedStatus {
  /** Of ours: whether it is ready. */
  readonly ready: boolean;
  /** Of the peer's access, as it last said. */
  readonly peer: Reserved;
  /** How much the peer needs its access, where it said so. */
  readonly strength: Strength;
  /** Whether we want to hear when the peer's is reserved: in an answer, while it is not. */
  readonly confirm: boolean;
}

/** The description with preconditions of our own for one media, in place of any there are (RFC 3312 §5). */
export function withPlayed(description: SessionDescription, index: number, status: PlayedStatus): SessionDescription {
  const { ready, peer, strength, confirm } = status;
  return withMedia(description, index, (media) => {
    if (media.port === 0) return media;
    const others = media.lines.filter((line) => !NAMES.has(attributeName(line) ?? ''));
    return {
      ...media,
      lines: withLines(others, [
        `curr:qos local ${ready ? 'sendrecv' : 'none'}`,
        `curr:qos remote ${peer}`,
        'des:qos mandatory local sendrecv',
        `des:qos ${strength} remote sendrecv`,
        ...(confirm && peer !== 'sendrecv' ? ['conf:qos remote sendrecv'] : []),
      ]),
    };
  });
}

/** Attributes behind a media's other lines, with the line ending those have. */
function withLines(lines: readonly SdpLine[], values: readonly string[]): readonly SdpLine[] {
  const end = lines[0]?.end === '\n' ? '\n' : '\r\n';
  const ended = lines.map((line) => (line.end === '' ? { ...line, end } : line));
  return [...ended, ...values.map((value) => ({ type: 'a', value, end }))];
}

/** How much the writer needs its own access. */
export function localStrength({ desired }: Preconditions): Strength {
  return desired.find(({ segment }) => segment === 'local')?.strength ?? 'optional';
}
