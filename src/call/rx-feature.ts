import type { Logger } from '../core/logger.ts';
import type { Rx } from '../diameter/rx.ts';
import type { RxSession, RxSubject } from '../diameter/rx-session.ts';
import type { SessionDescription } from '../sdp/session-description.ts';
import { SipError } from '../sip/message/sip-error.ts';
import { isSip } from '../sip/message/uri.ts';
import { otherSide, type Side } from './call-states.ts';
import type { CallFeature, CallPath } from './feature.ts';
import { reasonOf } from './refusal.ts';
import { type LegSdp, mediaComponents } from './rx-components.ts';

export interface RxFeatureOptions {
  /** Setting `rx_required`: without bearers there is no call. */
  readonly required: boolean;
}

/** What was last offered on a path. */
interface Exchange {
  readonly from: Side;
  readonly said: SessionDescription;
  /** As the other side saw it; undefined for what it did not see. */
  told: SessionDescription | undefined;
  /** What the other side said to it. */
  answer: SessionDescription | undefined;
}

interface PathState {
  exchange: Exchange | undefined;
  readonly sessions: { [side in Side]?: RxSession };
  answered: boolean;
}

const SIDES: readonly Side[] = ['caller', 'callee'];

/**
 * Bearers for the media of calls: each leg has a session with the PCRF, which is told of the media once an answer is
 * known, and again when they change (TS 29.214 §4.4, TS 24.229 §5.2.7). A handset's own description and the one it is
 * shown are both needed, so that the flows run between its address and ours: `heard` stands before the features that
 * change descriptions, `told` behind them.
 */
export class RxFeature {
  readonly heard: CallFeature;
  readonly told: CallFeature;
  readonly #rx: Rx;
  readonly #logger: Logger;
  readonly #options: RxFeatureOptions;
  readonly #paths = new Map<CallPath, PathState>();
  /** Paths that are over: what still comes on them is of no concern. */
  readonly #over = new WeakSet<CallPath>();

  constructor(rx: Rx, logger: Logger, options: RxFeatureOptions) {
    this.#rx = rx;
    this.#logger = logger;
    this.#options = options;
    this.heard = {
      name: 'rx',
      prepare: async (path) => this.#prepare(path),
      onSdp: (path, from, kind, description) => {
        if (kind === 'offer') this.#offered(path, from, description);
        else this.#said(path, from, description);
        return description;
      },
      onUnseen: (path, from, offer) => this.#offered(path, from, offer),
      onOfferRefused: (path, from) => this.#refused(path, from),
      onAnswered: (path) => {
        this.#state(path).answered = true;
      },
      onEnded: (path) => this.#ended(path),
    };
    this.told = {
      name: 'rx',
      onSdp: (path, from, kind, description) => {
        const { exchange } = this.#state(path);
        if (kind === 'answer') this.#agreed(path, description);
        else if (exchange?.from === from) exchange.told = description;
        return description;
      },
    };
  }

  /** @throws SipError 503 when calls need what cannot be had. */
  #prepare(path: CallPath): void {
    const { sessions } = this.#state(path);
    if (!this.#options.required || this.#rx.isAvailable || SIDES.some((side) => sessions[side] !== undefined)) return;
    throw new SipError(503, 'the PCRF cannot be asked, and rx_required is true');
  }

  #state(path: CallPath): PathState {
    const known = this.#paths.get(path);
    if (known !== undefined) return known;
    const state: PathState = { exchange: undefined, sessions: {}, answered: false };
    if (!this.#over.has(path)) this.#paths.set(path, state);
    return state;
  }

  #offered(path: CallPath, from: Side, said: SessionDescription): void {
    this.#state(path).exchange = { from, said, told: undefined, answer: undefined };
  }

  #said(path: CallPath, from: Side, description: SessionDescription): void {
    const { exchange } = this.#state(path);
    if (exchange !== undefined && exchange.from !== from) exchange.answer = description;
  }

  #refused(path: CallPath, from: Side): void {
    const state = this.#state(path);
    if (state.exchange?.from === from) state.exchange = undefined;
  }

  /** The offer of the exchange has its answer, which the offering side is told as `description`. */
  #agreed(path: CallPath, description: SessionDescription): void {
    const { exchange } = this.#state(path);
    if (exchange?.answer === undefined) return;
    const { from, said, told, answer } = exchange;
    this.#want(path, from, { said, told: description, offers: true });
    // An offer the other side has not seen changes nothing on its leg.
    if (told !== undefined) this.#want(path, otherSide(from), { said: answer, told, offers: false });
  }

  #want(path: CallPath, side: Side, sdp: Omit<LegSdp, 'address'>): void {
    if (path.ours === side || this.#over.has(path)) return;
    const { sessions } = this.#state(path);
    const { address } = path.flows[side].remote;
    sessions[side] ??= this.#open(path, side, address);
    sessions[side].want(mediaComponents({ ...sdp, address }));
  }

  #open(path: CallPath, side: Side, address: string): RxSession {
    const user = path.users[side];
    const identity = user?.identities.find(({ uri }) => isSip(uri))?.text;
    const subject: RxSubject = {
      call: path.id,
      user: user?.impi ?? address,
      address,
      ...(user?.imsi !== undefined && { imsi: user.imsi }),
      ...(identity !== undefined && { identity }),
      ...(path.emergency !== undefined && { emergency: path.emergency }),
    };
    const session = this.#rx.open(subject, {
      onState: (state) => {
        const live = session.media.filter(({ status }) => status !== 'REMOVED').map(({ number }) => number - 1);
        const wanted = state === 'none' ? [] : live;
        path.resources.report(side, wanted, state === 'reserving' ? 'pending' : 'erab_set');
      },
      onFailed: (why) => {
        this.#logger.warn(`call ${path.id}: no bearer for the ${side} ${subject.user}: ${why}`);
        if (this.#options.required) path.resources.lost(side, `no bearer: ${why}`);
      },
      onLost: (why, failed) => this.#lost(path, side, why, failed),
    });
    return session;
  }

  /** TS 24.229 §5.2.8.1: a session without its bearers is released. */
  #lost(path: CallPath, side: Side, why: string, failed: boolean): void {
    const state = this.#paths.get(path);
    if (state === undefined) return;
    this.#logger.warn(`call ${path.id}: the ${side} ${path.users[side]?.impi ?? ''} has lost its bearer: ${why}`);
    // Before the answer other callees may still take the call.
    if (failed || !state.answered) path.resources.lost(side, why);
    else path.end({ refusal: { status: 503 }, reason: reasonOf(503, why) });
  }

  #ended(path: CallPath): void {
    const sessions = this.#paths.get(path)?.sessions ?? {};
    this.#paths.delete(path);
    this.#over.add(path);
    for (const side of SIDES) sessions[side]?.end();
  }
}
