/**
 * The short message service centre (TS 23.040 §3): takes what handsets submit, stores it until it is delivered, and
 * tells the sender what became of it. The bearers are below it, see sms-bearer.ts.
 */
import type { Clock } from '../core/clock.ts';
import { MalformedError } from '../core/errors.ts';
import { Listeners } from '../core/listeners.ts';
import type { Logger } from '../core/logger.ts';
import { OctetReader } from '../core/octet-reader.ts';
import { isSip, isTel, parseUri, unescapeUri } from '../sip/message/uri.ts';
import { addressText, printAddress, readAddress, type TpAddress, tpAddress } from '../sms/address.ts';
import { FAILURE, isTemporary, STATUS } from '../sms/failure.ts';
import type { RelayEnd } from '../sms/relay.ts';
import { parseRp, printRp, type RpData, type RpError, RpFault, type RpMessage } from '../sms/rp.ts';
import { describeRpCause, RP_CAUSE } from '../sms/rp-causes.ts';
import type { Timestamp } from '../sms/timestamp.ts';
import { type Command, parseTpdu, printTpdu, type Submit } from '../sms/tpdu.ts';
import type { UserData } from '../sms/user-data.ts';
import { isSingleShot, validSeconds } from '../sms/validity.ts';
import { isNumberKey } from '../store/identity.ts';
import type { ShortMessage, Submission } from '../store/short-message.ts';
import type { ShortMessages } from '../store/short-messages.ts';
import type { Identity, IdentityOwner, Subscriber, Subscribers } from '../store/subscribers.ts';
import type { SmsSender, SmsUplink } from './sms-bearer.ts';
import type { SmsDelivery } from './sms-delivery.ts';
import type { SmsFaults } from './sms-faults.ts';
import { Submissions } from './submissions.ts';

export interface ServiceCentreParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly subscribers: Subscribers;
  readonly messages: ShortMessages;
  readonly delivery: SmsDelivery;
  readonly faults: SmsFaults;
}

export interface ServiceCentreOptions {
  /** Milliseconds a message is kept at most (setting sms_expires). */
  expiresMs: number;
  /** Local time minus universal time at an instant since 1970, minutes: for time stamps. */
  readonly zoneMinutes: (wallNow: number) => number;
}

/** A message that a user sent, as the API tells it. */
export interface SubmittedMessage {
  readonly sender: string;
  readonly destination: string;
  readonly userData: UserData;
}

/** A message of the server's own, or one that came another way than by RP-DATA. */
export interface Order {
  readonly to: IdentityOwner;
  /** TP-OA. */
  readonly sender: TpAddress;
  readonly parts: readonly UserData[];
  /** TP-PID. */
  readonly protocol?: number;
  /** Milliseconds; at most what the setting sms_expires allows. */
  readonly validityMs?: number;
  /** The user who sent it, where that is one. */
  readonly submission?: Submission;
}

const MOST_MESSAGES = 100_000;

/** TP-CT (TS 23.040 §9.2.3.19). */
const COMMAND = { enquiry: 0, cancelReport: 1, delete: 2, enableReport: 3 } as const;

/** Why a submission is not taken. */
interface Refusal {
  readonly why: string;
  readonly cause: number;
  readonly failure?: number;
}

export class ServiceCentre implements SmsUplink {
  /** Told of each message a user sent, part by part. */
  readonly submitted = new Listeners<[SubmittedMessage]>();
  readonly options: ServiceCentreOptions;
  readonly #parts: ServiceCentreParts;
  readonly #submissions = new Submissions();
  /** Stored and not yet on their way. */
  readonly #fresh: ShortMessage[] = [];

  constructor(parts: ServiceCentreParts, options: ServiceCentreOptions) {
    this.#parts = parts;
    this.options = options;
    parts.delivery.onEnd = (message, end) => this.#ended(message, end);
  }

  /** Takes up what waited before a restart; nothing is sent before `resume`. */
  restore(): void {
    const { messages, subscribers } = this.#parts;
    messages.restore(subscribers, this.#parts);
    for (const recipient of messages.recipients()) {
      for (const message of messages.of(recipient)) this.#submissions.add(message);
    }
  }

  resume(): void {
    this.#parts.delivery.resume();
  }

  receive(sender: SmsSender, rpdu: Uint8Array, reply: (rpdu: Uint8Array) => void): void {
    const answer = (message: RpMessage) => reply(printRp(message, 'network'));
    try {
      this.#treat(sender, parseRp(rpdu, 'handset'), answer);
    } catch (error) {
      if (!(error instanceof MalformedError)) throw error;
      const why = error.message;
      if (error instanceof RpFault) this.#refuse(sender, error.reference, { why, cause: error.answer }, answer);
      else this.#parts.logger.warn(`RPDU of ${sender.subscriber.impi}: ${why}; ignored`);
    }
    this.#start();
  }

  available(subscriber: Subscriber): void {
    this.#parts.delivery.available(subscriber);
  }

  /** Stores a message of one or more parts and sends it as soon as something reaches. */
  send({ to, sender, parts, protocol = 0, validityMs, submission }: Order): readonly ShortMessage[] {
    const stored = parts.map((userData) => {
      if (submission !== undefined) this.#tell(sender, addressText(originatorOf(to.subscriber, to.identity)), userData);
      return this.#store(to, submission, validityMs, false, (timestamp) => ({
        type: 'deliver',
        moreMessages: false,
        loopPrevention: false,
        replyPath: false,
        statusReport: false,
        originator: sender,
        protocol,
        timestamp,
        userData,
      }));
    });
    this.#start();
    return stored;
  }

  /** Whether there is no room for more: nobody fills the memory with messages for users who are away. */
  get full(): boolean {
    return this.#parts.messages.size >= MOST_MESSAGES;
  }

  #treat(sender: SmsSender, message: RpMessage, answer: (message: RpMessage) => void): void {
    const { faults, logger } = this.#parts;
    const { impi } = sender.subscriber;
    const filtered = message.type === 'data' ? 'rp_data' : message.type === 'ack' ? 'rp_ack' : undefined;
    const treatment = filtered === undefined ? 'treat' : faults.treatment(filtered);
    if (treatment !== 'treat') {
      logger.info(
        `RP-${message.type.toUpperCase()} ${message.reference} of ${impi}: ${treatment}, as sms_message_filter says`,
      );
      const cause = message.type === 'data' ? RP_CAUSE.transferRejected : RP_CAUSE.wrongState;
      if (treatment === 'reject') this.#refuse(sender, message.reference, { why: 'filtered', cause }, answer);
      return;
    }
    switch (message.type) {
      case 'data':
        this.#takeData(sender, message, answer);
        break;
      case 'ack':
        this.#answered(sender, message.reference, undefined);
        break;
      case 'error':
        this.#refusedBy(sender, message);
        break;
      case 'smma':
        // TS 23.040 §10.3: the handset has room again.
        answer({ type: 'ack', reference: message.reference });
        this.available(sender.subscriber);
        break;
    }
  }

  #takeData(sender: SmsSender, { reference, userData }: RpData, answer: (message: RpMessage) => void): void {
    const refusal = this.#takeTpdu(sender, userData);
    if (refusal !== undefined) {
      this.#refuse(sender, reference, refusal, answer);
      return;
    }
    const timestamp = this.#timestamp(this.#parts.clock.wallNow());
    const report = printTpdu({ type: 'submit-report', failure: undefined, timestamp, optional: {} });
    answer({ type: 'ack', reference, userData: report });
  }

  #takeTpdu(sender: SmsSender, octets: Uint8Array): Refusal | undefined {
    try {
      const tpdu = parseTpdu(octets, 'handset', 'data');
      if (tpdu.type === 'submit') return this.#submit(sender, tpdu);
      if (tpdu.type === 'command') return this.#command(sender, tpdu);
      throw new MalformedError(`${tpdu.type} inside RP-DATA of a handset`);
    } catch (error) {
      if (!(error instanceof MalformedError)) throw error;
      return { why: error.message, cause: RP_CAUSE.semanticallyIncorrect };
    }
  }

  #refuse({ subscriber }: SmsSender, reference: number, refusal: Refusal, answer: (message: RpMessage) => void): void {
    const { faults, logger, clock } = this.#parts;
    const cause = faults.rpCause(refusal.cause);
    logger.warn(`RPDU ${reference} of ${subscriber.impi} answered RP-ERROR ${describeRpCause(cause)}: ${refusal.why}`);
    const { failure } = refusal;
    const timestamp = this.#timestamp(clock.wallNow());
    const userData =
      failure === undefined ? undefined : printTpdu({ type: 'submit-report', failure, timestamp, optional: {} });
    answer({ type: 'error', reference, cause, ...(userData !== undefined && { userData }) });
  }

  #submit(sender: SmsSender, submit: Submit): Refusal | undefined {
    const { subscribers, clock } = this.#parts;
    const { subscriber } = sender;
    if (this.full) return { why: 'too many messages wait', cause: RP_CAUSE.congestion, failure: FAILURE.busy };
    const to = ownerOf(submit.destination, subscribers);
    if (to === undefined) {
      const why = `${addressText(submit.destination)} is nobody's number in ue_db`;
      return { why, cause: RP_CAUSE.unassignedNumber, failure: FAILURE.invalidDestination };
    }
    // The answer to what was taken before a restart did not get through.
    if (this.#submissions.repeated(subscriber.impi, sender.key) !== undefined) return undefined;
    const submission: Submission = {
      impi: subscriber.impi,
      identity: (sender.identity ?? subscriber.identities[0] ?? to.identity).text,
      reference: submit.reference,
      destination: printAddress(submit.destination),
      report: submit.statusReport,
      key: sender.key,
    };
    if (submit.rejectDuplicates && this.#submissions.find(submission) !== undefined) {
      const why = `message ${submit.reference} to ${addressText(submit.destination)} is here already`;
      return { why, cause: RP_CAUSE.transferRejected, failure: FAILURE.duplicate };
    }
    const originator = originatorOf(subscriber, sender.identity);
    const { replyPath, protocol, statusReport, userData, validity } = submit;
    const seconds = validSeconds(validity, clock.wallNow());
    const validityMs = seconds === undefined ? undefined : seconds * 1000;
    this.#store(to, submission, validityMs, isSingleShot(validity), (timestamp) => ({
      type: 'deliver',
      moreMessages: false,
      loopPrevention: false,
      replyPath,
      statusReport,
      originator,
      protocol,
      timestamp,
      userData,
    }));
    this.#tell(originator, addressText(submit.destination), userData);
    return undefined;
  }

  /** TS 23.040 §3.2.9. */
  #command({ subscriber }: SmsSender, command: Command): Refusal | undefined {
    const destination = printAddress(command.destination);
    const message = this.#submissions.find({ impi: subscriber.impi, reference: command.messageNumber, destination });
    switch (command.command) {
      case COMMAND.enquiry:
        this.#reportCommand(subscriber, command, message, message === undefined ? STATUS.unknown : STATUS.noResponse);
        return undefined;
      case COMMAND.delete:
        if (message?.submission === undefined) break;
        message.submission.report = false;
        this.#parts.delivery.discard(message);
        if (command.statusReport) this.#reportCommand(subscriber, command, message, STATUS.deletedBySender);
        return undefined;
      case COMMAND.cancelReport:
      case COMMAND.enableReport:
        if (message?.submission === undefined) break;
        message.submission.report = command.command === COMMAND.enableReport;
        this.#parts.messages.keep(message);
        return undefined;
      default: {
        const why = `SMS-COMMAND of type ${command.command}`;
        return { why, cause: RP_CAUSE.facilityNotImplemented, failure: FAILURE.commandUnsupported };
      }
    }
    const why = `message ${command.messageNumber} to ${addressText(command.destination)} is not here`;
    return { why, cause: RP_CAUSE.transferRejected, failure: FAILURE.commandCannotBeActioned };
  }

  #answered({ subscriber }: SmsSender, reference: number, temporary: boolean | undefined): void {
    if (this.#parts.delivery.answered(subscriber, reference, temporary)) return;
    this.#parts.logger.debug(() => `${subscriber.impi} answers ${reference}, which is not under way to it; ignored`);
  }

  #refusedBy(sender: SmsSender, { reference, cause, userData }: RpError): void {
    const failure = userData === undefined ? undefined : failureOf(userData);
    const code = failure === undefined ? '' : `, TP-FCS ${failure}`;
    this.#parts.logger.info(`${sender.subscriber.impi} refuses short message: ${describeRpCause(cause)}${code}`);
    this.#answered(sender, reference, isTemporary(cause, failure));
  }

  #store(
    { subscriber, identity }: IdentityOwner,
    submission: Submission | undefined,
    validityMs: number | undefined,
    singleShot: boolean,
    tpdu: (timestamp: Timestamp) => Parameters<typeof printTpdu>[0],
  ): ShortMessage {
    const { clock, messages } = this.#parts;
    const takenAt = clock.wallNow();
    const message = messages.add({
      subscriber,
      called: identity,
      tpdu: printTpdu(tpdu(this.#timestamp(takenAt))),
      takenAt,
      expiresAt: clock.now() + Math.min(validityMs ?? Number.POSITIVE_INFINITY, this.options.expiresMs),
      singleShot,
      submission,
    });
    this.#submissions.add(message);
    this.#fresh.push(message);
    return message;
  }

  /** Whoever submitted a message has its answer before the message leaves. */
  #start(): void {
    for (const message of this.#fresh.splice(0)) this.#parts.delivery.start(message);
  }

  #ended(message: ShortMessage, end: RelayEnd): void {
    this.#submissions.remove(message);
    if (message.submission?.report === true) this.#report(message.submission, message, STATUS_OF[end], false);
    this.#start();
  }

  #reportCommand(sender: Subscriber, command: Command, message: ShortMessage | undefined, status: number): void {
    const [identity] = sender.identities;
    if (identity === undefined) return;
    const submission: Submission = {
      impi: sender.impi,
      identity: identity.text,
      reference: command.reference,
      destination: printAddress(command.destination),
      report: false,
      key: undefined,
    };
    this.#report(submission, message, status, true);
  }

  /** Tells the sender what became of its message, or what a command found out (TS 23.040 §3.2.9, §9.2.2.3). */
  #report(submission: Submission, message: ShortMessage | undefined, status: number, ofCommand: boolean): void {
    const { subscribers, clock } = this.#parts;
    const subscriber = subscribers.byImpi(submission.impi);
    const identity =
      subscriber?.identities.find(({ text }) => text === submission.identity) ?? subscriber?.identities[0];
    if (subscriber === undefined || identity === undefined) return;
    const now = this.#timestamp(clock.wallNow());
    this.#store({ subscriber, identity }, undefined, undefined, false, () => ({
      type: 'status-report',
      moreMessages: false,
      loopPrevention: false,
      ofCommand,
      reference: submission.reference,
      recipient: readAddress(new OctetReader(submission.destination), 'destination address'),
      timestamp: message === undefined ? now : this.#timestamp(message.takenAt),
      discharge: now,
      status,
      optional: {},
    }));
  }

  #tell(sender: TpAddress, destination: string, userData: UserData): void {
    this.submitted.call({ sender: addressText(sender), destination, userData });
  }

  #timestamp(wallNow: number): Timestamp {
    const at = Math.floor(wallNow / 1000) * 1000;
    return { at, zoneMinutes: this.options.zoneMinutes(at) };
  }
}

const STATUS_OF: { readonly [E in RelayEnd]: number } = {
  delivered: STATUS.delivered,
  rejected: STATUS.rejected,
  undeliverable: STATUS.rejected,
  expired: STATUS.expired,
  discarded: STATUS.deletedByCentre,
};

/** TP-FCS of an SMS-DELIVER-REPORT; handsets write odd ones, and the RP cause says enough. */
function failureOf(userData: Uint8Array): number | undefined {
  try {
    const report = parseTpdu(userData, 'handset', 'error');
    return report.type === 'deliver-report' ? report.failure : undefined;
  } catch (error) {
    if (error instanceof MalformedError) return undefined;
    throw error;
  }
}

/** The user a TP-DA names, by number or by name. */
export function ownerOf(address: TpAddress, subscribers: Subscribers): IdentityOwner | undefined {
  const text = addressText(address);
  try {
    return subscribers.owners(parseUri(address.type === 'alphanumeric' ? `sip:${text}@x` : `tel:${text}`))[0];
  } catch (error) {
    if (error instanceof MalformedError) return undefined;
    throw error;
  }
}

/** TP-OA of what a user sends: its msisdn, else a number of its, else its name. */
export function originatorOf(subscriber: Subscriber, identity: Identity | undefined): TpAddress {
  const { msisdn, identities } = subscriber;
  if (msisdn !== undefined) return tpAddress(msisdn.startsWith('+') ? msisdn : `+${msisdn}`);
  const own = identity === undefined ? identities : [identity, ...identities];
  const [first] = own;
  const numbered =
    own.find(({ uri, key }) => isTel(uri) && isNumberKey(key)) ?? own.find(({ key }) => isNumberKey(key));
  return tpAddress(numbered === undefined ? (first?.key ?? '') : numberOf(numbered));
}

/** With its plus, where it has one. */
function numberOf({ uri, key }: Identity): string {
  const written = isTel(uri) ? uri.number : isSip(uri) ? unescapeUri(uri.user ?? '') : '';
  return written.startsWith('+') ? `+${key}` : key;
}
