import { describe } from 'node:test';
import {
  SUBSCRIPTION_MACHINE,
  type SubscriptionEffect,
  type SubscriptionState,
} from '../../../src/sip/dialog/subscription.ts';
import { checkRows, NOW } from '../transaction/table.ts';

const LATER = NOW + 60_000;
const active = (notifying = false, changed = false): SubscriptionState => ({
  name: 'active',
  timers: { expiry: LATER },
  notifying,
  changed,
});
const ending = (last: boolean, reason: 'timeout' | 'deactivated' = 'timeout'): SubscriptionState => ({
  name: 'ending',
  reason,
  last,
});
const terminated: SubscriptionState = { name: 'terminated' };
const notify: SubscriptionEffect = { type: 'notify', terminated: undefined };
const last: SubscriptionEffect = { type: 'notify', terminated: 'timeout' };

// biome-ignore format: one row, one line
describe('a subscription (RFC 6665 §4.2)', () => {
  checkRows(SUBSCRIPTION_MACHINE, undefined, [
    { title: 'SUBSCRIBE is answered by a NOTIFY (§4.2.1.2)', from: active(), on: { type: 'subscribe', expiresAt: LATER }, to: active(true), effects: [notify] },
    { title: 'a refresh moves the expiry', from: { ...active(), timers: { expiry: NOW + 1 } } as SubscriptionState, on: { type: 'subscribe', expiresAt: LATER }, to: active(true), effects: [notify] },
    { title: 'a refresh while a NOTIFY is under way is told after it', from: active(true), on: { type: 'subscribe', expiresAt: LATER }, to: active(true, true) },
    { title: 'Expires: 0 ends it with a NOTIFY', from: active(), on: { type: 'subscribe', expiresAt: NOW }, to: ending(true), effects: [last] },
    { title: 'Expires: 0 waits for the NOTIFY under way', from: active(true), on: { type: 'subscribe', expiresAt: NOW }, to: ending(false) },
    { title: 'a change', from: active(), on: { type: 'change' }, to: active(true), effects: [notify] },
    { title: 'a change while a NOTIFY is under way waits', from: active(true), on: { type: 'change' }, to: active(true, true) },
    { title: 'then it is told', from: active(true, true), on: { type: 'notifyAnswered' }, to: active(true), effects: [notify] },
    { title: 'the NOTIFY is answered', from: active(true), on: { type: 'notifyAnswered' }, to: active() },
    { title: 'the end', from: active(), on: { type: 'end', reason: 'deactivated' }, to: ending(true, 'deactivated'), effects: [{ type: 'notify', terminated: 'deactivated' }] },
    { title: 'the end waits for the NOTIFY under way', from: active(true, true), on: { type: 'end', reason: 'deactivated' }, to: ending(false, 'deactivated') },
    { title: 'expiry', from: active(), on: { type: 'timer', timer: 'expiry' }, to: ending(true), effects: [last] },
    { title: 'expiry waits for the NOTIFY under way', from: active(true), on: { type: 'timer', timer: 'expiry' }, to: ending(false) },
    { title: 'a refused or unanswered NOTIFY ends it (§4.2.2)', from: active(true), on: { type: 'notifyFailed' }, to: terminated },

    { title: 'the NOTIFY under way is answered: the last one goes', from: ending(false), on: { type: 'notifyAnswered' }, to: ending(true), effects: [last] },
    { title: 'the last one is answered', from: ending(true), on: { type: 'notifyAnswered' }, to: terminated },
    { title: 'it is not', from: ending(true), on: { type: 'notifyFailed' }, to: terminated },
    { title: 'nor the one before', from: ending(false), on: { type: 'notifyFailed' }, to: terminated },
    { title: 'what changes now is in the last NOTIFY', from: ending(false), on: { type: 'change' }, to: ending(false) },
    { title: 'or comes too late for it', from: ending(true), on: { type: 'change' }, to: ending(true) },
    { title: 'it ends for the first reason', from: ending(false), on: { type: 'end', reason: 'deactivated' }, to: ending(false) },
    { title: 'SUBSCRIBE is unexpected', from: ending(true), on: { type: 'subscribe', expiresAt: LATER }, to: undefined },

    { title: 'nothing is expected any more', from: terminated, on: { type: 'change' }, to: undefined },
  ]);
});
