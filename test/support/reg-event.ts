import type { Request } from '../../src/sip/message/message.ts';
import { credentials, type Phone, type Sent } from './phone.ts';

export interface Subscribed {
  readonly sent: Sent;
  /** To of the 200, with its tag. */
  readonly to: string;
  readonly notify: Request;
}

/** SUBSCRIBE to the registration event with its challenge answered; the first NOTIFY is answered too. */
export async function subscribed(phone: Phone, expires = 600): Promise<Subscribed> {
  const headers = ['Event: reg', `Contact: <${phone.contact}>`, `Expires: ${expires}`];
  const first = phone.start('SUBSCRIBE', { uri: phone.uri, headers });
  const challenged = await phone.response(407);
  const answer = credentials(challenged, 'SUBSCRIBE', phone.uri, phone.name, phone.name);
  const sent = phone.start('SUBSCRIBE', { uri: phone.uri, callId: first.callId, headers: [...headers, answer] });
  const accepted = await phone.response(200);
  const notify = await phone.request('NOTIFY');
  phone.respond(notify, 200);
  await phone.settled();
  return { sent, to: accepted.headers.raw('To') ?? '', notify };
}
