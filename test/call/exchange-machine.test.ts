import { describe } from 'node:test';
import type { Side } from '../../src/call/call-states.ts';
import {
  EXCHANGE_MACHINE,
  type ExchangeEffect,
  type ExchangeEvent,
  type ExchangeState,
} from '../../src/call/exchange-machine.ts';
import { parseSdp } from '../../src/sdp/session-description.ts';
import { checkRows } from '../sip/transaction/table.ts';
import { sdpOf } from './phone.ts';

const sdp = parseSdp(sdpOf('10.0.0.1', 4000));
const answer = parseSdp(sdpOf('10.0.0.2', 5000));
const twoMedia = parseSdp(`${sdpOf('10.0.0.1', 4000)}m=video 4002 RTP/AVP 96\r\n`);
const refusal = { status: 488 };

const idle: ExchangeState = { name: 'idle' };
const by = 'update';
const offer = (from: Side, description = sdp) => ({ from, sdp: description, by }) as const;
const preparing = (initial = false, asked = false): ExchangeState => {
  return { name: 'preparing', offer: offer('caller'), initial, asked };
};
const relayed = (initial = false, description = sdp): ExchangeState => {
  return { name: 'relayed', offer: offer('caller', description), initial };
};
const asked = (initial = false): ExchangeState => ({ name: 'asked', from: 'callee', initial });
const withdrawn: ExchangeState = { name: 'withdrawn', from: 'caller' };

const offered = (side: Side): ExchangeEvent => ({ type: 'offer', side, sdp, by });
const asks = (side: Side): ExchangeEvent => ({ type: 'offer', side, sdp: undefined, by });
const answered = (side: Side): ExchangeEvent => ({ type: 'answer', side, sdp: answer });
const refused = (side: Side): ExchangeEvent => ({ type: 'offerRefused', side, refusal });
const cancelled = (side: Side): ExchangeEvent => ({ type: 'offerCancelled', side });
const preview = (side: Side): ExchangeEvent => ({ type: 'preview', side, sdp: answer });
const ready: ExchangeEvent = { type: 'mediaReady', answer: undefined };
const noPorts: ExchangeEvent = { type: 'mediaRefused', refusal: { status: 503 } };

const refuse = (to: Side, status: number): ExchangeEffect => ({ type: 'refuseOffer', to, refusal: { status } });
const fail = (status: number, what = 'no session was agreed'): ExchangeEffect => ({
  type: 'fail',
  refusal: { status },
  what,
});
const agreed: ExchangeEffect = { type: 'agreed', offer: sdp, answer };
const FEWER = 'the answer has 1 m= lines, the offer 2';
const BAD = { status: 502, phrase: 'Bad Session Description' };

// biome-ignore format: one row, one line
describe('offers and answers between two dialogs', () => {
  checkRows(EXCHANGE_MACHINE, undefined, [
    { title: 'an offer is prepared first', from: idle, on: offered('caller'), to: preparing(), effects: [{ type: 'prepare', from: 'caller', offer: sdp }] },
    { title: 'a side asks for an offer', from: idle, on: asks('callee'), to: asked(), effects: [{ type: 'offer', to: 'caller', sdp: undefined, by }] },
    { title: 'an answer to nothing', from: idle, on: answered('callee'), to: undefined },
    { title: 'a refusal of nothing', from: idle, on: refused('callee'), to: undefined },
    { title: 'a CANCEL of nothing', from: idle, on: cancelled('caller'), to: undefined },
    { title: 'media for nothing', from: idle, on: ready, to: undefined },
    { title: 'early media after the answer say nothing new', from: idle, on: preview('callee'), to: idle },

    { title: 'the other side offers', from: asked(), on: offered('caller'), to: preparing(false, true), effects: [{ type: 'prepare', from: 'caller', offer: sdp }] },
    { title: 'who asked offers itself', from: asked(), on: offered('callee'), to: asked(), effects: [refuse('callee', 491)] },
    { title: 'the other side asks back', from: asked(), on: asks('caller'), to: asked(), effects: [refuse('caller', 491)] },
    { title: 'the other side offers nothing', from: asked(), on: refused('caller'), to: idle, effects: [refuse('callee', 488)] },
    { title: 'nothing is offered to the first INVITE', from: asked(true), on: refused('caller'), to: idle, effects: [fail(488)] },
    { title: 'CANCEL passes on', from: asked(), on: cancelled('callee'), to: asked(), effects: [{ type: 'withdraw', to: 'caller' }] },

    { title: 'media are ready', from: preparing(), on: ready, to: relayed(), effects: [{ type: 'offer', to: 'callee', sdp, by }] },
    { title: 'what the other side need not know is answered', from: preparing(), on: { type: 'mediaReady', answer }, to: idle, effects: [{ type: 'answerSelf', to: 'caller', offer: sdp, sdp: answer }, agreed] },
    { title: 'there are no ports', from: preparing(), on: noPorts, to: idle, effects: [refuse('caller', 503)] },
    { title: 'an offer that was asked for cannot be refused (RFC 3261 §13.2.2.4)', from: preparing(false, true), on: noPorts, to: idle, effects: [fail(503)] },
    { title: 'offers that cross', from: preparing(), on: offered('callee'), to: preparing(), effects: [refuse('callee', 491)] },
    { title: 'CANCEL before it was relayed', from: preparing(), on: cancelled('caller'), to: withdrawn },
    { title: 'a CANCEL of the other side', from: preparing(), on: cancelled('callee'), to: undefined },
    { title: 'its media are ready', from: withdrawn, on: ready, to: idle, effects: [refuse('caller', 487)] },
    { title: 'or are not', from: withdrawn, on: noPorts, to: idle, effects: [refuse('caller', 487)] },
    { title: 'another offer meanwhile', from: withdrawn, on: offered('callee'), to: withdrawn, effects: [refuse('callee', 491)] },

    { title: 'the answer goes back', from: relayed(), on: answered('callee'), to: idle, effects: [{ type: 'answer', to: 'caller', sdp: answer }, agreed] },
    { title: 'an answer to less than was offered (RFC 3264 §6)', from: relayed(false, twoMedia), on: answered('callee'), to: idle, effects: [{ type: 'refuseOffer', to: 'caller', refusal: BAD }] },
    { title: 'such an answer to the first INVITE', from: relayed(true, twoMedia), on: answered('callee'), to: idle, effects: [{ type: 'fail', refusal: BAD, what: FEWER }] },
    { title: 'early media of the callee', from: relayed(true), on: preview('callee'), to: relayed(true), effects: [{ type: 'preview', to: 'caller', sdp: answer }] },
    { title: 'early media that answer less', from: relayed(true, twoMedia), on: preview('callee'), to: relayed(true, twoMedia) },
    { title: 'the offer is refused', from: relayed(), on: refused('callee'), to: idle, effects: [refuse('caller', 488)] },
    { title: 'the first one came to nothing', from: relayed(true), on: refused('callee'), to: idle, effects: [fail(488)] },
    { title: 'glare', from: relayed(), on: offered('callee'), to: relayed(), effects: [refuse('callee', 491)] },
    { title: 'a second offer of the same side', from: relayed(), on: offered('caller'), to: relayed(), effects: [refuse('caller', 491)] },
    { title: 'CANCEL passes on', from: relayed(), on: cancelled('caller'), to: relayed(), effects: [{ type: 'withdraw', to: 'callee' }] },
    { title: 'an answer of who offered', from: relayed(), on: answered('caller'), to: undefined },
  ]);
});
