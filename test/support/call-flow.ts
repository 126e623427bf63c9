import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { TestContext } from 'node:test';
import type { Request, Response } from '../../src/sip/message/message.ts';
import { credentials, type Phone, type Sent } from './phone.ts';

const MEDIA_PORT = 40_000;

/** An audio offer or answer of a softphone with what must survive anchoring. */
export function softphoneSdp(address: string, port: number, direction = 'sendrecv'): string {
  const place = `IN ${address.includes(':') ? 'IP6' : 'IP4'} ${address}`;
  return [
    'v=0',
    `o=- 3949 3949 ${place}`,
    's=phone',
    `c=${place}`,
    't=0 0',
    `m=audio ${port} RTP/AVP 8 101`,
    'a=rtpmap:8 PCMA/8000',
    'a=rtpmap:101 telephone-event/8000',
    'a=fmtp:101 0-15',
    'a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj',
    'a=rtcp-mux',
    'a=ice-ufrag:8hhY',
    'a=ice-pwd:asd88fgpdd777uzjYhagZg',
    `a=candidate:1 1 UDP 2130706431 ${address} ${port} typ host`,
    `a=${direction}`,
    '',
  ].join('\r\n');
}

export interface Description {
  readonly address: string;
  readonly port: number;
  readonly text: string;
}

/** Where the description of a message says audio goes. */
export function described({ body }: Request | Response): Description {
  const text = Buffer.from(body).toString();
  return {
    text,
    address: /^c=IN IP[46] (\S+)/m.exec(text)?.[1] ?? '',
    port: Number(/^m=audio (\d+)/m.exec(text)?.[1] ?? 0),
  };
}

export interface Invited {
  /** The INVITE the caller sent last. */
  readonly sent: Sent;
  /** As it came to the called phone. */
  readonly invite: Request;
}

/** Sends an INVITE with its 407 answered, up to where the called phone has it. */
export async function invite(caller: Phone, called: Phone, uri: string, body = sdpOf(caller)): Promise<Invited> {
  const sent = await challenged(caller, uri, body);
  return { sent, invite: await called.request('INVITE') };
}

/** Sends an INVITE with its 407 answered. @param more further header lines. */
export async function challenged(
  caller: Phone,
  uri: string,
  body = sdpOf(caller),
  more: readonly string[] = [],
): Promise<Sent> {
  const headers = [`Contact: <${caller.contact}>`, ...(body === '' ? [] : ['Content-Type: application/sdp']), ...more];
  const first = caller.start('INVITE', { uri, headers, body });
  const refused = await caller.response(407);
  caller.ackRefusal(first, refused);
  const answer = credentials(refused, 'INVITE', uri, caller.name, caller.name);
  return caller.start('INVITE', { uri, callId: first.callId, headers: [...headers, answer], body });
}

export function sdpOf(phone: Phone, direction?: string): string {
  return softphoneSdp(phone.local.address, MEDIA_PORT, direction);
}

/** Where the descriptions of a phone say it listens for media: closed with the test. */
export async function mediaSocket(t: TestContext, { local: { address } }: Phone, port = MEDIA_PORT): Promise<Socket> {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  t.after(() => socket.close());
  socket.bind(port, address);
  await once(socket, 'listening');
  return socket;
}

/** 20 ms of silence, PCMA. */
export const RTP_PACKET = Buffer.concat([
  Buffer.from([0x80, 8, 0, 1, 0, 0, 0, 0, 1, 2, 3, 4]),
  Buffer.alloc(160, 0xd5),
]);

export const SDP_HEADER = ['Content-Type: application/sdp'];

/** Where a phone sends requests inside the dialog that this message confirmed: its Contact. */
export function targetOf(message: Request | Response): string {
  const target = /<([^>]+)>/.exec(message.headers.raw('Contact') ?? '')?.[1];
  assert.ok(target !== undefined, 'no Contact');
  return target;
}

/** The caller acknowledges a 2xx. */
export function acknowledge(caller: Phone, sent: Sent, accepted: Response, body = ''): void {
  caller.start('ACK', {
    uri: targetOf(accepted),
    callId: sent.callId,
    cseq: sent.sequence,
    from: sent.from,
    to: accepted.headers.raw('To') ?? '',
    branch: `z9hG4bKack${caller.name}${sent.sequence}`,
    ...(body !== '' && { body, headers: SDP_HEADER }),
  });
}

export interface CallUp extends Invited {
  readonly accepted: Response;
}

/** A call that is up, all of its messages answered. */
export async function callUp(caller: Phone, called: Phone, uri: string): Promise<CallUp> {
  const { sent, invite: received } = await invite(caller, called, uri);
  called.respond(received, 180);
  await caller.response(180);
  called.respond(received, 200, { headers: SDP_HEADER, body: sdpOf(called) });
  await called.request('ACK');
  const accepted = await caller.response(200);
  acknowledge(caller, sent, accepted);
  await caller.settled();
  return { sent, invite: received, accepted };
}

/** A request of the caller inside its dialog. @param more further header lines. */
export function insideAsCaller(
  caller: Phone,
  { sent, accepted }: CallUp,
  method: string,
  body = '',
  more: readonly string[] = [],
): Sent {
  return caller.start(method, {
    uri: targetOf(accepted),
    callId: sent.callId,
    from: sent.from,
    to: accepted.headers.raw('To') ?? '',
    headers: [...(body === '' ? [] : [`Contact: <${caller.contact}>`, ...SDP_HEADER]), ...more],
    body,
  });
}

/** A request of the called phone inside its dialog. */
export function insideAsCalled(called: Phone, { invite: received }: CallUp, method: string, body = ''): Sent {
  return called.start(method, {
    uri: targetOf(received),
    callId: received.headers.raw('Call-ID') ?? '',
    from: `${received.headers.raw('To')};tag=${called.name}-to`,
    to: received.headers.raw('From') ?? '',
    headers: body === '' ? [] : [`Contact: <${called.contact}>`, ...SDP_HEADER],
    body,
  });
}
