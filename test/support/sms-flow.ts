import assert from 'node:assert/strict';
import type { Request } from '../../src/sip/message/message.ts';
import { tpAddress } from '../../src/sms/address.ts';
import { parseRp, printRp, type RpMessage, rpAddress } from '../../src/sms/rp.ts';
import { textParts } from '../../src/sms/text.ts';
import { type Deliver, parseTpdu, type StatusReport, type Submit, type Tpdu } from '../../src/sms/tpdu.ts';
import { printTpdu } from '../../src/sms/tpdu-printing.ts';
import { contentOf } from '../../src/sms/user-data.ts';
import { credentials, type Phone, type Sent } from './phone.ts';

const SMS_HEADER = 'Content-Type: application/vnd.3gpp.sms';
/** Where the SIM card says the service centre is. */
export const CENTRE_URI = 'tel:+19999';

/** Registers a phone that takes short messages over IP. */
export async function registerSms(phone: Phone, features = ';+g.3gpp.smsip'): Promise<void> {
  const headers = [`Contact: <${phone.contact}>${features}`, 'Expires: 3600'];
  assert.equal((await phone.register({ headers })).status, 200);
}

/** SMS-SUBMIT of one part. */
export function submitOf(to: string, text: string, options: Partial<Submit> = {}): Uint8Array {
  const [userData] = textParts(text, { reference: 0 });
  assert.ok(userData !== undefined);
  return printTpdu({
    type: 'submit',
    rejectDuplicates: false,
    replyPath: false,
    statusReport: false,
    reference: 1,
    destination: tpAddress(to),
    protocol: 0,
    validity: undefined,
    userData,
    ...options,
  });
}

export function rpData(reference: number, userData: Uint8Array): Uint8Array {
  return printRp({ type: 'data', reference, centre: rpAddress('+19999'), userData }, 'handset');
}

/** Sends an RPDU with its 407 answered, and takes the 202. */
export async function sendRpdu(phone: Phone, rpdu: Uint8Array, uri = CENTRE_URI, status = 202): Promise<Sent> {
  const sent = await startRpdu(phone, rpdu, uri);
  await phone.response(status);
  return sent;
}

/** Sends an RPDU with its 407 answered. */
export async function startRpdu(phone: Phone, rpdu: Uint8Array, uri = CENTRE_URI): Promise<Sent> {
  const first = phone.start('MESSAGE', { uri, headers: [SMS_HEADER], body: rpdu });
  const challenged = await phone.response(407);
  const answer = credentials(challenged, 'MESSAGE', uri, phone.name, phone.name);
  return phone.start('MESSAGE', { uri, callId: first.callId, headers: [SMS_HEADER, answer], body: rpdu });
}

/** Submits a text and takes the 202. */
export function submit(
  phone: Phone,
  to: string,
  text: string,
  reference = 7,
  options: Partial<Submit> = {},
): Promise<Sent> {
  return sendRpdu(phone, rpData(reference, submitOf(to, text, options)));
}

/** The next MESSAGE with an RPDU, answered 200. */
export async function nextRpdu(phone: Phone): Promise<{ request: Request; rp: RpMessage }> {
  const request = await phone.request('MESSAGE');
  assert.equal(request.headers.raw('Content-Type'), 'application/vnd.3gpp.sms');
  phone.respond(request, 200);
  return { request, rp: parseRp(request.body, 'network') };
}

/** The next MESSAGE with an RPDU of this kind, answered 200. */
export async function nextOf<T extends RpMessage['type']>(
  phone: Phone,
  type: T,
): Promise<{ request: Request; rp: Extract<RpMessage, { type: T }> }> {
  const { request, rp } = await nextRpdu(phone);
  assert.equal(rp.type, type);
  return { request, rp: rp as Extract<RpMessage, { type: T }> };
}

export interface Delivered {
  readonly request: Request;
  /** SM-RP-MR. */
  readonly reference: number;
  readonly tpdu: Deliver;
  readonly text: string | undefined;
}

/** The next SMS-DELIVER, its MESSAGE answered 200 and its RP-DATA not yet. */
export async function nextDeliver(phone: Phone): Promise<Delivered> {
  const { request, rp } = await nextOf(phone, 'data');
  const tpdu = parseTpdu(rp.userData, 'network', 'data');
  assert.ok(tpdu.type === 'deliver');
  return { request, reference: rp.reference, tpdu, text: contentOf(tpdu.userData).text };
}

/** The next SMS-STATUS-REPORT, acknowledged. */
export async function nextStatusReport(phone: Phone): Promise<StatusReport> {
  const { rp } = await nextOf(phone, 'data');
  const tpdu: Tpdu = parseTpdu(rp.userData, 'network', 'data');
  assert.ok(tpdu.type === 'status-report');
  await acknowledgeRp(phone, rp.reference);
  return tpdu;
}

/** RP-ACK with an SMS-DELIVER-REPORT, as phones send it. */
export function acknowledgeRp(phone: Phone, reference: number, uri?: string): Promise<Sent> {
  const userData = printTpdu({ type: 'deliver-report', failure: undefined, optional: {} });
  return sendRpdu(phone, printRp({ type: 'ack', reference, userData }, 'handset'), uri);
}

/** The next SMS-DELIVER, taken and acknowledged. */
export async function take(phone: Phone): Promise<Delivered> {
  const delivered = await nextDeliver(phone);
  await acknowledgeRp(phone, delivered.reference);
  return delivered;
}

/** RP-ERROR of a phone. */
export function refuseRp(phone: Phone, reference: number, cause: number, failure?: number): Promise<Sent> {
  const report =
    failure === undefined ? {} : { userData: printTpdu({ type: 'deliver-report', failure, optional: {} }) };
  return sendRpdu(phone, printRp({ type: 'error', reference, cause, ...report }, 'handset'));
}
