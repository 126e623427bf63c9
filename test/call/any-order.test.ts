import { describe, it } from 'node:test';
import fc from 'fast-check';
import { CONTACT, CSEQ, TO } from '../../src/sip/message/header-types.ts';
import { isRequest, type Request, type Response } from '../../src/sip/message/message.ts';
import { printUri } from '../../src/sip/message/uri.ts';
import { ABLE, ANSWER, OFFER, pair } from './flows.ts';
import type { Part } from './phone.ts';
import { Rig } from './rig.ts';

const WHO = ['caller', 'callee'] as const;
const VIDEO = 'm=video 4002 RTP/AVP 96\r\n';

/** What phones may do at any moment, sensible or not. */
const ACTION = fc.oneof(
  fc.record({
    do: fc.constant('request' as const),
    who: fc.constantFrom(...WHO),
    method: fc.constantFrom('PRACK', 'UPDATE', 'INVITE', 'ACK', 'CANCEL', 'BYE'),
    sdp: fc.constantFrom('', 'offer', 'video'),
  }),
  fc.record({
    do: fc.constant('respond' as const),
    status: fc.constantFrom(180, 183, 183, 200, 200, 486, 580),
    sdp: fc.boolean(),
    reliable: fc.boolean(),
    fork: fc.constantFrom('', 'other'),
  }),
  fc.record({
    do: fc.constant('answer' as const),
    who: fc.constantFrom(...WHO),
    status: fc.constantFrom(200, 200, 200, 491, 481, 488),
    sdp: fc.boolean(),
  }),
  fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(0, 100, 600, 5000, 33_000) }),
  fc.constant({ do: 'settle' as const }),
  fc.constant({ do: 'stop' as const }),
);
type Action = typeof ACTION extends fc.Arbitrary<infer T> ? T : never;

/** One phone that keeps what it is sent. */
class Player {
  readonly part: Part;
  readonly requests: Request[] = [];
  readonly reliable: Response[] = [];

  constructor(part: Part) {
    this.part = part;
  }

  hear(message: Request | Response): void {
    if (isRequest(message)) {
      if (message.method !== 'ACK') this.requests.push(message);
      return;
    }
    const to = message.headers.get(TO);
    const contact = message.headers.get(CONTACT);
    if (message.status < 300 && message.headers.get(CSEQ)?.method === 'INVITE' && to !== undefined)
      this.part.remote = to;
    if (contact !== undefined && contact !== '*') this.part.target = printUri(contact.uri);
    if (message.headers.has('RSeq')) this.reliable.push(message);
  }
}

async function play(offer: string, actions: readonly Action[]): Promise<void> {
  const { rig, alice, bob } = pair(new Rig());
  const caller = new Player(alice.invite('sip:bob@ims.test', { ...(offer !== '' && { sdp: offer }), headers: ABLE }));
  await rig.settle();
  const invited = bob.invited();
  const players = { caller, callee: new Player(invited) };
  const hear = () => {
    for (const { message, flow } of rig.wire.sent.splice(0)) {
      players[flow.remote.address === '10.0.0.1' ? 'caller' : 'callee'].hear(message);
    }
  };
  let sequence = 0;
  for (const action of actions) {
    switch (action.do) {
      case 'request': {
        // It has no INVITE of its own to cancel.
        if (action.method === 'CANCEL' && action.who === 'callee') break;
        const { part, reliable } = players[action.who];
        const sdp =
          action.sdp === ''
            ? undefined
            : `${action.who === 'caller' ? OFFER : ANSWER}${action.sdp === 'video' ? VIDEO : ''}`;
        const last = reliable.at(-1);
        const RAck = `${last?.headers.raw('RSeq') ?? 1} ${last?.headers.raw('CSeq') ?? '1 INVITE'}`;
        part.request(action.method, {
          ...(sdp !== undefined && { sdp }),
          headers: action.method === 'PRACK' ? { RAck } : ABLE,
        });
        break;
      }
      case 'respond': {
        const { status, sdp, fork } = action;
        const reliable = action.reliable && status < 200 ? { Require: '100rel', RSeq: String(++sequence) } : {};
        const to =
          fork === ''
            ? invited
            : Object.assign(Object.create(invited) as Part, {
                local: { ...invited.local, params: invited.local.params.with('tag', fork) },
              });
        to.answer(invited.invite, status, { ...(sdp && { sdp: ANSWER }), headers: { Allow: ABLE.Allow, ...reliable } });
        break;
      }
      case 'answer': {
        const { part, requests } = players[action.who];
        const request = requests.shift();
        const sdp = action.who === 'caller' ? OFFER : ANSWER;
        if (request !== undefined)
          part.answer(request, action.status, action.sdp && action.status === 200 ? { sdp } : {});
        break;
      }
      case 'wait':
        rig.clock.advance(action.ms);
        break;
      case 'settle':
        await rig.settle();
        break;
      case 'stop':
        rig.b2bua.stopAll({ refusal: { status: 503 } });
    }
    hear();
  }
  // Whatever happened, the end comes and leaves nothing.
  rig.b2bua.stopAll({ refusal: { status: 503 } });
  await rig.settle();
  rig.finish();
}

describe('a call in which anything happens', () => {
  for (const [title, offer] of [
    ['an offer', OFFER],
    ['no offer', ''],
  ] as const) {
    it(`that began with ${title} leaves nothing behind`, async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(ACTION, { minLength: 1, maxLength: 25 }), (actions) => play(offer, actions)),
        { numRuns: 300 },
      );
    });
  }
});
