import { randomHex } from '../core/random.ts';
import { echoAnswer } from '../sdp/own-description.ts';
import type { SessionDescription } from '../sdp/session-description.ts';
import { header } from '../sip/message/build.ts';
import { P_ASSERTED_IDENTITY, REQUIRE, SUPPORTED } from '../sip/message/header-types.ts';
import type { Request } from '../sip/message/message.ts';
import { Params } from '../sip/message/params.ts';
import type { Uri } from '../sip/message/uri.ts';
import type { ServerTransaction } from '../sip/transaction/user.ts';
import type { Identity } from '../store/subscribers.ts';
import { sessionOf } from './body.ts';
import type { CallParts } from './call-parts.ts';
import { DialogRecord, type DialogType } from './dialog-record.ts';
import { emergencyOf } from './feature.ts';
import { PathFeatures } from './features.ts';
import { IncomingLeg } from './incoming-leg.ts';
import { ANONYMOUS_CALLER, type Caller } from './invite.ts';
import type { Sdp } from './leg-session.ts';
import type { EndReason } from './leg-states.ts';
import { mayUse, NO_PARTY, preconditionParty } from './precondition-party.ts';
import { type QosState, Resources, resourcesLost } from './resources.ts';
import { ServerCall } from './server-call.ts';

export interface EchoRequest {
  readonly type: DialogType;
  readonly transaction: ServerTransaction;
  readonly caller: Caller;
  /** The identity of the echo service. */
  readonly called: Identity;
  /** What the caller is told it has reached. */
  readonly shown: Uri;
  /** What we offer to a caller that offers nothing. */
  readonly offer: SessionDescription;
}

/** A call to the echo: it rings, is answered at once, and hears what it says. */
export class EchoCall extends ServerCall {
  readonly #leg: IncomingLeg;
  readonly #features: PathFeatures;
  readonly #qos: () => readonly QosState[];
  #isRinging = false;
  #hasAgreed = false;

  /** @throws SipError when the INVITE cannot be understood; nothing has been started then. */
  constructor(parts: CallParts, request: EchoRequest, onGone: () => void) {
    const { transaction, caller, called, shown, offer: own } = request;
    const { clock, random, callTimers } = parts;
    const offer = sessionOf(transaction.request);
    const record = new DialogRecord(clock, random, request.type, caller.identity.text, called.text);
    const facts = {
      ours: 'callee',
      offer: own,
      subscribers: [caller.subscriber],
      records: [record],
      timers: { ...callTimers, durationMs: undefined },
      ringOnly: called.ringOnly,
    } as const;
    super(parts, facts, onGone);
    // What either identity is set to.
    const reliable = called.reliableProvisional && caller.identity.reliableProvisional;
    // RFC 3312 §11: without reliable responses there is nothing to wait by.
    const isUsable = reliable && extensionsIn(transaction.request).includes('100rel');
    const setting = isUsable ? (called.precondition ?? caller.identity.precondition) : false;
    const party = { ...preconditionParty(caller.subscriber, caller.identity, false), setting };
    this.#leg = new IncomingLeg(
      parts,
      {
        impi: caller.subscriber.impi,
        record,
        reliable,
        preconditions: mayUse(party),
      },
      transaction,
      [header(P_ASSERTED_IDENTITY, { uri: shown, params: Params.none })],
      (report) => this.reports(0, report),
    );
    const { flow } = this.#leg;
    const path = {
      id: randomHex(random, 2),
      flows: { caller: flow, callee: flow },
      ours: 'callee',
      parties: { caller: party, callee: NO_PARTY },
      users: caller === ANONYMOUS_CALLER ? {} : { caller: caller.subscriber },
      ...emergencyOf(called),
      resources: new Resources(
        (_side, what) => this.stop(resourcesLost(what)),
        () => this.#resourcesChanged(),
      ),
      end: (why: EndReason) => this.stop(why),
    } as const;
    this.#features = new PathFeatures(parts.features, path, parts.logger);
    this.#qos = this.#features.qos('caller');
    this.begin();
    this.setLeg(this.addParty(this.#features), this.#leg);
    void this.#open(offer);
  }

  async #open(offer: Sdp): Promise<void> {
    const { logger } = this.parts;
    try {
      if (offer === undefined) this.#ask();
      else await this.#answer(offer);
    } catch (error) {
      logger.error(() => `echo: ${error instanceof Error ? error.stack : String(error)}`);
      this.stop({ refusal: { status: 500 } });
    }
  }

  async #answer(offer: SessionDescription): Promise<void> {
    const answer = echoAnswer(offer);
    if (answer === undefined) {
      this.stop({ refusal: { status: 488 } });
      return;
    }
    const outcome = await this.#features.prepare('caller', offer);
    if (outcome === undefined) return;
    if (outcome.type === 'mediaRefused') {
      this.stop({ refusal: outcome.refusal });
      return;
    }
    const shown = this.#features.pass('caller', 'offer', offer) ?? offer;
    this.answered(0, this.openPath(0, 0, offer), echoAnswer(shown) ?? answer);
  }

  /**
   * RFC 3312 §6: nothing rings before the caller's resources are there, which it tells by an offer of its own, or who
   * reserves them.
   */
  get #isReady(): boolean {
    return this.#qos().every((state) => state === 'disabled' || state === 'erab_set');
  }

  protected override agreed(number: number, held: boolean): void {
    super.agreed(number, held);
    this.#hasAgreed = true;
    if (this.#isRinging || this.state !== 'init') return;
    if (this.#isReady) this.#ring();
    else this.#leg.command({ type: 'progress', fork: 0, status: 183, original: undefined });
  }

  #resourcesChanged(): void {
    if (this.#hasAgreed && !this.#isRinging && this.state === 'init' && this.#isReady) this.#ring();
  }

  /** An INVITE without an offer gets ours in the 2xx. */
  #ask(): void {
    this.openPath(0, 0, undefined)?.reports('callee', { type: 'offer', sdp: this.facts.offer, by: 'invite' });
    this.#ring();
  }

  #ring(): void {
    this.#isRinging = true;
    this.#leg.command({ type: 'progress', fork: 0, status: 180, original: undefined });
    this.#leg.record.enter('ringing');
    this.dispatch({ type: 'alerting' });
    if (this.facts.ringOnly) return;
    this.#leg.command({ type: 'accept', fork: 0, original: undefined });
    this.dispatch({ type: 'answered', branch: 0 });
  }
}

/** Option tags of a request, in lower case. */
function extensionsIn({ headers }: Request): readonly string[] {
  return [...headers.all(SUPPORTED), ...headers.all(REQUIRE)].map((name) => name.toLowerCase());
}
