import { directionOf } from '../sdp/attributes.ts';
import { answerDirection } from '../sdp/offer-answer.ts';
import {
  foreignPrecondition,
  isReady,
  localStrength,
  preconditionsOf,
  type Reserved,
  released,
  type Strength,
  usesPreconditions,
  withDirection,
  withoutPreconditions,
  withPlayed,
} from '../sdp/precondition.ts';
import type { SessionDescription } from '../sdp/session-description.ts';
import { SipError } from '../sip/message/sip-error.ts';
import { otherSide, type Side } from './call-states.ts';
import type { CallFeature, CallPath } from './feature.ts';
import { changesNothing, inAnswerTo } from './own-answer.ts';
import { mayUse } from './precondition-party.ts';
import type { QosState } from './resources.ts';

interface Status {
  readonly reserved: Reserved;
  readonly strength: Strength;
  readonly ready: boolean;
}

/** What one side last said. */
interface Said {
  readonly description: SessionDescription;
  readonly kind: 'offer' | 'answer';
  /** Whether it used preconditions in it. */
  readonly uses: boolean;
  /** Of its own access, for each media that has preconditions. */
  readonly statuses: readonly (Status | undefined)[];
}

type PathState = { [side in Side]?: Said };

export interface PreconditionOptions {
  /** Setting `precondition`: we use them towards VoLTE phones also when the other side does not. */
  readonly offered: boolean;
}

/**
 * Preconditions (RFC 3312, RFC 4032) between the two handsets of a path. Those of two handsets that use them pass as
 * they are. Towards one that does while the other does not, we play them: our own access is always ready, and what a
 * handset says only of its own is answered here, so that the other is not asked again. So it is for all handsets once
 * the call is up: a handset that is offered video may hold its answer back until it hears of the offerer's access, and
 * what it says meanwhile in 18x is between it and us.
 */
export class PreconditionFeature implements CallFeature {
  readonly name = 'preconditions';
  readonly #options: PreconditionOptions;
  readonly #paths = new WeakMap<CallPath, PathState>();
  readonly #answered = new WeakSet<CallPath>();
  /** Answers of ours: they say nothing of the side in whose place they are given. */
  readonly #own = new WeakSet<SessionDescription>();

  constructor(options: PreconditionOptions) {
    this.#options = options;
  }

  /** @throws SipError 580 for what nobody here can meet (RFC 3312 §8). */
  async prepare(path: CallPath, from: Side, offer: SessionDescription): Promise<void> {
    const foreign = foreignPrecondition(offer);
    if (foreign !== undefined && !this.#passes(path, from, usesPreconditions(offer))) {
      throw new SipError(580, `a precondition of type ${foreign}`);
    }
  }

  onSdp(path: CallPath, from: Side, kind: 'offer' | 'answer', description: SessionDescription): SessionDescription {
    const to = otherSide(from);
    if (this.#own.has(description)) return this.#played(path, to, kind, description);
    const said = this.#take(path, from, kind, description);
    if (this.#passes(path, from, said.uses)) return description;
    const plain = withoutPreconditions(said.uses ? released(description) : description);
    const fitting = kind === 'answer' ? fittingDirections(plain, this.#state(path)[to]) : plain;
    return this.#uses(path, to, said.uses) ? this.#played(path, to, kind, fitting) : fitting;
  }

  onAnswered(path: CallPath): void {
    this.#answered.add(path);
  }

  ownAnswer(path: CallPath, from: Side, offer: SessionDescription): SessionDescription | undefined {
    const { [from]: before, [otherSide(from)]: other } = this.#state(path);
    if (before === undefined || other === undefined || !mayUse(path.parties[from])) return undefined;
    if (!usesPreconditions(offer) || this.#passes(path, from, true)) return undefined;
    const [was, is, said] = [before.description, offer, other.description].map((description) => {
      return withoutPreconditions(released(description));
    }) as [SessionDescription, SessionDescription, SessionDescription];
    if (!changesNothing(was, is, said)) return undefined;
    const answer = inAnswerTo(is, said);
    this.#own.add(answer);
    return answer;
  }

  onUnseen(path: CallPath, from: Side, offer: SessionDescription): void {
    this.#take(path, from, 'offer', offer);
  }

  qos(path: CallPath, side: Side): () => readonly QosState[] {
    return () => {
      const { [side]: said, [otherSide(side)]: other } = this.#state(path);
      const media = (said ?? other)?.description.media ?? [];
      return media.map((_, index) => path.resources.state(side, index) ?? qosOf(said, other, index));
    };
  }

  /** Nobody forgets a path: it goes with its call. */
  #state(path: CallPath): PathState {
    const known = this.#paths.get(path);
    if (known !== undefined) return known;
    const state: PathState = {};
    this.#paths.set(path, state);
    return state;
  }

  #take(path: CallPath, from: Side, kind: Said['kind'], description: SessionDescription): Said {
    const uses = mayUse(path.parties[from]) && usesPreconditions(description);
    const statuses = description.media.map((media): Status | undefined => {
      const preconditions = preconditionsOf(media);
      if (!uses || preconditions === undefined) return undefined;
      const reserved = preconditions.current.local ?? preconditions.current.e2e ?? 'none';
      return { reserved, strength: localStrength(preconditions), ready: isReady(preconditions) };
    });
    const said: Said = { description, kind, uses, statuses };
    this.#state(path)[from] = said;
    return said;
  }

  /** Whether the other side is shown what `from` says of preconditions as it stands. */
  #passes(path: CallPath, from: Side, uses: boolean): boolean {
    const { parties } = path;
    const to = otherSide(from);
    if (this.#answered.has(path)) return false;
    if (parties[from].policy !== 'pass' || parties[to].policy !== 'pass') return false;
    return uses && mayUse(parties[from]) && this.#uses(path, to, uses);
  }

  /** Whether preconditions are used with this side: it said so or, before it has said anything, as we guess. */
  #uses(path: CallPath, side: Side, otherUses: boolean): boolean {
    const party = path.parties[side];
    if (!mayUse(party)) return false;
    const said = this.#state(path)[side];
    if (said !== undefined) return said.uses;
    return party.setting === true || (party.capable && (otherUses || this.#options.offered));
  }

  #played(path: CallPath, to: Side, kind: Said['kind'], description: SessionDescription): SessionDescription {
    const said = this.#state(path)[to];
    return description.media.reduce((all, { port }, index) => {
      const status = said?.statuses[index];
      // What was not offered is not answered.
      if (port === 0 || (kind === 'answer' && status === undefined)) return all;
      const { reserved = 'none', strength = 'optional' } = status ?? {};
      return withPlayed(all, index, { ready: true, peer: reserved, strength, confirm: kind === 'answer' });
    }, description);
  }
}

/** An answer as the offer allows it (RFC 3264 §6.1): what it answers may have been shown released. */
function fittingDirections(answer: SessionDescription, offer: Said | undefined): SessionDescription {
  if (offer?.kind !== 'offer') return answer;
  return answer.media.reduce((all, { port }, index) => {
    const direction = directionOf(all, index);
    const allowed = answerDirection(directionOf(offer.description, index), direction);
    return port === 0 || allowed === direction ? all : withDirection(all, index, allowed);
  }, answer);
}

function qosOf(said: Said | undefined, other: Said | undefined, index: number): QosState {
  const status = said?.statuses[index];
  if (status === undefined) return 'disabled';
  if (status.ready) return 'erab_set';
  // It can reserve once both have said what they want.
  return other === undefined || (said?.kind === 'offer' && other.kind === 'offer') ? 'required' : 'pending';
}
