import { Machine } from '../core/machine.ts';
import { randomHex } from '../core/random.ts';
import { shortId } from '../core/short-id.ts';
import { type HeaderValue, header } from '../sip/message/build.ts';
import { P_ASSERTED_IDENTITY } from '../sip/message/header-types.ts';
import type { Response } from '../sip/message/message.ts';
import type { ServerTransaction } from '../sip/transaction/user.ts';
import type { Binding } from '../store/registrations.ts';
import type { Identity, Subscriber } from '../store/subscribers.ts';
import { sessionOf } from './body.ts';
import { CALL_MACHINE } from './call-machine.ts';
import {
  type CallEffect,
  type CallEvent,
  type CallState,
  type CallTimers,
  otherSide,
  type Side,
} from './call-states.ts';
import { DialogRecord, type DialogType } from './dialog-record.ts';
import { featureTags } from './end-to-end.ts';
import type { CallFeature } from './feature.ts';
import { PathFeatures } from './features.ts';
import { IncomingLeg } from './incoming-leg.ts';
import { assertedIdentities, type Caller, makeInvite } from './invite.ts';
import type { Leg, LegParts } from './leg.ts';
import type { EndReason, LegReport, Sdp } from './leg-states.ts';
import type { LiveCall } from './live-call.ts';
import { OutgoingLeg } from './outgoing-leg.ts';

/** A request for a call between users, all parties known. */
export interface CallRequest {
  readonly transaction: ServerTransaction;
  readonly caller: Caller;
  readonly called: Identity;
  /** The called user's handsets, all of which ring. */
  readonly bindings: readonly Binding[];
}

export interface CallParts extends LegParts {
  readonly features: readonly CallFeature[];
  readonly callTimers: CallTimers;
}

/** One callee's way through the call. */
interface Branch {
  readonly binding: Binding;
  readonly features: PathFeatures;
  readonly record: DialogRecord;
  leg: OutgoingLeg | undefined;
  /** Its latest 18x or 2xx: what the caller is shown of it. */
  response: Response | undefined;
}

/** One call: performs the effects of call-machine.ts with its legs and features. */
export class Call implements LiveCall {
  readonly #parts: CallParts;
  readonly #request: CallRequest;
  readonly #caller: IncomingLeg;
  readonly #branches: readonly Branch[];
  readonly #machine: Machine<CallState, CallEvent, CallEffect, CallTimers>;

  /** @throws SipError when the INVITE cannot be understood; nothing has been started then. */
  constructor(parts: CallParts, request: CallRequest, onGone: () => void) {
    this.#parts = parts;
    this.#request = request;
    const offer = sessionOf(request.transaction.request);
    this.#caller = new IncomingLeg(
      parts,
      { impi: request.caller.subscriber.impi, record: this.#record('server') },
      request.transaction,
      calledHeaders(request),
      (report) => this.#callerReports(report),
    );
    this.#branches = request.bindings.map((binding) => this.#branch(binding));
    this.#machine = new Machine(
      CALL_MACHINE,
      { name: 'init', branches: [], offer, refusal: undefined, timers: this.#ringingTimer() },
      parts.clock,
      parts.callTimers,
      {
        perform: (effect) => this.#perform(effect),
        onUnexpected: (state, event) => parts.logger.debug(() => `call ${state.name}: ${event.type} not expected`),
        onState: (state) => {
          this.#tell(state.name);
          this.#enter(state);
        },
        onFinal: () => onGone(),
      },
    );
    this.#tell('init');
    this.#machine.dispatch({ type: 'begin', branches: this.#branches.map((_, id) => id), offer });
  }

  /** One line for each state, so that the log reads as the life of the call. */
  #tell(state: CallState['name']): void {
    const { caller, called, transaction } = this.#request;
    if (state === 'gone') return;
    this.#parts.logger.info(() => `Call ${caller.identity.text} to ${called.text}: ${state}`, {
      id: shortId(transaction.request.headers.raw('Call-ID') ?? ''),
    });
  }

  /** The dialogs of those who take part follow the call. */
  #enter(state: CallState): void {
    if (state.name === 'gone') return;
    this.#caller.record.enter(state.name);
    if (state.name !== 'start' && state.name !== 'hold') return;
    const answered = this.#branches[state.branch]?.record;
    answered?.enter(state.name);
    this.#caller.record.partner ??= answered?.sessionId;
  }

  get state(): CallState['name'] {
    return this.#machine.state.name;
  }

  /** The users it concerns. */
  get subscribers(): readonly Subscriber[] {
    return [this.#request.caller.subscriber, ...new Set(this.#request.bindings.map(({ subscriber }) => subscriber))];
  }

  /** Ends the call from our side. */
  stop(why: EndReason): void {
    this.#machine.dispatch({ type: 'stop', why });
  }

  /** A handset's last binding is gone: its part in the call is over. */
  lose(subscriber: Subscriber): void {
    const why: EndReason = { refusal: { status: 480 }, reason: 'SIP;cause=480;text="deregistered"' };
    if (this.state !== 'stop' && this.subscribers.includes(subscriber)) this.stop(why);
  }

  get records(): readonly DialogRecord[] {
    return [this.#caller.record, ...this.#branches.map(({ record }) => record)];
  }

  #record(type: DialogType): DialogRecord {
    const { clock, random } = this.#parts;
    const { caller, called } = this.#request;
    return new DialogRecord(clock, random, type, caller.identity.text, called.text);
  }

  #ringingTimer() {
    return { noAnswer: this.#parts.clock.now() + this.#parts.callTimers.noAnswerMs };
  }

  #branch(binding: Binding): Branch {
    const id = randomHex(this.#parts.random, 2);
    const path = { id, flows: { caller: this.#caller.flow, callee: binding.flow } };
    const { features, logger } = this.#parts;
    const record = this.#record('client');
    record.partner = this.#caller.record.sessionId;
    return { binding, features: new PathFeatures(features, path, logger), record, leg: undefined, response: undefined };
  }

  #callerReports(report: LegReport): void {
    switch (report.type) {
      case 'cancelled':
        this.#machine.dispatch(report);
        return;
      case 'offerCancelled':
      case 'acknowledged':
      case 'offer':
      case 'answer':
      case 'offerRefused':
        this.#machine.dispatch({ ...report, side: 'caller' });
        return;
      case 'hungUp':
      case 'lost':
        this.#left('caller', 0, report);
        return;
      case 'progress':
      case 'answered':
      case 'refused':
        return;
    }
  }

  #calleeReports(branch: number, report: LegReport): void {
    const known = this.#branches[branch];
    if (known !== undefined && 'response' in report) known.response = report.response;
    switch (report.type) {
      case 'progress':
        if (report.status === 180) known?.record.enter('ringing');
        this.#machine.dispatch({ type: 'progress', branch, status: report.status, sdp: report.sdp });
        return;
      case 'answered':
        this.#machine.dispatch({ type: 'answered', branch, sdp: report.sdp });
        return;
      case 'refused':
        this.#machine.dispatch({ type: 'refused', branch, refusal: report.refusal });
        return;
      case 'offerCancelled':
      case 'acknowledged':
      case 'offer':
      case 'answer':
      case 'offerRefused':
        this.#machine.dispatch({ ...report, side: 'callee' });
        return;
      case 'hungUp':
      case 'lost':
        this.#left('callee', branch, report);
        return;
      case 'cancelled':
        return;
    }
  }

  #left(side: Side, branch: number, report: Extract<LegReport, { type: 'hungUp' | 'lost' }>): void {
    const impi = side === 'caller' ? this.#caller.impi : this.#branches[branch]?.binding.subscriber.impi;
    if (report.type === 'lost') this.#parts.logger.warn(`${impi} is lost to its call: ${report.what}`);
    const reason = report.type === 'hungUp' ? report.reason : undefined;
    this.#machine.dispatch({ type: 'left', side, branch, reason });
  }

  #perform(effect: CallEffect): void {
    switch (effect.type) {
      case 'prepareMedia':
        void this.#prepare(effect);
        return;
      case 'invite':
        this.#invite(effect.branch, effect.offer);
        return;
      case 'alertCaller': {
        const { branch, status, sdp } = effect;
        const original = this.#branches[branch]?.response;
        this.#caller.dispatch({ type: 'progress', branch, status, sdp: this.#early(branch, sdp), original });
        return;
      }
      case 'answerCaller': {
        const { branch } = effect;
        const kind = this.#caller.request.body.length > 0 ? 'answer' : 'offer';
        const sdp = this.#pass(branch, 'callee', kind, effect.sdp);
        this.#caller.dispatch({ type: 'accept', branch, sdp, original: this.#branches[branch]?.response });
        return;
      }
      case 'endCaller':
        this.#caller.dispatch({ type: 'end', why: effect.why });
        return;
      case 'endCallee':
        this.#branches[effect.branch]?.leg?.dispatch({ type: 'end', why: effect.why });
        return;
      case 'acknowledge': {
        const sdp = this.#pass(effect.branch, otherSide(effect.to), 'answer', effect.sdp);
        // An offer of this side in its 2xx, if there was one, has been left without an answer.
        if (sdp === undefined) this.#branches[effect.branch]?.features.offerRefused(effect.to);
        this.#leg(effect.to, effect.branch)?.dispatch({ type: 'acknowledge', sdp });
        return;
      }
      case 'relayOffer': {
        const sdp = this.#pass(effect.branch, otherSide(effect.to), 'offer', effect.sdp);
        this.#leg(effect.to, effect.branch)?.dispatch({ type: 'offer', sdp });
        return;
      }
      case 'relayAnswer': {
        const sdp = this.#pass(effect.branch, otherSide(effect.to), effect.kind, effect.sdp);
        this.#leg(effect.to, effect.branch)?.dispatch({ type: 'answer', sdp });
        return;
      }
      case 'withdrawOffer':
        this.#leg(effect.to, effect.branch)?.dispatch({ type: 'withdraw' });
        return;
      case 'refuseOffer':
        this.#branches[effect.branch]?.features.offerRefused(effect.to);
        this.#leg(effect.to, effect.branch)?.dispatch({ type: 'refuseOffer', refusal: effect.refusal });
        return;
      case 'connected':
        this.#branches[effect.branch]?.features.answered();
        return;
      case 'release':
        this.#branches[effect.branch]?.features.end();
        this.#branches[effect.branch]?.record.enter('stop');
        return;
    }
  }

  #leg(side: Side, branch: number): Leg | undefined {
    return side === 'caller' ? this.#caller : this.#branches[branch]?.leg;
  }

  #invite(id: number, offer: Sdp): void {
    const branch = this.#branches[id];
    if (branch === undefined) return;
    const { random, handsets } = this.#parts;
    const { transaction, caller, called } = this.#request;
    const sdp = this.#pass(id, 'caller', 'offer', offer);
    const request = makeInvite(random, handsets, transaction.request, caller, called, branch.binding, sdp);
    const flow = handsets.towards(branch.binding, request, called);
    const peer = { impi: branch.binding.subscriber.impi, record: branch.record };
    const features = featureTags(transaction.request.headers);
    branch.leg = new OutgoingLeg(this.#parts, peer, request, flow, features, (report) => {
      this.#calleeReports(id, report);
    });
    branch.leg.start();
  }

  /** Bugs end here: nobody awaits it. */
  async #prepare({ branch, from, offer }: Extract<CallEffect, { type: 'prepareMedia' }>): Promise<void> {
    try {
      const outcome = await this.#branches[branch]?.features.prepare(from, offer);
      if (outcome !== undefined) this.#machine.dispatch({ branch, ...outcome });
    } catch (error) {
      this.#parts.logger.error(() => `call: ${error instanceof Error ? error.stack : String(error)}`);
    }
  }

  /** Early media of a callee; without an offer of the caller there is nothing it could answer. */
  #early(branch: number, sdp: Sdp): Sdp {
    return this.#caller.request.body.length === 0 ? undefined : this.#pass(branch, 'callee', 'answer', sdp);
  }

  #pass(branch: number, from: Side, kind: 'offer' | 'answer', sdp: Sdp): Sdp {
    return this.#branches[branch]?.features.pass(from, kind, sdp);
  }
}

/** The caller is told whom it reached (TS 24.229 §5.2.6.4.4). */
function calledHeaders({ called, bindings }: CallRequest): HeaderValue[] {
  const subscriber = bindings[0]?.subscriber;
  if (subscriber === undefined) return [];
  return assertedIdentities({ subscriber, identity: called }).map((identity) => header(P_ASSERTED_IDENTITY, identity));
}
