/** Short messages over SGs: the MSC's part of TS 23.272 §8.2, the CP layer of TS 24.011 in NAS messages. */
import type { Clock, Scheduled } from '../core/clock.ts';
import { MalformedError } from '../core/errors.ts';
import type { Logger } from '../core/logger.ts';
import { REJECT_CAUSE } from '../sgsap/causes.ts';
import type { UplinkDetails, Vlr, VlrUser } from '../sgsap/vlr.ts';
import { CpFault, type CpMessage, parseCp, printCp, type TransactionIdentifier } from '../sms/cp.ts';
import { CP_CAUSE, describeCpCause } from '../sms/cp-causes.ts';
import type { ShortMessage } from '../store/short-message.ts';
import type { Identity, Subscriber, Subscribers } from '../store/subscribers.ts';
import { CpTransaction } from './cp-transaction.ts';
import { sameEquipment } from './equipment.ts';
import type { Delivery, DeliveryOutcome, SmsBearer, SmsUplink } from './sms-bearer.ts';
import type { SmsFaults } from './sms-faults.ts';

export interface SmsOverSgsParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly vlr: Vlr;
  readonly subscribers: Subscribers;
  readonly faults: SmsFaults;
}

/** RP-DATA on its way to the handset. */
interface Job {
  readonly delivery: Delivery;
  readonly told: (outcome: DeliveryOutcome) => void;
  /** Another phone with this SIM answered the paging; the right one may still. */
  patience: Scheduled | undefined;
}

/** What is under way with one UE. */
interface Traffic {
  readonly imsi: string;
  readonly subscriber: Subscriber;
  /** By the name the handset has for them. */
  readonly transactions: Map<string, CpTransaction>;
  /** Waits for the radio connection. */
  job: Job | undefined;
  /** What the UE sent is being dealt with: what is to be sent comes after its acknowledgement. */
  busy: boolean;
}

/** As long as the VLR waits for an answer to its paging (Ts5). */
const PATIENCE_MS = 10_000;
/** Values of a transaction identifier; 7 is reserved (TS 24.007 §11.2.3.1.3). */
const TRANSACTIONS = 7;

export class SmsOverSgs implements SmsBearer, VlrUser {
  readonly name = 'sgs';
  readonly #parts: SmsOverSgsParts;
  readonly #traffic = new Map<string, Traffic>();
  #transactions = 0;
  /** The service centre needs its bearers, so it comes after them. */
  centre: SmsUplink | undefined;

  constructor(parts: SmsOverSgsParts) {
    this.#parts = parts;
  }

  reaches({ subscriber, called }: ShortMessage): boolean {
    const { imsi, multiSim } = subscriber;
    const { vlr } = this.#parts;
    if (imsi === undefined || !vlr.reaches(imsi)) return false;
    const { imeisv } = called;
    if (!multiSim || imeisv === undefined) return true;
    const known = vlr.equipmentOf(imsi);
    return known.length === 0 || known.some((one) => sameEquipment(one, imeisv));
  }

  deliver(delivery: Delivery, told: (outcome: DeliveryOutcome) => void): void {
    const { subscriber } = delivery.message;
    const { imsi } = subscriber;
    if (imsi === undefined) {
      told({ type: 'failed', why: `${subscriber.impi} has no IMSI` });
      return;
    }
    const traffic = this.#of(imsi, subscriber);
    this.#fail(traffic, 'another message takes its place');
    traffic.job = { delivery, told, patience: undefined };
    this.#settle(traffic);
  }

  admit(imsi: string): number | undefined {
    return this.#parts.subscribers.byImsi(imsi) === undefined ? REJECT_CAUSE.imsiUnknownInHlr : undefined;
  }

  available(imsi: string): void {
    const subscriber = this.#parts.subscribers.byImsi(imsi);
    if (subscriber !== undefined) this.centre?.available(subscriber);
  }

  connected(imsi: string, imeisv: string | undefined): void {
    const traffic = this.#traffic.get(imsi);
    if (traffic?.job === undefined) {
      if (traffic === undefined) this.#parts.vlr.release(imsi);
      return;
    }
    const { job } = traffic;
    if (!job.delivery.isWanted()) {
      this.#settle(traffic);
      return;
    }
    const { called, subscriber } = job.delivery.message;
    const wanted = subscriber.multiSim ? called.imeisv : undefined;
    if (wanted === undefined || imeisv === undefined || sameEquipment(wanted, imeisv)) {
      this.#begin(traffic, job);
      return;
    }
    const { clock } = this.#parts;
    job.patience ??= clock.schedule(clock.now() + PATIENCE_MS, () => {
      this.#fail(traffic, `the phone with IMEI ${wanted} did not answer`);
      this.#settle(traffic);
    });
  }

  unreachable(imsi: string, why: string): void {
    const traffic = this.#traffic.get(imsi);
    if (traffic === undefined) return;
    this.#traffic.delete(imsi);
    for (const transaction of traffic.transactions.values()) transaction.dispatch({ type: 'release', why });
    this.#fail(traffic, why);
  }

  uplink(imsi: string, nas: Uint8Array, details: UplinkDetails): void {
    const subscriber = this.#parts.subscribers.byImsi(imsi);
    if (subscriber === undefined) return;
    const { logger } = this.#parts;
    let message: CpMessage;
    try {
      message = parseCp(nas);
    } catch (error) {
      if (!(error instanceof MalformedError)) throw error;
      logger.warn(`${imsi}: malformed NAS message: ${error.message}`);
      if (!details.associated) return;
      if (error instanceof CpFault) this.#refuse(imsi, error.transaction, error.answer);
      if (!this.#traffic.has(imsi)) this.#parts.vlr.release(imsi);
      return;
    }
    if (!details.associated) {
      this.#late(subscriber, message);
      return;
    }
    const treatment = message.type === 'error' ? 'treat' : this.#parts.faults.treatment(`cp_${message.type}`);
    if (treatment !== 'treat') {
      logger.info(`${imsi}: CP-${message.type.toUpperCase()}: ${treatment}, as sms_message_filter says`);
      if (treatment === 'reject') this.#reject(imsi, message);
      return;
    }
    this.#receive(this.#of(imsi, subscriber), message, details);
  }

  #receive(traffic: Traffic, message: CpMessage, details: UplinkDetails): void {
    const { imsi, subscriber } = traffic;
    let transaction = traffic.transactions.get(keyOf(message.transaction));
    // One of a network that has restarted since: the handset has its answer taken all the same.
    if (message.type === 'data') {
      transaction ??= this.#connect(traffic, answering(message.transaction), identityOf(subscriber, details.imeisv));
    }
    traffic.busy = true;
    try {
      if (message.type === 'data') transaction?.dispatch({ type: 'data', rpdu: message.userData });
      else if (message.type === 'ack') transaction?.dispatch({ type: 'ack' });
      else transaction?.dispatch({ type: 'error', cause: message.cause });
    } finally {
      traffic.busy = false;
    }
    if (this.#traffic.get(imsi) === traffic) this.#settle(traffic);
  }

  /** RP-DATA in CP-DATA, now that the handset hears it. */
  #begin(traffic: Traffic, job: Job): void {
    job.patience?.cancel();
    traffic.job = undefined;
    const transaction = { byOriginator: true, value: this.#transactions++ % TRANSACTIONS };
    const made = this.#connect(traffic, transaction, undefined, job.told);
    made.dispatch({ type: 'send', rpdu: job.delivery.rpdu });
  }

  /** @param told what became of RP-DATA of ours; without, the handset began the transaction. */
  #connect(
    traffic: Traffic,
    transaction: TransactionIdentifier,
    identity: Identity | undefined,
    told?: (outcome: DeliveryOutcome) => void,
  ): CpTransaction {
    const { clock, logger } = this.#parts;
    const { imsi, subscriber, transactions } = traffic;
    const key = keyOf(answering(transaction));
    const made: CpTransaction = new CpTransaction(transaction, {
      clock,
      logger,
      imsi,
      send: (message) => this.#send(imsi, message),
      receive: (rpdu, reply) => this.centre?.receive({ subscriber, identity }, rpdu, reply),
      ...(told !== undefined && { told }),
      onEnd: () => {
        if (transactions.get(key) === made) transactions.delete(key);
        if (!traffic.busy && this.#traffic.get(imsi) === traffic) this.#settle(traffic);
      },
    });
    transactions.get(key)?.abandon();
    transactions.set(key, made);
    return made;
  }

  /** Ends what is done; then sends what waits, or lets the radio connection go. */
  #settle(traffic: Traffic): void {
    if (traffic.busy) return;
    const { imsi, transactions } = traffic;
    for (const [key, transaction] of transactions) {
      if (!transaction.done) continue;
      transaction.abandon();
      transactions.delete(key);
    }
    if (traffic.job?.delivery.isWanted() === false) this.#fail(traffic, 'nobody wants it sent any more');
    if (traffic.job !== undefined) this.#parts.vlr.page(imsi);
    else if (transactions.size === 0) {
      this.#traffic.delete(imsi);
      this.#parts.vlr.release(imsi);
    }
  }

  #fail(traffic: Traffic, why: string): void {
    const { job } = traffic;
    if (job === undefined) return;
    traffic.job = undefined;
    job.patience?.cancel();
    job.told({ type: 'failed', why });
  }

  /** A filtered message: answered with an error, and its transaction is over. */
  #reject(imsi: string, { transaction }: CpMessage): void {
    this.#refuse(imsi, transaction, CP_CAUSE.networkFailure);
    const traffic = this.#traffic.get(imsi);
    if (traffic === undefined) this.#parts.vlr.release(imsi);
    const known = traffic?.transactions.get(keyOf(transaction));
    known?.dispatch({ type: 'release', why: 'rejected, as sms_message_filter says' });
  }

  #refuse(imsi: string, transaction: TransactionIdentifier, own: number): void {
    const cause = this.#parts.faults.cpCause(own);
    this.#parts.logger.info(`${imsi}: answered CP-ERROR ${describeCpCause(cause)}`);
    this.#send(imsi, { transaction: answering(transaction), type: 'error', cause });
  }

  /**
   * From a UE the VLR does not have, after a restart: what it says of a message it has counts, so that it does not get
   * it again; what it wants to send it sends anew once it is attached.
   */
  #late(subscriber: Subscriber, message: CpMessage): void {
    if (message.type !== 'data') return;
    const [type = 0] = message.userData;
    if (type !== RP_ACK && type !== RP_ERROR) return;
    try {
      this.centre?.receive({ subscriber, identity: undefined }, message.userData, () => {});
    } catch (error) {
      if (!(error instanceof MalformedError)) throw error;
      this.#parts.logger.warn(`${subscriber.impi}: malformed RPDU: ${error.message}`);
    }
  }

  #send(imsi: string, message: CpMessage): void {
    this.#parts.vlr.downlink(imsi, printCp(message));
  }

  #of(imsi: string, subscriber: Subscriber): Traffic {
    const known = this.#traffic.get(imsi);
    if (known !== undefined) return known;
    const traffic: Traffic = { imsi, subscriber, transactions: new Map(), job: undefined, busy: false };
    this.#traffic.set(imsi, traffic);
    return traffic;
  }
}

/** Of handsets (TS 24.011 §8.2.2). */
const RP_ACK = 2;
const RP_ERROR = 4;

/** The same transaction as the other side names it. */
function answering({ byOriginator, value }: TransactionIdentifier): TransactionIdentifier {
  return { byOriginator: !byOriginator, value };
}

/** @param transaction as the handset names it. */
function keyOf({ byOriginator, value }: TransactionIdentifier): string {
  return `${byOriginator ? 'handset' : 'network'} ${value}`;
}

/** The identity that stands for this phone, where one does. */
function identityOf({ identities, multiSim }: Subscriber, equipment: string | undefined): Identity | undefined {
  if (!multiSim || equipment === undefined) return undefined;
  return identities.find(({ imeisv }) => imeisv !== undefined && sameEquipment(imeisv, equipment));
}
