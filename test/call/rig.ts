/**
 * A B2BUA between phones that a test plays message by message: real transactions, dialogs, services and P-CSCF, a
 * clock that stands still, and media ports that are only counted.
 */
import assert from 'node:assert/strict';
import { setImmediate } from 'node:timers/promises';
import { B2bua } from '../../src/call/b2bua.ts';
import type { CallFeature } from '../../src/call/feature.ts';
import { AnchoredMediaFeature } from '../../src/call/media.ts';
import { PreconditionFeature } from '../../src/call/preconditions.ts';
import type { Flow } from '../../src/core/flow.ts';
import { type Logger, silent } from '../../src/core/logger.ts';
import { systemRandom } from '../../src/core/random.ts';
import { Pcscf } from '../../src/ims/pcscf.ts';
import { newCounters } from '../../src/rtp/media-channel.ts';
import type { MediaPlace } from '../../src/rtp/media-end.ts';
import { PortsExhausted } from '../../src/rtp/port-pool.ts';
import type { MediaRelay } from '../../src/rtp/relay.ts';
import { Directory } from '../../src/services/directory.ts';
import { offerOf } from '../../src/services/mt-call.ts';
import { ueCall } from '../../src/services/ue-call.ts';
import { Dialogs } from '../../src/sip/dialog/dialogs.ts';
import type { SessionTimerOptions } from '../../src/sip/dialog/session-timer.ts';
import { responseTo } from '../../src/sip/message/build.ts';
import { TO, tagOf } from '../../src/sip/message/header-types.ts';
import type { Message, Request } from '../../src/sip/message/message.ts';
import { SipError } from '../../src/sip/message/sip-error.ts';
import { parseUri } from '../../src/sip/message/uri.ts';
import { TransactionLayer } from '../../src/sip/transaction/layer.ts';
import type { ServerTransaction } from '../../src/sip/transaction/user.ts';
import { type Binding, Registrations } from '../../src/store/registrations.ts';
import { type Identity, makeIdentity, type Subscriber, Subscribers } from '../../src/store/subscribers.ts';
import { FakeWire } from '../sip/transaction/bed.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { Phone } from './phone.ts';

export const T1_MS = 500;
export const NO_ANSWER_MS = 60_000;
const OUR_ADDRESS = '192.0.2.1';

export class Rig {
  readonly clock = new FakeClock();
  readonly wire = new FakeWire();
  readonly dialogs = new Dialogs();
  readonly subscribers = new Subscribers();
  readonly registrations = new Registrations();
  readonly relay = new FakeRelay();
  readonly bugs: string[] = [];
  readonly layer: TransactionLayer;
  readonly b2bua: B2bua;
  readonly #phones: Phone[] = [];

  /** @param features what takes part in calls besides the media relay. */
  constructor(features: readonly CallFeature[] = [], sessionTimer: SessionTimerOptions = { duration: 3600 }) {
    const { clock, dialogs, registrations, subscribers } = this;
    const random = systemRandom();
    const directory = new Directory({ subscribers, echo: [], emergencyNumbers: [] });
    const timers = { t1Ms: T1_MS, t2Ms: 4000, t4Ms: 5000 };
    const bug = (text: string | (() => string)) => void this.bugs.push(typeof text === 'string' ? text : text());
    const logger: Logger = { ...silent, error: bug };
    this.layer = new TransactionLayer({
      wire: this.wire,
      clock,
      random,
      timers,
      logger,
      user: {
        onRequest: (transaction) => this.#onRequest(transaction),
        onAck: (request, flow) => dialogs.find(request)?.onAck?.(request, flow),
        onStrayResponse() {},
      },
    });
    this.b2bua = new B2bua({
      clock,
      random,
      logger: { ...logger, error: (text) => /call refused/.test(String(text)) || bug(text) },
      transactions: this.layer,
      dialogs,
      handsets: new Pcscf({ pCalledPartyId: true }),
      timers,
      sessionTimer,
      callTimers: { t1Ms: T1_MS, noAnswerMs: NO_ANSWER_MS },
      features: [
        new PreconditionFeature({ offered: false }),
        new AnchoredMediaFeature({
          relay: this.relay as unknown as MediaRelay,
          random,
          clock,
          logger: silent,
          silenceMs: () => 0,
        }),
        ...features,
      ],
    });
    this.#services = [ueCall({ b2bua: this.b2bua, directory, registrations, ownOffer: offerOf(undefined) })];
  }

  readonly #services;

  /**
   * A registered phone.
   * @param uris of the user; the first is the one it is asserted as.
   */
  phone(uris: readonly string[], address: string, subscriber: Subscriber = this.subscriber(uris)): Phone {
    const flow: Flow = {
      transport: 'UDP',
      local: { address: OUR_ADDRESS, port: 5060 },
      remote: { address, port: 5060 },
    };
    const phone = new Phone(this, subscriber, flow);
    const binding: Binding = {
      id: 'beef',
      subscriber,
      contact: phone.contact,
      instance: undefined,
      q: 1,
      identity: phone.identity,
      callId: 'registration',
      cseq: 1,
      expiresAt: Number.POSITIVE_INFINITY,
      registeredAt: 0,
      event: 'registered',
      flow,
      path: [],
      userAgent: undefined,
      features: { video: false, sms: false, mmtel: true },
    };
    this.#phones.push(phone);
    this.registrations.change({ subscriber, removed: [], bound: [binding] });
    return phone;
  }

  /** A user. @param identity what is set for its identities. */
  subscriber(uris: readonly string[], identity: Partial<Identity> = {}, more: Partial<Subscriber> = {}): Subscriber {
    const subscriber: Subscriber = {
      impi: uris[0] ?? '',
      domain: 'ims.test',
      level: 'none',
      sqn: 0,
      qop: 'auth',
      authOnRegisterOnly: true,
      ipsecRequired: false,
      multiSim: true,
      forceSmsOverSgs: false,
      identities: uris.map((uri) =>
        makeIdentity({
          uri: parseUri(uri),
          anonymous: false,
          authentication: true,
          ringOnly: false,
          reliableProvisional: true,
          ...identity,
        }),
      ),
      ...more,
    };
    this.subscribers.add(subscriber);
    return subscriber;
  }

  receive(message: Message, flow: Flow): void {
    this.layer.receive(message, flow);
  }

  /** Lets what waits for media ports go on. */
  async settle(): Promise<void> {
    await setImmediate();
  }

  /** Runs every timer out and checks that nothing is left anywhere. */
  finish(): void {
    this.clock.advance(400_000);
    assert.deepEqual(this.bugs, []);
    assert.deepEqual(
      {
        calls: this.b2bua.size,
        dialogs: this.dialogs.size,
        streams: this.relay.open,
        timers: this.clock.waiting,
        ...this.layer.counts(),
      },
      { calls: 0, dialogs: 0, streams: 0, timers: 0, client: 0, server: 0 },
    );
  }

  #onRequest(transaction: ServerTransaction): void {
    const { request, flow } = transaction;
    try {
      const usage = this.dialogs.find(request);
      if (usage !== undefined) usage.onRequest(transaction);
      else if (tagOf(request.headers.get(TO)) !== undefined) throw new SipError(481, 'no such dialog');
      else this.#serve(transaction, request, flow);
    } catch (error) {
      if (!(error instanceof SipError)) throw error;
      transaction.respond(error.applyTo(responseTo(request, error.status, { toTag: 'refused', reason: error.reason })));
    }
  }

  #serve(transaction: ServerTransaction, request: Request, flow: Flow): void {
    const phone = this.#phones.find((one) => one.flow.remote.address === flow.remote.address);
    assert(phone !== undefined);
    const { subscriber, identity } = phone;
    const incoming = { transaction, called: parseUri(request.uri), originator: { subscriber, identity } };
    this.#services.find((service) => service.matches(incoming))?.handle(incoming);
  }
}

/** Counts the streams that are open and notes where media would go. */
export class FakeRelay {
  open = 0;
  /** Streams that may still be opened. */
  free = 1000;
  #gate: Promise<void> | undefined;
  readonly targets: (string | undefined)[] = [];
  #nextPort = 10_000;

  /** Lets opening wait until what this returns is called. */
  shut(): () => void {
    let open = () => {};
    this.#gate = new Promise((resolve) => {
      open = resolve;
    });
    return open;
  }

  async openStream({ address: a }: MediaPlace, { address: b }: MediaPlace) {
    await this.#gate;
    if (this.free === 0) throw new PortsExhausted({ address: a, portMin: 0, portMax: 0 }, 0, 0);
    this.free--;
    this.open++;
    let closed = false;
    const end = (address: string) => {
      const rtpPort = this.#nextPort;
      this.#nextPort += 2;
      return {
        address,
        rtpPort,
        rtcpPort: rtpPort + 1,
        rtp: newCounters(),
        rtcp: newCounters(),
        setRemote: (remote?: { readonly address: string; readonly rtpPort: number }) => {
          this.targets.push(remote && `${remote.address}:${remote.rtpPort}`);
        },
      };
    };
    const close = () => {
      if (closed) return;
      closed = true;
      this.open--;
      this.free++;
    };
    return { a: end(a), b: end(b), lastActivityAt: () => 0, close };
  }
}
