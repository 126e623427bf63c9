import { Machine } from '../core/machine.ts';
import { shortId } from '../core/short-id.ts';
import { echoAnswer, renewedOffer } from '../sdp/own-description.ts';
import type { SessionDescription } from '../sdp/session-description.ts';
import type { Subscriber } from '../store/subscribers.ts';
import type { CallParts } from './call-parts.ts';
import { otherSide, type Side } from './call-states.ts';
import type { DialogRecord } from './dialog-record.ts';
import type { PathFeatures } from './features.ts';
import type { Leg } from './leg.ts';
import type { Sdp, SessionCommand } from './leg-session.ts';
import type { EndReason, LegReport } from './leg-states.ts';
import type { LiveCall } from './live-call.ts';
import { Path } from './path.ts';
import {
  connectingFrom,
  SERVER_CALL_MACHINE,
  type ServerCallEffect,
  type ServerCallEvent,
  type ServerCallState,
  type ServerCallTimers,
} from './server-call-machine.ts';

/** What a call with the server is made with. */
export interface ServerCallFacts {
  /** The side we play. */
  readonly ours: Side;
  /** What we offer when we are asked for an offer. */
  readonly offer: SessionDescription;
  readonly subscribers: readonly Subscriber[];
  /** One for each phone. */
  readonly records: readonly DialogRecord[];
  readonly timers: ServerCallTimers;
  /** It shall ring and not be answered. */
  readonly ringOnly: boolean;
}

const RING_ONLY: EndReason = { refusal: { status: 487 }, reason: 'SIP;cause=480;text="ring_only"' };

/** One phone of a call with the server. */
interface Party {
  readonly features: PathFeatures;
  readonly record: DialogRecord;
  leg: Leg | undefined;
  /** What we answered last. */
  said: SessionDescription | undefined;
  /** By the number of its dialog. */
  readonly paths: Map<number, Path>;
}

/**
 * A call whose other side is the server, which answers each offer with what it hears: performs the effects of
 * server-call-machine.ts. echo-call.ts and mt-call.ts add how it begins.
 */
export abstract class ServerCall implements LiveCall {
  protected readonly parts: CallParts;
  protected readonly facts: ServerCallFacts;
  readonly #parties: Party[] = [];
  readonly #onGone: () => void;
  #machine: Machine<ServerCallState, ServerCallEvent, ServerCallEffect, ServerCallTimers> | undefined;

  /** Starts nothing: a call whose INVITE turns out to be unusable is simply dropped. */
  constructor(parts: CallParts, facts: ServerCallFacts, onGone: () => void) {
    this.parts = parts;
    this.facts = facts;
    this.#onGone = onGone;
  }

  /** Begins the life of the call: from here on it ends by itself. */
  protected begin(): void {
    const { clock, logger } = this.parts;
    const { records, timers } = this.facts;
    const initial = connectingFrom([...records.keys()], clock.now(), timers);
    this.#machine = new Machine(SERVER_CALL_MACHINE, initial, clock, timers, {
      perform: (effect) => this.#perform(effect),
      onUnexpected: (state, event) => logger.debug(() => `call ${state.name}: ${event.type} not expected`),
      onState: (state) => this.#enter(state),
      onFinal: () => this.#onGone(),
    });
    this.#tell('init');
  }

  get state(): ServerCallState['name'] {
    return this.#machine?.state.name ?? 'init';
  }

  get subscribers(): readonly Subscriber[] {
    return this.facts.subscribers;
  }

  get records(): readonly DialogRecord[] {
    return this.facts.records;
  }

  stop(why: EndReason): void {
    this.#machine?.dispatch({ type: 'stop', why });
  }

  lose(subscriber: Subscriber): void {
    const why: EndReason = { refusal: { status: 480 }, reason: 'SIP;cause=480;text="deregistered"' };
    if (this.state !== 'stop' && this.subscribers.includes(subscriber)) this.stop(why);
  }

  /** Adds the phone of the record with the same number. */
  protected addParty(features: PathFeatures): number {
    const number = this.#parties.length;
    const record = this.facts.records[number] as DialogRecord;
    record.medias = features.medias(this.#peer);
    record.qos = features.qos(this.#peer);
    this.#parties.push({ features, record, leg: undefined, said: undefined, paths: new Map() });
    return number;
  }

  /** The first answer, given when the INVITE was taken. */
  protected answered(number: number, path: Path | undefined, sdp: SessionDescription): void {
    const party = this.#parties[number];
    if (party !== undefined) party.said = sdp;
    path?.reports(this.facts.ours, { type: 'answer', sdp });
  }

  protected setLeg(number: number, leg: Leg): void {
    const party = this.#parties[number];
    if (party !== undefined) party.leg = leg;
  }

  protected dispatch(event: ServerCallEvent): void {
    this.#machine?.dispatch(event);
  }

  /** The way between us and one dialog of a phone. @param offer the one in the INVITE, whoever sent that. */
  protected openPath(number: number, fork: number, offer: Sdp): Path | undefined {
    const party = this.#parties[number];
    if (party === undefined) return undefined;
    const known = party.paths.get(fork);
    if (known !== undefined) return known;
    const { clock, logger } = this.parts;
    const path: Path = new Path(
      {
        clock,
        logger,
        features: party.features,
        command: (side, command) => {
          if (side === this.#peer) party.leg?.command({ ...command, fork });
          else this.#answerFor(party, path, command);
        },
        agreed: (held) => this.agreed(number, held),
        failed: (why) => this.#failed(number, why),
      },
      offer,
    );
    party.paths.set(fork, path);
    return path;
  }

  /** What the phone of this number does. @param offer the one in our INVITE. */
  protected reports(number: number, report: LegReport, offer?: Sdp): void {
    const party = this.#parties[number];
    switch (report.type) {
      case 'offer':
      case 'answer':
      case 'preview':
      case 'offerRefused':
      case 'offerCancelled':
        this.openPath(number, report.fork, offer)?.reports(this.#peer, report);
        return;
      case 'progress':
        if (report.status !== 180) return;
        party?.record.enter('ringing');
        this.dispatch({ type: 'alerting' });
        return;
      case 'answered':
        party?.paths.get(report.fork)?.chosen();
        if (this.facts.ringOnly) this.stop(RING_ONLY);
        else this.dispatch({ type: 'answered', branch: number });
        return;
      case 'refused':
        this.dispatch({ type: 'refused', branch: number, refusal: report.refusal });
        return;
      case 'lost':
        this.parts.logger.warn(`${party?.leg?.impi} is lost to its call: ${report.what}`);
        this.dispatch({ type: 'left', branch: number });
        return;
      case 'cancelled':
      case 'hungUp':
        this.dispatch({ type: 'left', branch: number });
        return;
    }
  }

  /** Offer and answer have come together. */
  protected agreed(number: number, held: boolean): void {
    this.dispatch({ type: 'held', branch: number, held });
  }

  get #peer(): Side {
    return otherSide(this.facts.ours);
  }

  /** Our part in offer and answer: what is asked of the side that we play. */
  #answerFor(party: Party, path: Path, command: SessionCommand): void {
    const { ours, offer } = this.facts;
    if (command.type !== 'offer') return;
    if (command.sdp === undefined) {
      const sdp = party.said === undefined ? offer : renewedOffer(party.said);
      path.reports(ours, { type: 'offer', sdp, by: command.by });
      return;
    }
    const sdp = echoAnswer(command.sdp);
    if (sdp === undefined) {
      path.reports(ours, { type: 'offerRefused', refusal: { status: 488 } });
      return;
    }
    party.said = sdp;
    path.reports(ours, { type: 'answer', sdp });
  }

  /** Without a session there is no call. */
  #failed(number: number, why: EndReason): void {
    this.#parties[number]?.leg?.command({ type: 'end', why });
    this.dispatch({ type: 'refused', branch: number, refusal: why.refusal });
    this.dispatch({ type: 'left', branch: number });
  }

  #perform(effect: ServerCallEffect): void {
    const party = this.#parties[effect.branch];
    switch (effect.type) {
      case 'end':
        party?.leg?.command({ type: 'end', why: effect.why });
        return;
      case 'connected':
        party?.features.answered();
        return;
      case 'release':
        party?.features.end();
        party?.record.enter('stop');
        return;
    }
  }

  #enter(state: ServerCallState): void {
    if (state.name === 'gone') return;
    if (state.name === 'start' || state.name === 'hold') this.records[state.branch]?.enter(state.name);
    this.#tell(state.name);
  }

  #tell(state: ServerCallState['name']): void {
    const [record] = this.records;
    this.parts.logger.info(() => `Call ${record?.from} to ${record?.to} (${record?.type}): ${state}`, {
      id: shortId(record?.sessionId ?? ''),
    });
  }
}
