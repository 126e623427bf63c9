import { associationRows } from './association-rows.ts';
import { B2bua } from './call/b2bua.ts';
import { AnchoredMediaFeature } from './call/media.ts';
import { PreconditionFeature } from './call/preconditions.ts';
import { RxFeature } from './call/rx-feature.ts';
import type { Settings } from './config/settings.ts';
import type { Actions } from './control/actions.ts';
import type { Clock } from './core/clock.ts';
import type { Endpoint } from './core/endpoint.ts';
import type { Random } from './core/random.ts';
import { dialogRows } from './dialog-rows.ts';
import { Rx } from './diameter/rx.ts';
import { diameterPeers, peerRow, rxSessionRows } from './diameter-peers.ts';
import { ASSOCIATION_SETS, keptSets } from './ims/association-table.ts';
import { type Access, Authenticator } from './ims/authenticator.ts';
import { Challenges } from './ims/challenge.ts';
import { committed } from './ims/committed.ts';
import { CxHss } from './ims/cx-hss.ts';
import { DigestAuthentication } from './ims/digest-authentication.ts';
import { HssOfUser, LocalHss } from './ims/hss.ts';
import { Icscf } from './ims/icscf.ts';
import { dresser } from './ims/outbound-headers.ts';
import { OutsideUsers } from './ims/outside-users.ts';
import { Pcscf } from './ims/pcscf.ts';
import { ProtectedBindings } from './ims/protected-bindings.ts';
import { RegEvent } from './ims/reg-event.ts';
import { Router } from './ims/router.ts';
import { Registrar } from './ims/scscf.ts';
import { SecurityAgreements } from './ims/sec-agree.ts';
import { subscriptionTable } from './ims/subscription-table.ts';
import { ToTags } from './ims/to-tags.ts';
import { Associations } from './ipsec/associations.ts';
import type { Log } from './log/log.ts';
import { sgsapLogTap, sipLogTap } from './log/tap-log.ts';
import { mtCaller, ownOffers } from './mt-caller.ts';
import type { Kernel, Net, SctpListener, SctpNet } from './net/ports.ts';
import {
  creatorOf,
  echoIdentities,
  messageLimits,
  outsiderOf,
  portRanges,
  smsFaultOptions,
  socketOptions,
  streamOptions,
  subscriberOf,
  vlrName,
} from './options.ts';
import { MediaRelay } from './rtp/relay.ts';
import { type Called, Directory } from './services/directory.ts';
import { services } from './services/index.ts';
import type { Template } from './services/mt-call.ts';
import { PageMode } from './services/page-mode.ts';
import { ServiceCentre } from './services/service-centre.ts';
import { SmsDelivery } from './services/sms-delivery.ts';
import { SmsFaults } from './services/sms-faults.ts';
import { SmsOutbox } from './services/sms-outbox.ts';
import { SmsOverIms } from './services/sms-over-ims.ts';
import { SmsOverSgs } from './services/sms-over-sgs.ts';
import { Vlr } from './sgsap/vlr.ts';
import { Dialogs } from './sip/dialog/dialogs.ts';
import type { Request } from './sip/message/message.ts';
import { TransactionLayer } from './sip/transaction/layer.ts';
import { SipTransport } from './sip/transport/transport.ts';
import { tpAddress } from './sms/address.ts';
import { rpAddress } from './sms/rp.ts';
import { textParts } from './sms/text.ts';
import { bindingTable, restoreBindings } from './store/binding-table.ts';
import { OUTSIDE_USERS } from './store/outside-table.ts';
import { noPersistence } from './store/persistence.ts';
import { type Binding, Registrations } from './store/registrations.ts';
import { LAST_REFERENCES, ShortMessages, shortMessageTable } from './store/short-messages.ts';
import { openStateFile } from './store/state-file/open.ts';
import {
  CREATED_USERS,
  restoreCreatedUsers,
  restoreSequenceNumbers,
  SEQUENCE_NUMBERS,
} from './store/subscriber-tables.ts';
import { Subscribers } from './store/subscribers.ts';
import { userRows } from './user-rows.ts';

/** What the server is built on; tests give a clock and randomness of their own. */
export interface ServerParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly net: Net & SctpNet;
  /** Where security associations are made; without it there is no IPsec. */
  readonly kernel?: Kernel;
  readonly log: Log;
  /** Reads a file named by a command, relative to the configuration. Throws when that cannot be. */
  readonly readFile: (name: string) => Template;
  /** Told of everything thrown that should not have been. */
  readonly onBug: (error: unknown) => void;
  /** Asked by the command `quit`: ends the daemon. */
  readonly quit: () => void;
}

/** Live things of each kind, all 0 in a server nobody uses. */
export interface Counts {
  readonly bindings: number;
  readonly subscriptions: number;
  readonly dialogs: number;
  readonly calls: number;
  readonly transactions: number;
  /** Media streams of the relay. */
  readonly streams: number;
  /** Challenges that may still be answered. */
  readonly challenges: number;
  /** Short messages that wait. */
  readonly messages: number;
  /** Sessions with the PCRF. */
  readonly rxSessions: number;
}

export interface Server {
  /** Why phones get no security associations although they should, in words. */
  readonly withoutIpsec?: string;
  readonly actions: Actions;
  /** Where SIP is listened on now. */
  readonly listening: readonly Endpoint[];
  /** Where MMEs connect, and over which SCTP. */
  readonly sgs?: Pick<SctpListener, 'local' | 'stack'>;
  /** Why they cannot although they should, in words. */
  readonly withoutSgs?: string;
  counts(): Counts;
  /** Takes over those settings that may change while the server runs. */
  configure(settings: Settings): void;
  /** Ends calls, then closes everything. */
  stop(): Promise<void>;
}

/** Handsets get this long to answer the BYEs of a server that stops. */
const FAREWELL_MS = 1000;
/** A callee may ring this long. RFC 3261 §16.6 step 11 wants more than three minutes. */
const NO_ANSWER_MS = 190_000;

/**
 * The composition root: builds and connects every part, in the order data flows from the network to calls.
 * Rejects with an Error in words when an address cannot be listened on.
 */
export async function startServer(settings: Settings, version: string, parts: ServerParts): Promise<Server> {
  const { clock, random, net, log, onBug } = parts;
  const ims = log.logger('ims');
  const t1Ms = settings.timer_t1 * 1000;
  const timers = { t1Ms, t2Ms: settings.timer_t2 * 1000, t4Ms: settings.timer_t4 * 1000 };

  const path = settings.ue_db_filename;
  const defer = (run: () => void) => void setImmediate(run);
  const state = path === undefined ? noPersistence : await openStateFile(path, { clock, logger: ims, onBug, defer });
  const bindings = state.table(bindingTable(clock));
  const sequenceNumbers = state.table(SEQUENCE_NUMBERS);
  const created = state.table(CREATED_USERS);
  const associationSets = state.table(ASSOCIATION_SETS);

  const subscribers = new Subscribers();
  for (const user of settings.ue_db) subscribers.add(subscriberOf(user, settings));
  const registrations = new Registrations(bindings);
  const dialogs = new Dialogs();

  const associations =
    settings.ipsec && parts.kernel !== undefined
      ? new Associations({
          clock,
          random,
          kernel: parts.kernel,
          logger: log.logger('ipsec'),
          t1Ms,
          keep: associationSets,
          onRemoved: (set) => transport.removed(set),
          onLost: (association) => protectedBindings.lost(association),
        })
      : undefined;
  const withoutIpsec = await associations?.start();
  const protection = withoutIpsec === undefined ? associations : undefined;
  if (protection === undefined && [...subscribers.all()].some(({ ipsecRequired }) => ipsecRequired)) {
    state.close();
    throw new Error(`ipsec_required demands IPsec: ${withoutIpsec ?? 'set ipsec to true'}`);
  }

  const dress = dresser(settings.user_agent ?? `lteims/${version}`, settings.custom_headers);
  const transport = new SipTransport(
    { net, clock, log: log.logger('sip'), tap: sipLogTap(log), dress, onBug, ...(protection && { protection }) },
    {
      sockets: socketOptions(settings),
      tcpThreshold: settings.tcp_threshold,
      limits: messageLimits(settings),
      streams: streamOptions(settings),
    },
  );
  const transactions = new TransactionLayer({
    wire: committed(transport, state),
    clock,
    random,
    timers,
    logger: log.logger('sip'),
    // The router needs the transactions to send, so it is built after them.
    user: {
      onRequest: (transaction) => router.onRequest(transaction),
      onAck: (request, flow) => router.onAck(request, flow),
      onStrayResponse: (response) => router.onStrayResponse(response),
    },
  });

  const peers = diameterPeers(settings, `lteims/${version}`, { net, clock, random, log });
  const outsider = outsiderOf(settings);
  const outsideUsers =
    outsider && new OutsideUsers({ logger: ims, subscribers, table: state.table(OUTSIDE_USERS), create: outsider });

  const handsets = new Pcscf({ pCalledPartyId: settings.p_called_party_id });
  const create = creatorOf(settings);
  const icscf = new Icscf(subscribers, {
    domains: [settings.domain, ...settings.domain_aliases],
    created,
    ...(create !== undefined && { create }),
    ...(outsideUsers !== undefined && { outside: outsideUsers }),
  });
  const localHss = new LocalHss({
    clock,
    random,
    sequenceNumbers,
    onResynchronised: ({ impi }, from, to) => {
      ims.info(`${impi}: SQN out of range, resynchronised from ${hex(from)} to ${hex(to)}`);
    },
  });
  const cxHss =
    peers.cx &&
    outsideUsers &&
    new CxHss(
      {
        clock,
        logger: log.logger('cx'),
        peer: peers.cx,
        users: outsideUsers,
        subscribers,
        registrations,
        deregister: (bindings, event) => registrar.deregister(bindings, event),
      },
      { serverName: `sip:${settings.cx_origin_host}`, visitedNetwork: settings.domain },
    );
  const hss = cxHss === undefined ? localHss : new HssOfUser(localHss, cxHss);
  const isOurs = (endpoint: Endpoint) => transport.isOurs(endpoint);
  const toTags = new ToTags(random);
  const challenges = new Challenges(clock, random);
  const digest = new DigestAuthentication({ logger: ims, challenges, hss });
  const agreements = new SecurityAgreements(
    { logger: log.logger('ipsec'), ...(protection && { associations: protection }) },
    { integrity: settings.ipsec_aalg_list, encryption: settings.ipsec_ealg_list },
  );
  const authenticator = new Authenticator({ agreements, digest, icscf, registrations });
  const registrar = new Registrar(
    { clock, isOurs, toTags, logger: ims, registrations, handsets },
    { bindingExpires: settings.binding_expires },
  );
  const regEvent = new RegEvent(
    {
      clock,
      random,
      logger: ims,
      transactions,
      dialogs,
      handsets,
      registrations,
      subscriptions: state.table(subscriptionTable(clock)),
    },
    { subscribeExpires: settings.subscribe_expires },
  );

  const directory = new Directory({
    subscribers,
    echo: echoIdentities(settings),
    emergencyNumbers: settings.emergency_numbers,
  });
  const relay = new MediaRelay({
    net,
    clock,
    random,
    logger: log.logger('media'),
    ranges: portRanges(settings),
    sockets: () => transport.places,
  });
  const offers = ownOffers(settings);
  const rx = peers.rx && new Rx({ clock, logger: log.logger('rx'), peer: peers.rx });
  const rxFeature = rx && new RxFeature(rx, log.logger('rx'), { required: settings.rx_required });
  const b2bua = new B2bua({
    clock,
    random,
    logger: ims,
    transactions,
    dialogs,
    handsets,
    timers,
    sessionTimer: settings.session_expires,
    callTimers: { t1Ms, noAnswerMs: NO_ANSWER_MS },
    features: [
      ...(rxFeature === undefined ? [] : [rxFeature.heard]),
      new PreconditionFeature({ offered: settings.precondition }),
      new AnchoredMediaFeature({
        relay,
        random,
        clock,
        logger: log.logger('media'),
        silenceMs: () => settings.dialog_timeout * 1000,
      }),
      ...(rxFeature === undefined ? [] : [rxFeature.told]),
    ],
  });

  const messages = new ShortMessages({
    messages: state.table(shortMessageTable(clock)),
    references: state.table(LAST_REFERENCES),
  });
  const toTag = (request: Request) => toTags.of(request);
  const expectChange = () => state.expectChange();
  const messageParts = { random, transactions, handsets, registrations, toTag, expectChange };
  const smsOverIms = new SmsOverIms({ ...messageParts, logger: ims });
  const pageMode = new PageMode({ ...messageParts, subscribers });
  const faults = new SmsFaults(smsFaultOptions(settings));
  const sgs = settings.sctp_addr && sgsOf(settings.sctp_addr);
  // By IMS where the handset takes it there, then over SGs, then as text for softphones.
  const bearers = [smsOverIms, ...(sgs === undefined ? [] : [sgs.bearer]), pageMode];
  const delivery = new SmsDelivery(
    { clock, logger: ims, messages, bearers },
    {
      retryMs: settings.sms_retry_delay * 1000,
      centre: rpAddress(settings.sms_centre_address),
      repetitionMs: timers.t2Ms + 2 * t1Ms,
    },
  );
  const outbox = new SmsOutbox(
    { clock, logger: ims, subscribers, messages, delivery },
    { expiresMs: settings.sms_expires * 1000, zoneMinutes },
  );
  const centre = new ServiceCentre({ clock, logger: ims, subscribers, messages, delivery, outbox, faults });
  smsOverIms.uplink = centre;
  if (sgs !== undefined) sgs.bearer.centre = centre;
  pageMode.centre = centre;

  const router = new Router({
    isOurs,
    toTags,
    logger: ims,
    dialogs,
    icscf,
    authenticator,
    registrar,
    regEvent,
    accessTo: (called) => accessTo(directory.find(called)),
    services: services({ b2bua, directory, registrations, handsets, ownOffer: offers.common, smsOverIms, pageMode }),
    ...(cxHss !== undefined && { outside: cxHss }),
    mayRegister: () => !settings.rx_required || rx?.isAvailable === true,
  });

  const protectedBindings = new ProtectedBindings(protection, registrations);

  // Who is concerned by a registration that changes, in this order.
  registrations.changed.add((change) => regEvent.changed(change));
  registrations.changed.add(({ subscriber }) => {
    if (registrations.of(subscriber).length === 0) b2bua.lose(subscriber);
  });
  registrations.changed.add(({ subscriber, bound }) => {
    if (bound.length > 0) centre.available(subscriber);
  });

  let sgsListener: SctpListener | undefined;
  let withoutSgs: string | undefined;

  registrations.changed.add((change) => protectedBindings.changed(change));
  registrations.changed.add((change) => cxHss?.changed(change));

  // What a restart left: read before the first message, acted on once messages can be sent.
  if (create !== undefined) restoreCreatedUsers(created, subscribers, create);
  outsideUsers?.restore();
  restoreSequenceNumbers(sequenceNumbers, subscribers);
  restoreBindings(bindings, registrations, subscribers, { clock, logger: ims });
  regEvent.restore(subscribers);
  protection?.restore(keptSets(associationSets, (association) => registrations.carriedBy(association) !== undefined));
  outbox.restore();
  try {
    await transport.open((message, flow) => transactions.receive(message, flow));
    if (sgs !== undefined) sgsListener = await openSgs(sgs.vlr);
  } catch (error) {
    transport.close();
    state.close();
    await protection?.stop({ keep: true });
    throw error;
  }
  peers.cx?.opened.add(() => cxHss?.connected());
  for (const peer of peers.all) peer.start();
  registrar.resume();
  protectedBindings.resume((bindings) => registrar.deregister(bindings, 'deactivated'));
  regEvent.resume();
  delivery.resume();
  if (path !== undefined) {
    const kept = `${registrations.size} registrations, ${regEvent.size} subscriptions, ${messages.size} short messages`;
    ims.info(`${path}: ${kept}`);
  }

  const counts = () => ({
    bindings: registrations.size,
    subscriptions: regEvent.size,
    dialogs: dialogs.size,
    calls: b2bua.size,
    transactions: transactions.counts().client + transactions.counts().server,
    streams: relay.counts().streams,
    challenges: challenges.size,
    messages: messages.size,
    rxSessions: rx?.size ?? 0,
  });

  /** Does something with the bindings of whoever has the identity; undefined when nobody has. */
  function withUser(identity: string, run: (bindings: readonly Binding[]) => void): number | undefined {
    const subscriber = subscribers.named(identity);
    if (subscriber === undefined) return undefined;
    const bindings = registrations.of(subscriber);
    run(bindings);
    return bindings.length;
  }

  function sgsOf(endpoint: Endpoint) {
    const logger = log.logger('sgsap');
    const afterCommit = (run: () => void) => state.afterCommit(run);
    const parts = { net, clock, random, logger, tap: sgsapLogTap(log), afterCommit };
    const vlr = new Vlr(parts, { endpoint, name: vlrName(settings.domain), zoneMinutes });
    const bearer = new SmsOverSgs({ clock, logger, vlr, subscribers, faults });
    vlr.user = bearer;
    return { vlr, bearer };
  }

  /** A machine without SCTP serves everything else. */
  async function openSgs(vlr: Vlr): Promise<SctpListener | undefined> {
    try {
      return await vlr.open();
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EPROTONOSUPPORT')) throw error;
      withoutSgs = error.message;
      log.logger('sgsap').warn(`MMEs cannot connect: ${error.message}`);
      return undefined;
    }
  }

  /** A short message of the server's own. */
  function sendSms(identity: string, text: string, sender = settings.com_name): number | undefined {
    const to = subscribers.owner(identity);
    if (to === undefined) return undefined;
    const [reference = 0] = random.bytes(1);
    const parts = textParts(text, { reference });
    centre.send({ to, sender: tpAddress(sender), parts });
    return parts.length;
  }

  return {
    counts,
    ...(withoutIpsec !== undefined && { withoutIpsec }),
    get listening() {
      return transport.places.map(({ local }) => local);
    },
    ...(sgsListener !== undefined && { sgs: sgsListener }),
    ...(withoutSgs !== undefined && { withoutSgs }),
    actions: {
      log,
      unregister: (identity, event) => withUser(identity, (bindings) => registrar.deregister(bindings, event)),
      reauthenticate: (identity, withinS) =>
        withUser(identity, (bindings) => registrar.reauthenticate(bindings, withinS * 1000)),
      associations: () =>
        protection === undefined ? (withoutIpsec ?? 'ipsec is false') : associationRows(protection, clock),
      cx: () => ({ peer: peerRow(peers.cx, clock), users: outsideUsers?.size ?? 0 }),
      rx: () => ({ peer: peerRow(peers.rx, clock), sessions: rx === undefined ? [] : rxSessionRows(rx) }),
      users: () => userRows(subscribers, registrations, b2bua, messages, clock),
      dialogs: () => dialogRows(b2bua),
      stopDialog(sessionId) {
        const call = b2bua.callOf(sessionId);
        if (call === undefined || call.state === 'stop') return false;
        call.stop({ refusal: { status: 480 }, reason: 'SIP;cause=480;text="stopped by command"' });
        return true;
      },
      mtCall: mtCaller(settings, offers, { b2bua, subscribers, registrations, readFile: parts.readFile }),
      sendSms,
      flushSms: (identity) => {
        const subscriber = subscribers.named(identity);
        return subscriber && delivery.flush(subscriber);
      },
      mmes: () => sgs?.vlr.mmes(),
      quit: parts.quit,
    },
    configure(changed) {
      delivery.options.retryMs = changed.sms_retry_delay * 1000;
      outbox.options.expiresMs = changed.sms_expires * 1000;
      faults.options = smsFaultOptions(changed);
    },
    async stop() {
      b2bua.stopAll({ refusal: { status: 503 }, reason: 'SIP;cause=503;text="server stops"' });
      // Associations that nobody keeps end with us: their phones had better register anew at once.
      if (path === undefined)
        for (const bindings of [...registrations.all()]) registrar.deregister(bindings, 'deactivated');
      if (transactions.counts().client > 0)
        await new Promise<void>((done) => {
          clock.schedule(clock.now() + FAREWELL_MS, done);
        });
      await Promise.all(peers.all.map((peer) => peer.stop()));
      // What is still to be told leaves after its commit.
      state.close();
      sgs?.vlr.close();
      transactions.close();
      transport.close();
      relay.close();
      await protection?.stop({ keep: path !== undefined });
    },
  };
}

/** What takes part in emergency calls may be called by anybody; of the echo service some of it need no proof. */
function accessTo({ echo, owners: [owner] }: Called): Access | undefined {
  if (echo !== undefined) return echo;
  return owner?.identity.anonymous === true ? { anonymous: true, authentication: true } : undefined;
}

/** The machine's own time zone. */
function zoneMinutes(wallNow: number): number {
  return -new Date(wallNow).getTimezoneOffset();
}

function hex(sqn: number): string {
  return sqn.toString(16).padStart(12, '0');
}
