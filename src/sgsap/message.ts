/** Messages of SGsAP as they are on the wire: TS 29.118 §8 (contents) and §9 (coding), errors as its "Error handling" has them. */
import { MalformedError } from '../core/errors.ts';
import { OctetReader } from '../core/octet-reader.ts';
import { SGS_CAUSE } from './causes.ts';
import { ELEMENTS, type Element, type ElementName, type ElementValue } from './elements.ts';

/** An element of a message; one that may be absent ends in `?`. */
type Part = ElementName | `${ElementName}?`;

interface Definition {
  readonly code: number;
  /** In the order they are sent in. */
  readonly parts: readonly Part[];
}

function message<const P extends readonly Part[]>(code: number, ...parts: P) {
  return { code, parts };
}

const UE_DETAILS = ['imeisv?', 'ueTimeZone?', 'classmark2?', 'tai?', 'ecgi?'] as const;

/** Table 9.1 and §8. */
export const MESSAGES = {
  'PAGING-REQUEST': message(
    1,
    'imsi',
    'vlrName',
    'serviceIndicator',
    'tmsi?',
    'cli?',
    'lai?',
    'globalCnId?',
    'ssCode?',
    'lcsIndicator?',
    'lcsClientIdentity?',
    'channelNeeded?',
    'emlppPriority?',
    'additionalPagingIndicators?',
    'smDeliveryTimer?',
    'smDeliveryStartTime?',
    'maximumRetransmissionTime?',
  ),
  'PAGING-REJECT': message(2, 'imsi', 'sgsCause'),
  'SERVICE-REQUEST': message(6, 'imsi', 'serviceIndicator', ...UE_DETAILS, 'ueEmmMode?'),
  'DOWNLINK-UNITDATA': message(7, 'imsi', 'nas'),
  'UPLINK-UNITDATA': message(8, 'imsi', 'nas', ...UE_DETAILS),
  'LOCATION-UPDATE-REQUEST': message(
    9,
    'imsi',
    'mmeName',
    'locationUpdateType',
    // The new one; the old one, which may follow, is not looked at.
    'lai',
    'tmsiStatus?',
    'imeisv?',
    'tai?',
    'ecgi?',
    'tmsiBasedNri?',
    'selectedOperator?',
  ),
  'LOCATION-UPDATE-ACCEPT': message(10, 'imsi', 'lai', 'mobileIdentity?'),
  'LOCATION-UPDATE-REJECT': message(11, 'imsi', 'rejectCause', 'lai?'),
  'TMSI-REALLOCATION-COMPLETE': message(12, 'imsi'),
  'ALERT-REQUEST': message(13, 'imsi'),
  'ALERT-ACK': message(14, 'imsi'),
  'ALERT-REJECT': message(15, 'imsi', 'sgsCause'),
  'UE-ACTIVITY-INDICATION': message(16, 'imsi', 'maximumAvailabilityTime?'),
  'EPS-DETACH-INDICATION': message(17, 'imsi', 'mmeName', 'epsDetachType'),
  'EPS-DETACH-ACK': message(18, 'imsi'),
  'IMSI-DETACH-INDICATION': message(19, 'imsi', 'mmeName', 'nonEpsDetachType'),
  'IMSI-DETACH-ACK': message(20, 'imsi'),
  // One of the names, the sender's (§8.15, §8.16).
  'RESET-INDICATION': message(21, 'mmeName?', 'vlrName?'),
  'RESET-ACK': message(22, 'mmeName?', 'vlrName?'),
  'SERVICE-ABORT-REQUEST': message(23, 'imsi'),
  'MO-CSFB-INDICATION': message(24, 'imsi', 'tai?', 'ecgi?'),
  'MM-INFORMATION-REQUEST': message(26, 'imsi', 'mmInformation'),
  'RELEASE-REQUEST': message(27, 'imsi', 'sgsCause?'),
  STATUS: message(29, 'imsi?', 'sgsCause', 'erroneousMessage'),
  'UE-UNREACHABLE': message(31, 'imsi', 'sgsCause', 'requestedRetransmissionTime?', 'additionalUnreachableIndicators?'),
} as const;

export type MessageType = keyof typeof MESSAGES;

type PartsOf<T extends MessageType> = (typeof MESSAGES)[T]['parts'][number];
type Optional<P extends Part> = P extends `${infer E extends ElementName}?` ? E : never;

/** One message: its type and the values of its elements. */
export type SgsMessage<T extends MessageType = MessageType> = T extends MessageType
  ? { readonly type: T } & { readonly [E in Extract<PartsOf<T>, ElementName>]: ElementValue<E> } & {
      readonly [E in Optional<PartsOf<T>>]?: ElementValue<E>;
    }
  : never;

/** A message that is answered with SGsAP-STATUS. */
export class SgsFault extends MalformedError {
  /** The cause to answer with, see causes.ts. */
  readonly answer: number;
  /** Of the message, where it was legible. */
  readonly imsi: string | undefined;
  /** Whether it is a STATUS itself, which gets no answer. */
  readonly isStatus: boolean;

  constructor(what: string, answer: number, imsi?: string, isStatus = false) {
    super(what);
    this.name = 'SgsFault';
    this.answer = answer;
    this.imsi = imsi;
    this.isStatus = isStatus;
  }
}

const TYPES = new Map<number, MessageType>(
  (Object.keys(MESSAGES) as MessageType[]).map((type) => [MESSAGES[type].code, type]),
);
const NAMES = new Map<number, ElementName>(
  (Object.keys(ELEMENTS) as ElementName[]).map((element) => [ELEMENTS[element].id, element]),
);

/**
 * Elements that are unknown, repeated or of other messages are skipped, optional ones that are illegible too.
 * @throws SgsFault for what is answered, MalformedError for what is too short to be one.
 */
export function parseMessage(octets: Uint8Array): SgsMessage {
  const reader = new OctetReader(octets);
  const code = reader.octet('message type');
  const type = TYPES.get(code);
  const isStatus = type === 'STATUS';
  const values: { [element: string]: unknown } = {};
  const imsi = () => (typeof values.imsi === 'string' ? values.imsi : undefined);
  const fault = (what: string, cause: number) => new SgsFault(what, cause, imsi(), isStatus);
  const { parts }: Definition = type === undefined ? { code, parts: ['imsi?'] } : MESSAGES[type];
  while (reader.left > 0) {
    const name = NAMES.get(reader.octet('information element'));
    let content: Uint8Array;
    try {
      content = reader.counted(name === undefined ? 'information element' : ELEMENTS[name].title);
      if (content.length === 0) throw new MalformedError('an information element is empty', reader.offset);
    } catch (error) {
      if (!(error instanceof MalformedError)) throw error;
      throw fault(error.message, type === undefined ? SGS_CAUSE.messageUnknown : SGS_CAUSE.invalidMandatory);
    }
    if (name === undefined || values[name] !== undefined) continue;
    const isMandatory = parts.includes(name);
    if (!isMandatory && !parts.includes(`${name}?`)) continue;
    try {
      values[name] = ELEMENTS[name].read(content);
    } catch (error) {
      if (!(error instanceof MalformedError)) throw error;
      if (isMandatory) throw fault(error.message, SGS_CAUSE.invalidMandatory);
    }
  }
  if (type === undefined) throw fault(`message type ${code}`, SGS_CAUSE.messageUnknown);
  const missing = parts.find((part) => !part.endsWith('?') && values[part] === undefined);
  if (missing !== undefined) {
    throw fault(`${type}: ${ELEMENTS[nameOf(missing)].title} is missing`, SGS_CAUSE.missingMandatory);
  }
  return { type, ...values } as unknown as SgsMessage;
}

export function printMessage(message: SgsMessage): Buffer {
  const parts: Uint8Array[] = [Uint8Array.of(MESSAGES[message.type].code)];
  for (const [element, value] of valuesOf(message)) {
    const content = element.print(value);
    parts.push(Uint8Array.of(element.id, content.length), content);
  }
  return Buffer.concat(parts);
}

/** What a message holds, a line for people per element. */
export function messageLines(message: SgsMessage): string[] {
  return valuesOf(message).map(([element, value]) => `${element.title}: ${element.text(value)}`);
}

function valuesOf(message: SgsMessage): [Element<unknown>, unknown][] {
  const values = message as { readonly [element: string]: unknown };
  const { parts }: Definition = MESSAGES[message.type];
  return parts
    .map(nameOf)
    .filter((name) => values[name] !== undefined)
    .map((name) => [ELEMENTS[name] as unknown as Element<unknown>, values[name]]);
}

function nameOf(part: Part): ElementName {
  return part.replace('?', '') as ElementName;
}
