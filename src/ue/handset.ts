/**
 * A simulated handset: a SIP user agent over real sockets, with a SIM or a password, that registers, calls, is called and
 * sends audio. Flow tests and `lteims ue` use it; with a clock and randomness of their own, tests decide its time.
 *
 *     const alice = await Handset.fromUser(user, { server, domain }, { net, clock, random });
 *     const { status, steps } = await alice.register();       // walks 401s; steps say how each was answered
 *     const call = await alice.call('tel:1235');               // the INVITE is out; 407 is answered by itself
 *     const incoming = await bob.nextCall();
 *     incoming.ring();            await call.ringing();
 *     incoming.answer();          await call.answered();
 *     call.media.burst(10);       await incoming.media.heard(10);
 *     await call.hangUp();        const { by, why } = await incoming.ended();
 *     await alice.journal.expectRequest('NOTIFY');             // the oldest not asked for before, or the next
 *     alice.close();
 *
 * What is awaited rejects in words when it does not happen within `patienceMs` of real time. Statuses 408 and 503 without
 * a `response` mean that none came, or that the request could not be sent.
 */
import type { UserSettings } from '../config/settings/user.ts';
import { type Endpoint, printEndpoint } from '../core/endpoint.ts';
import type { AssociationSet } from '../ipsec/association-set.ts';
import { header } from '../sip/message/build.ts';
import { ACCEPT } from '../sip/message/header-types.ts';
import type { Request } from '../sip/message/message.ts';
import { Params } from '../sip/message/params.ts';
import { SipError } from '../sip/message/sip-error.ts';
import type { ServerTransaction } from '../sip/transaction/user.ts';
import { Agent, type Outcome } from './agent.ts';
import type { Call } from './call.ts';
import type { AuthenticationStep } from './challenge-walk.ts';
import { identityOfUser } from './handset-user.ts';
import { Inbox } from './inbox.ts';
import { IncomingCall } from './incoming-call.ts';
import type { Journal } from './journal.ts';
import { localAddressFor } from './local-address.ts';
import type { Sound } from './media.ts';
import type { HandsetOptions, HandsetParts } from './options.ts';
import { type CallOptions, OutgoingCall } from './outgoing-call.ts';
import { type RegisterOptions, type RegisterResult, Registration } from './registration.ts';
import type { RequestParts } from './requests.ts';
import { Session } from './session.ts';
import { type Notification, type SubscribeOptions, Subscription } from './subscription.ts';

/** What a user's entry does not say about its handset. */
export interface UserHandsetOptions extends Partial<Omit<HandsetOptions, 'domain' | 'server'>> {
  readonly server: Endpoint;
  /** Domain of users that have none of their own. */
  readonly domain: string;
}

/** What becomes of calls that nobody answers by hand. */
export interface AutoAnswer {
  /** Played once the call is answered. */
  readonly sound: Sound;
  /** Whether 180 comes before 200. Default true. */
  readonly ring?: boolean;
}

export class Handset {
  /** Everything sent and received, and `expect`. */
  readonly journal: Journal;
  readonly registration: Registration;
  /** The calls that are not over. */
  readonly calls = new Set<Call>();
  /** Told of each call that comes, before `autoAnswer` looks at it. */
  onCall: ((call: IncomingCall) => void) | undefined;
  autoAnswer: AutoAnswer | undefined;
  readonly #agent: Agent;
  readonly #incoming: Inbox<IncomingCall>;

  /** Rejects with an Error in words when it cannot listen. @throws MalformedError for a wrong key or URI. */
  static async open(options: HandsetOptions, parts: HandsetParts): Promise<Handset> {
    return new Handset(await Agent.open(options, parts));
  }

  /** The handset of an entry of ue_db, on an address of this machine that suits the server's unless `local` is given. */
  static async fromUser(user: UserSettings, options: UserHandsetOptions, parts: HandsetParts): Promise<Handset> {
    const { server, domain } = options;
    const local = options.local ?? { address: localAddressFor(server.address, parts.net) ?? server.address, port: 0 };
    const own = identityOfUser(user, domain);
    return Handset.open({ ...own, ...options, domain: own.domain, local }, parts);
  }

  private constructor(agent: Agent) {
    this.#agent = agent;
    this.journal = agent.journal;
    this.#incoming = new Inbox(agent.patience);
    this.registration = new Registration(agent);
    agent.onRequest = (transaction) => this.#onRequest(transaction);
  }

  get options(): HandsetOptions {
    return this.#agent.options;
  }

  /** Where it listens for SIP: its protected port while it has security associations. */
  get local(): Endpoint {
    return this.#agent.flow.local;
  }

  /** The highest SQN its card has accepted; undefined without a card. */
  get sqn(): number | undefined {
    return this.#agent.answers.usim?.sqnMs;
  }

  register(options?: RegisterOptions): Promise<RegisterResult> {
    return this.registration.register(options);
  }

  deregister(options?: RegisterOptions): Promise<RegisterResult> {
    return this.registration.deregister(options);
  }

  /** One REGISTER without any answer to a challenge; see Registration.send. */
  sendRegister(options?: RegisterOptions): Promise<RegisterResult> {
    return this.registration.send(options);
  }

  /**
   * Subscribes to the registration's state, or to another event. A NOTIFY that says the network ended our contact ends
   * the registration, or begins it again when the network asks for that (TS 24.229 §5.1.1.7).
   */
  async subscribe(options: SubscribeOptions = {}): Promise<{ outcome: Outcome; subscription: Subscription }> {
    const subscription = new Subscription(this.#agent, options);
    subscription.onNotify = (notification) => this.#onNotify(notification);
    return { outcome: await subscription.subscribe(), subscription };
  }

  /** Sends INVITE. @param dialled a URI, or a number or name of the home domain. */
  async call(dialled: string, options: CallOptions = {}): Promise<OutgoingCall> {
    const session = await Session.open(this.#agent);
    const uri = this.#agent.requests.target(dialled);
    const call = new OutgoingCall(this.#agent, session, uri, options, (over) => this.calls.delete(over));
    this.calls.add(call);
    call.start();
    return call;
  }

  /** The oldest call that came and was not given before, or the next to come. */
  nextCall(): Promise<IncomingCall> {
    return this.#incoming.next('no call came');
  }

  /** A request outside dialogs (OPTIONS, MESSAGE, PUBLISH, …), its challenges answered. */
  request(
    method: string,
    uri: string,
    parts: RequestParts & { edit?: (request: Request) => void } = {},
  ): Promise<Outcome> {
    const { requests } = this.#agent;
    const sequence = requests.sequence();
    return this.#agent.exchange(() => {
      const request = requests.next(method, uri, sequence, parts);
      parts.edit?.(request);
      return request;
    });
  }

  /** Any request as it is, in one transaction; challenges are not answered. */
  send(request: Request): Promise<Outcome> {
    return this.#agent.exchange(() => request, { answering: false });
  }

  /** Sees each request before the handset does; true says that `intercept` has answered, or will. */
  set intercept(intercept: ((transaction: ServerTransaction) => boolean) | undefined) {
    this.#agent.intercept = intercept;
  }

  /** Told of each set of security associations that was set up. */
  set onSet(onSet: ((set: AssociationSet) => void) | undefined) {
    if (this.#agent.security !== undefined) this.#agent.security.onSet = onSet;
  }

  /** Told of each challenge and its answer, before the answer is sent. */
  set onStep(onStep: ((step: AuthenticationStep) => void) | undefined) {
    this.#agent.onStep = onStep;
  }

  /** Resolves, once it was closed, when the kernel has forgotten its security associations. */
  get released(): Promise<void> {
    return this.#agent.released;
  }

  /** Closes everything at once; nothing is sent. */
  close(): void {
    this.registration.close();
    for (const call of [...this.calls]) call.abandon();
    this.#agent.close();
  }

  #onRequest(transaction: ServerTransaction): void {
    const { request } = transaction;
    const { allow } = this.#agent.requests;
    switch (request.method) {
      case 'INVITE':
        this.#onInvite(transaction).catch((error: unknown) => {
          const status = error instanceof SipError ? error.status : 500;
          transaction.respond(this.#agent.response(request, status));
        });
        break;
      case 'OPTIONS': {
        const sdp = header(ACCEPT, { value: 'application/sdp', params: Params.none });
        transaction.respond(this.#agent.response(request, 200, { headers: [allow, sdp] }));
        break;
      }
      case 'MESSAGE':
        transaction.respond(this.#agent.response(request, 200));
        break;
      case 'NOTIFY':
      case 'BYE':
        throw new SipError(481, `${request.method} outside a dialog`);
      default:
        transaction.respond(this.#agent.response(request, 405, { headers: [allow] }));
    }
  }

  async #onInvite(transaction: ServerTransaction): Promise<void> {
    // The caller may give up while the media port is opened.
    transaction.onCancel = () => transaction.respond(this.#agent.response(transaction.request, 487));
    const session = await Session.open(this.#agent);
    if (transaction.answered || this.#agent.closed) {
      session.close();
      return;
    }
    let call: IncomingCall;
    try {
      call = new IncomingCall(this.#agent, session, transaction, (over) => this.calls.delete(over));
    } catch (error) {
      session.close();
      throw error;
    }
    this.calls.add(call);
    this.#incoming.put(call);
    this.onCall?.(call);
    this.#answerByItself(call);
  }

  #answerByItself(call: IncomingCall): void {
    if (this.autoAnswer === undefined || call.over) return;
    const { sound, ring = true } = this.autoAnswer;
    if (ring) call.ring();
    call.answer();
    if (!call.over) call.media.play(sound);
  }

  #onNotify({ info }: Notification): void {
    const ours = info?.registrations.flatMap(({ contacts }) => contacts).filter(({ uri }) => this.#isOurs(uri)) ?? [];
    const ended = ours.find(({ state }) => state === 'terminated');
    if (ended === undefined || ours.some(({ state }) => state === 'active')) return;
    if (['deactivated', 'rejected', 'probation'].includes(ended.event)) {
      this.registration.ended(ended.event === 'deactivated');
    }
  }

  #isOurs(uri: string): boolean {
    return uri.includes(`@${printEndpoint(this.local)}`) || uri.startsWith(`sip:${printEndpoint(this.local)}`);
  }
}
