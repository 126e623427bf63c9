import { describe } from 'node:test';
import { EARLY_MACHINE } from '../../src/call/early-machine.ts';
import type { EarlyEffect, EarlyEvent, EarlyState } from '../../src/call/early-states.ts';
import type { SessionReport } from '../../src/call/leg-session.ts';
import { parseSdp } from '../../src/sdp/session-description.ts';
import type { ServerTransaction } from '../../src/sip/transaction/user.ts';
import { checkRows } from '../sip/transaction/table.ts';
import { sdpOf } from './phone.ts';

const sdp = parseSdp(sdpOf('10.0.0.1', 4000));
const refusal = { status: 488 };
const transaction = { name: 'first' } as unknown as ServerTransaction;
const second = { name: 'second' } as unknown as ServerTransaction;

const asked: EarlyState = { name: 'asked' };
const agreed: EarlyState = { name: 'agreed' };
const invited: EarlyState = { name: 'offered', by: 'invite' };
const answerKnown: EarlyState = { name: 'offered', by: 'invite', answer: sdp };
const previewed: EarlyState = { name: 'offered', by: 'invite', preview: sdp };
const inResponse: EarlyState = { name: 'offered', by: 'response' };
const pracked: EarlyState = { name: 'offered', by: 'prack', transaction };
const updated: EarlyState = { name: 'offered', by: 'update', transaction };
const inviting: EarlyState = { name: 'offering', by: 'invite' };
const updating: EarlyState = { name: 'offering', by: 'update' };
const responding = (sent: boolean): EarlyState => ({ name: 'offering', by: 'response', offer: sdp, sent });

const offer: EarlyEvent = { type: 'offer', sdp };
const answer: EarlyEvent = { type: 'answer', sdp };
const refuse: EarlyEvent = { type: 'refuseOffer', refusal };
const carried: EarlyEvent = { type: 'carried' };
const update: EarlyEvent = { type: 'peerOffer', by: 'update', transaction: second, sdp };
const prack: EarlyEvent = { type: 'peerOffer', by: 'prack', transaction: second, sdp };
const reliable: EarlyEvent = { type: 'peerOffer', by: 'response', sdp };
const theirAnswer: EarlyEvent = { type: 'peerAnswer', sdp };
const theirPreview: EarlyEvent = { type: 'peerPreview', sdp };
const theirRefusal: EarlyEvent = { type: 'peerRefused', refusal };

const tell = (report: SessionReport): EarlyEffect => ({ type: 'tell', report });
const tellOffer = tell({ type: 'offer', sdp, by: 'update' });
const pending = tell({ type: 'offerRefused', refusal: { status: 491 } });
const told = (status: number): EarlyEffect => {
  return {
    type: 'respondTransaction',
    transaction: second,
    refusal: status === 500 ? { status, retryAfter: 3 } : { status },
  };
};

// biome-ignore format: one row, one line
describe('offer and answer in an early dialog', () => {
  checkRows(EARLY_MACHINE, undefined, [
    { title: 'the call offers what the INVITE asks for', from: asked, on: offer, to: responding(false), effects: [{ type: 'described' }] },
    { title: 'a reliable 18x holds the offer we asked for', from: asked, on: reliable, to: inResponse, effects: [tellOffer] },
    { title: 'an unreliable one may not', from: asked, on: theirPreview, to: asked },
    { title: 'UPDATE before the first offer (RFC 3311 §5.2)', from: asked, on: update, to: asked, effects: [told(500)] },
    { title: 'a PRACK with an offer before ours', from: asked, on: prack, to: asked, effects: [told(500)] },
    { title: 'a response without description leaves', from: asked, on: carried, to: asked },
    { title: 'an answer to nothing', from: asked, on: answer, to: undefined },

    { title: 'the answer waits for a response', from: invited, on: answer, to: answerKnown, effects: [{ type: 'described' }] },
    { title: 'what the answer will be', from: invited, on: { type: 'preview', sdp }, to: previewed },
    { title: 'the answer takes its place', from: previewed, on: answer, to: answerKnown, effects: [{ type: 'described' }] },
    { title: 'a reliable response carried the answer', from: answerKnown, on: carried, to: agreed },
    { title: 'one that had to be reliable carried the preview', from: previewed, on: carried, to: agreed },
    { title: 'a reliable response without description', from: invited, on: carried, to: invited },
    { title: 'no offer of ours before the answer', from: invited, on: offer, to: invited, effects: [pending] },
    { title: 'UPDATE before our answer gets 500 (RFC 3311 §5.2)', from: invited, on: update, to: invited, effects: [told(500)] },
    { title: 'the INVITE is refused as a whole', from: invited, on: refuse, to: undefined },

    { title: 'our answer goes in the PRACK', from: inResponse, on: answer, to: agreed, effects: [{ type: 'sendPrack', sdp }] },
    { title: 'a response cannot be refused', from: inResponse, on: refuse, to: undefined },
    { title: 'early media meanwhile', from: inResponse, on: theirPreview, to: inResponse },
    { title: 'our answer goes in the 200 to the PRACK', from: pracked, on: answer, to: agreed, effects: [{ type: 'respond', transaction, sdp }] },
    { title: 'our answer goes in the 200 to the UPDATE', from: updated, on: answer, to: agreed, effects: [{ type: 'respond', transaction, sdp }] },
    { title: 'we refuse it', from: updated, on: refuse, to: agreed, effects: [{ type: 'respondTransaction', transaction, refusal }] },
    { title: 'a second UPDATE gets 500 (RFC 3311 §5.2)', from: updated, on: update, to: updated, effects: [told(500)] },
    { title: 'our offer waits', from: updated, on: offer, to: updated, effects: [pending] },
    { title: 'a response without description leaves', from: updated, on: carried, to: undefined },

    { title: 'our offer leaves in a response', from: responding(false), on: carried, to: responding(true) },
    { title: 'the PRACK holds the answer', from: responding(true), on: theirAnswer, to: agreed, effects: [tell({ type: 'answer', sdp })] },
    { title: 'the PRACK does not', from: responding(true), on: theirRefusal, to: agreed, effects: [tell({ type: 'offerRefused', refusal })] },
    { title: 'UPDATE crosses it: 491', from: responding(true), on: update, to: responding(true), effects: [told(491)] },
    { title: 'a reliable 18x holds the answer to our INVITE', from: inviting, on: theirAnswer, to: agreed, effects: [tell({ type: 'answer', sdp })] },
    { title: 'an unreliable one shows it', from: inviting, on: theirPreview, to: inviting, effects: [tell({ type: 'preview', sdp })] },
    { title: 'UPDATE before the answer to our INVITE: 491', from: inviting, on: update, to: inviting, effects: [told(491)] },
    { title: '200 to our UPDATE', from: updating, on: theirAnswer, to: agreed, effects: [tell({ type: 'answer', sdp })] },
    { title: 'our UPDATE is refused', from: updating, on: theirRefusal, to: agreed, effects: [tell({ type: 'offerRefused', refusal })] },
    { title: 'UPDATEs cross: 491 (RFC 3311 §5.2)', from: updating, on: update, to: updating, effects: [told(491)] },
    { title: 'a PRACK with an offer crosses it', from: updating, on: prack, to: updating, effects: [told(491)] },
    { title: 'early media while we update', from: updating, on: theirPreview, to: updating },
    { title: 'a second offer of ours waits', from: updating, on: offer, to: updating, effects: [pending] },
    { title: 'an answer of ours to nothing', from: updating, on: answer, to: undefined },

    { title: 'a new offer goes by UPDATE', from: agreed, on: offer, to: updating, effects: [{ type: 'sendUpdate', sdp }] },
    { title: 'UPDATE of the peer', from: agreed, on: update, to: { ...updated, transaction: second }, effects: [tellOffer] },
    { title: 'PRACK with an offer', from: agreed, on: prack, to: { ...pracked, transaction: second }, effects: [tellOffer] },
    { title: 'a description in a further response (RFC 3261 §13.2.1)', from: agreed, on: reliable, to: agreed },
    { title: 'the answer again', from: agreed, on: answer, to: agreed },
    { title: 'their answer again', from: agreed, on: theirAnswer, to: agreed },
    { title: 'a refusal of nothing', from: agreed, on: refuse, to: undefined },
  ]);
});
