/** One Rx session (TS 29.214 §4.4): performs the effects of rx-machine.ts. */
import type { Clock } from '../core/clock.ts';
import { MalformedError } from '../core/errors.ts';
import type { Logger } from '../core/logger.ts';
import { Machine } from '../core/machine.ts';
import { accessNetworkInfo } from './access-network.ts';
import type { Avp } from './avp.ts';
import { applicationOf } from './capabilities.ts';
import { RESULT, RX } from './command.ts';
import { avp, find, findAll, need, type Value } from './dictionary.ts';
import type { Peer } from './peer.ts';
import type { Outcome } from './requests.ts';
import { isSuccess, printResult, resultOf } from './routing.ts';
import { type RxContext, type RxEffect, type RxEvent, type RxState, rxMachine } from './rx-machine.ts';
import { isSameMedia, type MediaComponent, mediaComponent } from './rx-media.ts';

export type Media = readonly MediaComponent[];

/** For whom a session is. */
export interface RxSubject {
  /** Four hexadecimal digits: how the log names the call. */
  readonly call: string;
  /** IMPI, or the address of a stranger. */
  readonly user: string;
  /** The handset's address. */
  readonly address: string;
  readonly imsi?: string;
  /** A SIP URI of its user. */
  readonly identity?: string;
  /** Of emergency calls: the service after `urn:service:` (TS 29.214 §5.3.23). */
  readonly emergency?: string;
}

/** What a session tells whoever wants it. */
export interface RxUser {
  /** The PCRF has been asked; it has agreed; nothing is reserved. */
  onState(state: 'reserving' | 'reserved' | 'none'): void;
  /** It refused what was wanted last, or could not be asked. */
  onFailed(why: string): void;
  /** Bearers are gone or could not be set up. `failed`: before they ever stood. */
  onLost(why: string, failed: boolean): void;
}

export interface RxParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly peer: Peer;
}

const IMS_COMMUNICATION = 'urn:urn-7:3gpp-service.ims.icsi.mmtel';

/** What the PCRF shall tell of by itself (TS 29.214 §5.3.13). */
const ACTIONS = [
  'INDICATION_OF_LOSS_OF_BEARER',
  'INDICATION_OF_RECOVERY_OF_BEARER',
  'INDICATION_OF_RELEASE_OF_BEARER',
  'IP-CAN_CHANGE',
  'INDICATION_OF_SUCCESSFUL_RESOURCES_ALLOCATION',
  'INDICATION_OF_FAILED_RESOURCES_ALLOCATION',
  'ACCESS_NETWORK_INFO_REPORT',
] as const;

/** The PCRF is owed an STR as long as it is likely to keep the bearers. */
const GIVE_UP_MS = 10 * 60_000;
const RETRY_MS = 30_000;

const LOSSES: { readonly [action in Value<'Specific-Action'>]?: string } = {
  INDICATION_OF_LOSS_OF_BEARER: 'loss of bearer',
  INDICATION_OF_RELEASE_OF_BEARER: 'release of bearer',
  INDICATION_OF_FAILED_RESOURCES_ALLOCATION: 'resource allocation failed',
};

/** Abort-Cause in words (TS 29.214 §5.3.1). */
const ABORTS: { readonly [cause in Value<'Abort-Cause'>]: string } = {
  BEARER_RELEASED: 'bearer released',
  INSUFFICIENT_SERVER_RESOURCES: 'insufficient server resources',
  INSUFFICIENT_BEARER_RESOURCES: 'insufficient bearer resources',
  PS_TO_CS_HANDOVER: 'PS to CS handover',
  SPONSORED_DATA_CONNECTIVITY_DISALLOWED: 'sponsored data connectivity disallowed',
};

/** The bearers of one leg. */
export class RxSession {
  readonly id: string;
  readonly subject: RxSubject;
  readonly #parts: RxParts;
  readonly #user: RxUser;
  readonly #machine: Machine<RxState<Media>, RxEvent<Media>, RxEffect<Media>, RxContext<Media>>;
  #access: string | undefined;
  #reserved = false;
  /** Counts what was asked. */
  #turn = 0;

  constructor(parts: RxParts, id: string, subject: RxSubject, user: RxUser, onGone: () => void) {
    this.#parts = parts;
    this.id = id;
    this.subject = subject;
    this.#user = user;
    const { clock, logger } = parts;
    this.#machine = new Machine(
      rxMachine<Media>(),
      { name: 'none', doubtful: false },
      clock,
      { isSame: isSameMedia, giveUpMs: GIVE_UP_MS, retryMs: RETRY_MS },
      {
        perform: (effect) => this.#perform(effect),
        onUnexpected: (state, event) => logger.debug(() => `${id} ${state.name}: ${event.type} not expected`),
        onFinal: onGone,
      },
    );
  }

  get state(): RxState<Media>['name'] {
    return this.#machine.state.name;
  }

  /** Nothing more is wanted of the PCRF. */
  get isOver(): boolean {
    return this.state === 'closing' || this.state === 'owed' || this.state === 'closed';
  }

  /** What was asked for last. */
  get media(): Media {
    const { state } = this.#machine;
    return 'sent' in state ? state.sent : [];
  }

  /** P-Access-Network-Info of the handset, made of what the PCRF told. */
  get access(): string | undefined {
    return this.#access;
  }

  /** The leg's media as they are agreed on now, all of them: the PCRF hears of it when they are others than before. */
  want(media: Media): void {
    this.dispatch({ type: 'want', media });
  }

  end(): void {
    this.dispatch({ type: 'end' });
  }

  dispatch(event: RxEvent<Media>): void {
    this.#machine.dispatch(event);
  }

  /** RAR (TS 29.214 §4.4.6). @throws AvpError */
  reauthorized(avps: readonly Avp[]): void {
    this.#learn(avps);
    for (const action of findAll(avps, 'Specific-Action')) {
      if (action === 'INDICATION_OF_SUCCESSFUL_RESOURCES_ALLOCATION') this.#user.onState('reserved');
      if (action === 'INDICATION_OF_RECOVERY_OF_BEARER') this.#user.onState('reserved');
      const what = typeof action === 'string' ? LOSSES[action] : undefined;
      if (what === undefined) continue;
      this.#user.onLost(what, action === 'INDICATION_OF_FAILED_RESOURCES_ALLOCATION');
      return;
    }
  }

  /** ASR (TS 29.214 §4.4.6.1). @throws AvpError */
  aborted(avps: readonly Avp[]): void {
    const cause = need(avps, 'Abort-Cause');
    this.dispatch({ type: 'aborted', why: typeof cause === 'string' ? ABORTS[cause] : `Abort-Cause ${cause}` });
  }

  #perform(effect: RxEffect<Media>): void {
    switch (effect.type) {
      case 'sendAar':
        this.#ask(this.#aar(effect.media, effect.initial));
        return;
      case 'sendStr':
        this.#terminate();
        return;
      case 'reserving':
        this.#user.onState('reserving');
        return;
      case 'reserved':
        this.#reserved = true;
        this.#user.onState('reserved');
        return;
      case 'failed':
        this.#user.onState(this.#reserved ? 'reserved' : 'none');
        this.#user.onFailed(effect.why);
        return;
      case 'lost':
        this.#user.onLost(effect.why, false);
        return;
    }
  }

  #ask(avps: readonly Avp[]): void {
    const turn = ++this.#turn;
    this.#parts.peer.request(RX, 'AA', avps, (outcome) => {
      // The answer to what was asked of a PCRF that has restarted since says nothing.
      if (turn === this.#turn) this.#answered(outcome);
    });
  }

  #session(): readonly Avp[] {
    return [avp('Session-Id', this.id), applicationOf(RX)];
  }

  #aar(media: Media, initial: boolean): readonly Avp[] {
    const { emergency } = this.subject;
    return [
      ...this.#session(),
      avp('AF-Application-Identifier', Buffer.from(IMS_COMMUNICATION)),
      ...media.map(mediaComponent),
      avp('Service-Info-Status', 'FINAL_SERVICE_INFORMATION'),
      ...(initial ? this.#introduction() : []),
      ...(emergency === undefined ? [] : [avp('Service-URN', Buffer.from(emergency))]),
      avp('Rx-Request-Type', initial ? 'INITIAL_REQUEST' : 'UPDATE_REQUEST'),
    ];
  }

  /** What is said once: who it is, and what is to be told of. */
  #introduction(): readonly Avp[] {
    const { address, imsi, identity } = this.subject;
    const name = (type: Value<'Subscription-Id-Type'>, data: string | undefined) =>
      data === undefined
        ? []
        : [avp('Subscription-Id', [avp('Subscription-Id-Type', type), avp('Subscription-Id-Data', data)])];
    return [
      ...ACTIONS.map((action) => avp('Specific-Action', action)),
      ...name('END_USER_IMSI', imsi),
      ...name('END_USER_SIP_URI', identity),
      // TS 29.214 §4.4.1: of IPv6 the whole address.
      address.includes(':')
        ? avp('Framed-IPv6-Prefix', `${address.split('%')[0]}/128`)
        : avp('Framed-IP-Address', address),
      avp('Required-Access-Info', 'USER_LOCATION'),
    ];
  }

  #answered(outcome: Outcome): void {
    if ('unreachable' in outcome) {
      this.dispatch({ type: 'refused', why: outcome.unreachable, unknown: false, unheard: outcome.sent });
      return;
    }
    const { answer } = outcome;
    try {
      const result = resultOf(answer);
      if (isSuccess(result)) {
        this.#learn(answer.avps);
        this.dispatch({ type: 'granted' });
        return;
      }
      const unknown = !result.experimental && result.code === RESULT.DIAMETER_UNKNOWN_SESSION_ID;
      this.dispatch({ type: 'refused', why: printResult(answer), unknown, unheard: false });
    } catch (error) {
      if (!(error instanceof MalformedError)) throw error;
      this.dispatch({
        type: 'refused',
        why: `its answer cannot be used: ${error.message}`,
        unknown: false,
        unheard: true,
      });
    }
  }

  #terminate(): void {
    const avps = [...this.#session(), avp('Termination-Cause', 'DIAMETER_LOGOUT')];
    this.#parts.peer.request(RX, 'Session-Termination', avps, (outcome) =>
      this.dispatch({ type: 'ended', heard: 'answer' in outcome }),
    );
  }

  /** @throws AvpError */
  #learn(avps: readonly Avp[]): void {
    const access = accessNetworkInfo(avps);
    if (access === undefined || access === this.#access) return;
    this.#access = access;
    this.#parts.logger.info(() => `${this.subject.address}: ${find(avps, 'IP-CAN-Type') ?? 'access'} ${access}`);
  }
}
