/**
 * The short message service centre (TS 23.040 §3): takes what handsets submit, stores it until it is delivered, and
 * tells the sender what became of it. The bearers are below it, see sms-bearer.ts.
 */
import type { Clock } from '../core/clock.ts';
import { MalformedError } from '../core/errors.ts';
import { Listeners } from '../core/listeners.ts';
import type { Logger } from '../core/logger.ts';
import { addressText, printAddress, type TpAddress } from '../sms/address.ts';
import { FAILURE, isTemporary, STATUS } from '../sms/failure.ts';
import { parseRp, printRp, type RpData, type RpError, RpFault, type RpMessage } from '../sms/rp.ts';
import { describeRpCause, RP_CAUSE } from '../sms/rp-causes.ts';
import { type Command, parseTpdu, type Submit } from '../sms/tpdu.ts';
import { printTpdu } from '../sms/tpdu-printing.ts';
import type { UserData } from '../sms/user-data.ts';
import { isSingleShot, validSeconds } from '../sms/validity.ts';
import type { ShortMessage, Submission } from '../store/short-message.ts';
import type { ShortMessages } from '../store/short-messages.ts';
import type { IdentityOwner, Subscriber, Subscribers } from '../store/subscribers.ts';
import type { SmsSender, SmsUplink } from './sms-bearer.ts';
import type { SmsDelivery } from './sms-delivery.ts';
import type { SmsFaults } from './sms-faults.ts';
import type { SmsOutbox } from './sms-outbox.ts';
import { originatorOf, ownerOf } from './sms-parties.ts';

export interface ServiceCentreParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly subscribers: Subscribers;
  readonly messages: ShortMessages;
  readonly delivery: SmsDelivery;
  readonly outbox: SmsOutbox;
  readonly faults: SmsFaults;
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
  readonly #parts: ServiceCentreParts;

  constructor(parts: ServiceCentreParts) {
    this.#parts = parts;
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
    this.#parts.outbox.start();
  }

  available(subscriber: Subscriber): void {
    this.#parts.delivery.available(subscriber);
  }

  /** Whether there is no room for more messages. */
  get full(): boolean {
    return this.#parts.outbox.full;
  }

  /** Stores a message of one or more parts and sends it as soon as something reaches. */
  send({ to, sender, parts, protocol = 0, validityMs, submission }: Order): void {
    const { outbox } = this.#parts;
    for (const userData of parts) {
      outbox.put({ to, submission, validityMs }, (timestamp) => ({
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
      if (submission !== undefined) this.#tell(sender, addressText(originatorOf(to.subscriber, to.identity)), userData);
    }
    outbox.start();
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
    const timestamp = this.#parts.outbox.timestamp();
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
    const { faults, logger, outbox } = this.#parts;
    const cause = faults.rpCause(refusal.cause);
    logger.warn(`RPDU ${reference} of ${subscriber.impi} answered RP-ERROR ${describeRpCause(cause)}: ${refusal.why}`);
    const { failure } = refusal;
    const timestamp = outbox.timestamp();
    const userData =
      failure === undefined ? undefined : printTpdu({ type: 'submit-report', failure, timestamp, optional: {} });
    answer({ type: 'error', reference, cause, ...(userData !== undefined && { userData }) });
  }

  #submit(sender: SmsSender, submit: Submit): Refusal | undefined {
    const { subscribers, clock, outbox } = this.#parts;
    const { subscriber } = sender;
    if (outbox.full) return { why: 'too many messages wait', cause: RP_CAUSE.congestion, failure: FAILURE.busy };
    const to = ownerOf(submit.destination, subscribers);
    if (to === undefined) {
      const why = `${addressText(submit.destination)} is nobody's number in ue_db`;
      return { why, cause: RP_CAUSE.unassignedNumber, failure: FAILURE.invalidDestination };
    }
    // The answer to what was taken before a restart did not get through.
    if (outbox.submissions.repeated(subscriber.impi, sender.key) !== undefined) return undefined;
    const submission: Submission = {
      impi: subscriber.impi,
      identity: (sender.identity ?? subscriber.identities[0] ?? to.identity).text,
      reference: submit.reference,
      destination: printAddress(submit.destination),
      report: submit.statusReport,
      key: sender.key,
    };
    if (submit.rejectDuplicates && outbox.submissions.find(submission) !== undefined) {
      const why = `message ${submit.reference} to ${addressText(submit.destination)} is here already`;
      return { why, cause: RP_CAUSE.transferRejected, failure: FAILURE.duplicate };
    }
    const originator = originatorOf(subscriber, sender.identity);
    const { replyPath, protocol, statusReport, userData, validity } = submit;
    const seconds = validSeconds(validity, clock.wallNow());
    const validityMs = seconds === undefined ? undefined : seconds * 1000;
    outbox.put({ to, submission, validityMs, singleShot: isSingleShot(validity) }, (timestamp) => ({
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

  /** TS 23.040 §9.2.3.19. */
  #command({ subscriber }: SmsSender, command: Command): Refusal | undefined {
    const { outbox, delivery, messages } = this.#parts;
    const destination = printAddress(command.destination);
    const message = outbox.submissions.find({ impi: subscriber.impi, reference: command.messageNumber, destination });
    switch (command.command) {
      case COMMAND.enquiry:
        this.#reportCommand(subscriber, command, message, message === undefined ? STATUS.unknown : STATUS.noResponse);
        return undefined;
      case COMMAND.delete:
        if (message?.submission === undefined) break;
        message.submission.report = false;
        delivery.discard(message);
        if (command.statusReport) this.#reportCommand(subscriber, command, message, STATUS.deletedBySender);
        return undefined;
      case COMMAND.cancelReport:
      case COMMAND.enableReport:
        if (message?.submission === undefined) break;
        message.submission.report = command.command === COMMAND.enableReport;
        messages.keep(message);
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

  #reportCommand(sender: Subscriber, command: Command, message: ShortMessage | undefined, status: number): void {
    const { reference } = command;
    const destination = printAddress(command.destination);
    const identity = sender.identities[0]?.text ?? '';
    this.#parts.outbox.report({ impi: sender.impi, identity, reference, destination }, message, status, true);
  }

  #tell(sender: TpAddress, destination: string, userData: UserData): void {
    this.submitted.call({ sender: addressText(sender), destination, userData });
  }
}

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
