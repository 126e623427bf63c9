import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  RELAY_MACHINE,
  type RelayContext,
  type RelayEffect,
  type RelayEvent,
  type RelayState,
} from '../../src/sms/relay.ts';

const NOW = 1_000_000;
const EXPIRES_AT = 2_000_000;
const RETRY_MS = 60_000;
const ANSWER_MS = 40_000;

const LASTING: RelayContext = {
  expiresAt: EXPIRES_AT,
  singleShot: false,
  retryMs: () => RETRY_MS,
  answerMs: ANSWER_MS,
};
const OVERDUE: RelayContext = { ...LASTING, expiresAt: NOW };
const ONCE: RelayContext = { ...LASTING, singleShot: true };

const waiting: RelayState = { name: 'waiting', timers: { expiry: EXPIRES_AT } };
const again: RelayState = { name: 'waiting', timers: { expiry: EXPIRES_AT, retry: NOW + RETRY_MS } };
const sending = (...others: readonly string[]): RelayState => ({ name: 'sending', others });
const answering: RelayState = { name: 'answering', timers: { answer: NOW + ANSWER_MS } };
const end = (name: 'delivered' | 'rejected' | 'undeliverable' | 'expired' | 'discarded'): RelayState => ({ name });

const attempt = (...ways: readonly string[]): RelayEvent => ({ type: 'attempt', ways });
const timer = (name: 'expiry' | 'retry' | 'answer'): RelayEvent => ({ type: 'timer', timer: name });
const refused = (temporary: boolean): RelayEvent => ({ type: 'refused', temporary });
const deliver = (way: string): RelayEffect => ({ type: 'deliver', way });

type Row = readonly [string, RelayState, RelayEvent, RelayContext, RelayState | undefined, ...RelayEffect[]];

const ROWS: readonly Row[] = [
  ['its turn, something reaches', waiting, attempt('ims', 'sgs'), LASTING, sending('sgs'), deliver('ims')],
  ['its turn, nothing reaches', waiting, attempt(), LASTING, waiting],
  ['its only turn, nothing reaches', waiting, attempt(), ONCE, end('undeliverable')],
  ['time to try again', again, timer('retry'), LASTING, again, { type: 'retry' }],
  ['not delivered in time', waiting, timer('expiry'), LASTING, end('expired')],
  ['a late acknowledgement', again, { type: 'acknowledged' }, LASTING, end('delivered')],
  ['a late refusal', again, refused(false), LASTING, undefined],
  ['forgotten while it waits', waiting, { type: 'discard' }, LASTING, end('discarded')],
  ['what was never sent is not taken', waiting, { type: 'taken' }, LASTING, undefined],

  ['the handset has it', sending('sgs'), { type: 'taken' }, LASTING, answering],
  [
    'one way fails, another is left',
    sending('sgs', 'page'),
    { type: 'failed' },
    LASTING,
    sending('page'),
    deliver('sgs'),
  ],
  ['the last way fails', sending(), { type: 'failed' }, LASTING, again],
  ['the last way fails, of one attempt', sending(), { type: 'failed' }, ONCE, end('undeliverable')],
  ['the last way fails, too late for another', sending(), { type: 'failed' }, OVERDUE, end('expired')],
  ['an acknowledgement that overtakes', sending(), { type: 'acknowledged' }, LASTING, end('delivered')],
  ['a refusal that overtakes', sending(), refused(true), LASTING, again],
  ['forgotten while it is sent', sending(), { type: 'discard' }, LASTING, end('discarded')],
  ['one attempt at a time', sending(), attempt('ims'), LASTING, undefined],

  ['acknowledged', answering, { type: 'acknowledged' }, LASTING, end('delivered')],
  ['refused for good', answering, refused(false), LASTING, end('rejected')],
  ['refused until later', answering, refused(true), LASTING, again],
  ['refused until later, of one attempt', answering, refused(true), ONCE, end('undeliverable')],
  ['no answer', answering, timer('answer'), LASTING, again],
  ['no answer, too late for another attempt', answering, timer('answer'), OVERDUE, end('expired')],
  ['forgotten while the handset has it', answering, { type: 'discard' }, LASTING, end('discarded')],
  ['a handset that has it is not sent it again', answering, attempt('ims'), LASTING, undefined],
];

describe('a short message', () => {
  for (const [name, state, event, context, next, ...effects] of ROWS) {
    it(`${state.name}: ${name}`, () => {
      const handler = RELAY_MACHINE.handlers[state.name] as (
        state: RelayState,
        event: RelayEvent,
        now: number,
        context: RelayContext,
      ) => ReturnType<(typeof RELAY_MACHINE.handlers)['waiting']>;
      const step = handler(state, event, NOW, context);
      assert.deepEqual(step?.state, next);
      assert.deepEqual(step?.effects ?? [], effects);
    });
  }

  it('that has ended takes nothing more', () => {
    for (const name of RELAY_MACHINE.final) {
      const handler = RELAY_MACHINE.handlers[name] as unknown as (state: unknown, event: RelayEvent) => unknown;
      assert.equal(handler({ name }, { type: 'acknowledged' }), undefined);
    }
  });
});
