/** Beginnings and ends of calls that scenarios have in common. */
import assert from 'node:assert/strict';
import type { Request, Response } from '../../src/sip/message/message.ts';
import { type Part, type Parts, type Phone, sdpOf } from './phone.ts';
import { Rig } from './rig.ts';

export const OFFER = sdpOf('10.0.0.1', 4000);
export const ANSWER = sdpOf('10.0.0.2', 5000);

/** Alice's phone and Bob's. */
export function pair(rig = new Rig()) {
  const alice = rig.phone(['sip:alice@ims.test', 'tel:+15550001'], '10.0.0.1');
  const bob = rig.phone(['sip:bob@ims.test', 'tel:+15550002'], '10.0.0.2');
  return { rig, alice, bob };
}

/** Alice has called Bob, whose phone has the INVITE. */
export async function called(rig?: Rig) {
  const bed = pair(rig);
  const caller = bed.alice.invite('tel:+15550002', { sdp: OFFER });
  await bed.rig.settle();
  const callee = bed.bob.invited();
  return { ...bed, caller, callee };
}

/** They talk. */
export async function answered(rig?: Rig) {
  const bed = await called(rig);
  const { caller, callee } = bed;
  callee.answer(callee.invite, 200, { sdp: ANSWER });
  callee.takeRequest('ACK');
  caller.take('200 INVITE');
  caller.request('ACK');
  return bed;
}

/** A body to look at. */
export function text(body: Uint8Array): string {
  return Buffer.from(body).toString();
}

/** One side hangs up, the other is told. */
export function hangUp(by: Part, other: Part, headers: Parts['headers'] = {}): Request {
  by.request('BYE', { headers });
  by.take('200 BYE');
  const bye = other.takeRequest('BYE');
  other.answer(bye, 200);
  return bye;
}

/** A further phone of the same user. */
export function another(rig: Rig, phone: Phone, address: string): Phone {
  return rig.phone([], address, phone.subscriber);
}

/** What phones with 100rel and UPDATE say. */
export const ALLOW = 'INVITE, ACK, CANCEL, BYE, PRACK, UPDATE';
export const ABLE = { Supported: '100rel, timer', Allow: ALLOW };
export const reliably = (sequence: number) => ({ Require: '100rel', RSeq: String(sequence), Allow: ALLOW });

/** The phone acknowledges a reliable response. */
export function prack(caller: Part, response: Response, sdp?: string): void {
  const RAck = `${response.headers.raw('RSeq')} ${response.headers.raw('CSeq')}`;
  caller.request('PRACK', { ...(sdp !== undefined && { sdp }), headers: { RAck } });
}

/** The server acknowledges a reliable response of the phone. */
export function pracked(callee: Part, sequence: number) {
  const request = callee.takeRequest('PRACK');
  assert.equal(request.headers.raw('RAck'), `${sequence} 1 INVITE`);
  return request;
}
