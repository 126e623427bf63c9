import { Machine } from '../core/machine.ts';
import { shortId } from '../core/short-id.ts';
import type { SessionDescription } from '../sdp/session-description.ts';
import { type HeaderValue, header } from '../sip/message/build.ts';
import { P_ASSERTED_IDENTITY } from '../sip/message/header-types.ts';
import type { Binding } from '../store/registrations.ts';
import type { Subscriber } from '../store/subscribers.ts';
import { sessionOf } from './body.ts';
import { type CallBranch, openBranch } from './call-branch.ts';
import { CALL_MACHINE } from './call-machine.ts';
import type { CallParts, CallRequest } from './call-parts.ts';
import type { CallEffect, CallEvent, CallState, CallTimers, Side } from './call-states.ts';
import { DialogRecord, type DialogType } from './dialog-record.ts';
import { IncomingLeg } from './incoming-leg.ts';
import { legTowards, peerOf } from './invitation.ts';
import { assertedIdentities } from './invite.ts';
import type { Sdp } from './leg-session.ts';
import type { EndReason, LegReport } from './leg-states.ts';
import type { LiveCall } from './live-call.ts';
import { Path } from './path.ts';
import { resourcesLost } from './resources.ts';

/** One call: performs the effects of call-machine.ts with its legs and features. */
export class Call implements LiveCall {
  readonly #parts: CallParts;
  readonly #request: CallRequest;
  readonly #offer: Sdp;
  readonly #caller: IncomingLeg;
  readonly #branches: readonly CallBranch[];
  /** The branch that has the call; the first one before. */
  #answered = 0;
  /** By the number their dialog has on the caller's leg. */
  readonly #paths: Path[] = [];
  readonly #machine: Machine<CallState, CallEvent, CallEffect, CallTimers>;

  /** @throws SipError when the INVITE cannot be understood; nothing has been started then. */
  constructor(parts: CallParts, request: CallRequest, onGone: () => void) {
    this.#parts = parts;
    this.#request = request;
    this.#offer = sessionOf(request.transaction.request);
    const { caller } = request;
    this.#caller = new IncomingLeg(
      parts,
      peerOf(caller.subscriber, caller.identity, this.#record('server')),
      request.transaction,
      calledHeaders(request),
      (report) => this.#callerReports(report),
    );
    this.#branches = request.bindings.map((binding, number) => this.#branch(binding, number));
    const [first] = this.#branches;
    if (first !== undefined) this.#caller.record.qos = first.features.qos('caller');
    const medias = this.#branches.map(({ features }) => features.medias('caller'));
    this.#caller.record.medias = () => medias[this.#answered]?.() ?? [];
    this.#machine = new Machine(
      CALL_MACHINE,
      { name: 'init', branches: [], offer: this.#offer, refusal: undefined, timers: this.#ringingTimer() },
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
    this.#machine.dispatch({ type: 'begin', branches: this.#branches.map((_, id) => id), offer: this.#offer });
  }

  get state(): CallState['name'] {
    return this.#machine.state.name;
  }

  get subscribers(): readonly Subscriber[] {
    return [this.#request.caller.subscriber, ...new Set(this.#request.bindings.map(({ subscriber }) => subscriber))];
  }

  get records(): readonly DialogRecord[] {
    return [this.#caller.record, ...this.#branches.map(({ record }) => record)];
  }

  stop(why: EndReason): void {
    this.#machine.dispatch({ type: 'stop', why });
  }

  lose(subscriber: Subscriber): void {
    const why: EndReason = { refusal: { status: 480 }, reason: 'SIP;cause=480;text="deregistered"' };
    if (this.state !== 'stop' && this.subscribers.includes(subscriber)) this.stop(why);
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
    this.#answered = state.branch;
    const answered = this.#branches[state.branch]?.record;
    answered?.enter(state.name);
    this.#caller.record.partner ??= answered?.sessionId;
  }

  #record(type: DialogType): DialogRecord {
    const { clock, random } = this.#parts;
    const { caller, called } = this.#request;
    return new DialogRecord(clock, random, type, caller.identity.text, called.text);
  }

  #ringingTimer() {
    return { noAnswer: this.#parts.clock.now() + this.#parts.callTimers.noAnswerMs };
  }

  #branch(binding: Binding, number: number): CallBranch {
    const record = this.#record('client');
    record.partner = this.#caller.record.sessionId;
    return openBranch(this.#parts, this.#request, this.#caller, binding, record, {
      end: (why) => this.stop(why),
      resourcesLost: (side, what) => this.#resourcesLost(number, side, what),
    });
  }

  /** RFC 3312 §8: what the session needs cannot be had. */
  #resourcesLost(branch: number, side: Side, what: string): void {
    this.#parts.logger.warn(`no resources for the ${side}: ${what}`);
    this.#machine.dispatch({ type: 'failed', branch, why: resourcesLost(what) });
  }

  #callerReports(report: LegReport): void {
    if ('fork' in report) {
      if (report.type !== 'progress' && report.type !== 'answered') {
        this.#paths[report.fork]?.reports('caller', report);
      }
      return;
    }
    switch (report.type) {
      case 'cancelled':
        this.#machine.dispatch(report);
        return;
      case 'hungUp':
      case 'lost':
        this.#left('caller', 0, report);
        return;
      case 'refused':
        return;
    }
  }

  #calleeReports(id: number, report: LegReport): void {
    const branch = this.#branches[id];
    if (branch === undefined) return;
    switch (report.type) {
      case 'progress':
        branch.responses.set(report.fork, report.response);
        if (report.status === 180) branch.record.enter('ringing');
        this.#machine.dispatch({ type: 'progress', branch: id, fork: report.fork, status: report.status });
        return;
      case 'answered':
        branch.responses.set(report.fork, report.response);
        this.#machine.dispatch({ type: 'answered', branch: id, fork: report.fork });
        return;
      case 'refused':
        this.#machine.dispatch({ type: 'refused', branch: id, refusal: report.refusal });
        return;
      case 'hungUp':
      case 'lost':
        this.#left('callee', id, report);
        return;
      case 'cancelled':
        return;
      default:
        this.#path(id, branch, report.fork).path.reports('callee', report);
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
        void this.#prepare(effect.branch, effect.offer);
        return;
      case 'invite':
        this.#invite(effect.branch, effect.offer);
        return;
      case 'alertCaller':
        this.#respondToCaller(effect.branch, effect.fork, effect.status);
        return;
      case 'answerCaller':
        this.#respondToCaller(effect.branch, effect.fork, 200);
        return;
      case 'endCaller':
        this.#caller.command({ type: 'end', why: effect.why });
        return;
      case 'endCallee':
        this.#branches[effect.branch]?.leg?.command({ type: 'end', why: effect.why });
        return;
      case 'connected':
        this.#connected(effect.branch, effect.fork);
        return;
      case 'release':
        this.#branches[effect.branch]?.release();
        return;
    }
  }

  #respondToCaller(id: number, calleeFork: number, status: number): void {
    const branch = this.#branches[id];
    if (branch === undefined) return;
    const { fork, path } = this.#path(id, branch, calleeFork);
    const original = branch.responses.get(calleeFork);
    path.inOrder(() => {
      if (status >= 200) this.#caller.command({ type: 'accept', fork, original });
      else this.#caller.command({ type: 'progress', fork, status, original });
    });
  }

  #connected(id: number, calleeFork: number): void {
    const branch = this.#branches[id];
    if (branch === undefined) return;
    if (branch.paths.size > 1) this.#path(id, branch, calleeFork).path.chosen();
    this.#caller.record.qos = branch.features.qos('caller');
    branch.features.answered();
  }

  /** The way from the caller to a dialog of a callee. */
  #path(id: number, branch: CallBranch, calleeFork: number): { readonly fork: number; readonly path: Path } {
    const known = branch.paths.get(calleeFork);
    if (known !== undefined) return known;
    const fork = this.#paths.length;
    const { clock, logger } = this.#parts;
    const path = new Path(
      {
        clock,
        logger,
        features: branch.features,
        command: (side, command) => {
          if (side === 'caller') this.#caller.command({ ...command, fork });
          else branch.leg?.command({ ...command, fork: calleeFork });
        },
        agreed: (held) => this.#machine.dispatch({ type: 'agreed', branch: id, held }),
        failed: (why) => this.#machine.dispatch({ type: 'failed', branch: id, why }),
      },
      this.#offer,
    );
    this.#paths.push(path);
    branch.paths.set(calleeFork, { fork, path });
    return { fork, path };
  }

  #invite(id: number, offer: Sdp): void {
    const branch = this.#branches[id];
    if (branch === undefined) return;
    const { transaction, caller, called } = this.#request;
    const { binding, record, features } = branch;
    const sdp = features.pass('caller', 'offer', offer);
    const invitation = { original: transaction.request, caller, called, binding, record, sdp };
    branch.leg = legTowards(this.#parts, invitation, (report) => this.#calleeReports(id, report));
    branch.leg.start();
  }

  /** Bugs end here: nobody awaits it. */
  async #prepare(branch: number, offer: SessionDescription): Promise<void> {
    try {
      const outcome = await this.#branches[branch]?.features.prepare('caller', offer);
      if (outcome !== undefined) this.#machine.dispatch({ branch, ...outcome });
    } catch (error) {
      this.#parts.logger.error(() => `call: ${error instanceof Error ? error.stack : String(error)}`);
    }
  }
}

/** The caller is told whom it reached (TS 24.229 §5.2.6.4.4). */
function calledHeaders({ called, bindings }: CallRequest): HeaderValue[] {
  const subscriber = bindings[0]?.subscriber;
  if (subscriber === undefined) return [];
  return assertedIdentities({ subscriber, identity: called }).map((identity) => header(P_ASSERTED_IDENTITY, identity));
}
