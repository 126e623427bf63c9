import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Machine } from '../../src/core/machine.ts';
import { ASSOCIATION_MACHINE, challenged, restored } from '../../src/ipsec/association.ts';
import type {
  AssociationContext,
  AssociationEffect,
  AssociationEvent,
  AssociationState,
} from '../../src/ipsec/association-states.ts';
import { requestSet, roleOf, type SetRole } from '../../src/ipsec/association-states.ts';
import { FakeClock } from '../support/fake-clock.ts';

const HOUR = 3_600_000;
const FADE = 32_000;

/** An event, or milliseconds to wait. */
type Act = AssociationEvent | number;
const challenge = (set: number): Act => ({ type: 'challenged', set });
const authenticated = (set: number, registeredUntil = HOUR): Act => ({ type: 'authenticated', set, registeredUntil });
const refused = (set: number): Act => ({ type: 'refused', set });
const used = (set: number): Act => ({ type: 'used', set });
const extended = (registeredUntil: number): Act => ({ type: 'extended', registeredUntil });
const dropped = (set: number): Act => ({ type: 'dropped', set });
const left: Act = { type: 'left' };

/** Every handset begins with a 401 and its temporary set 1. */
interface Rule {
  readonly rule: string;
  readonly t1Ms?: number;
  readonly acts: readonly Act[];
  readonly state: AssociationState['name'];
  /** The live sets and what they are. */
  readonly sets: { readonly [set: number]: SetRole };
  /** Where requests to the handset go. */
  readonly requests?: number;
  /** What the state file holds. */
  readonly kept?: readonly number[];
}

const registered = [authenticated(1)];
const refreshed = [...registered, challenge(2), authenticated(2, 2 * HOUR)];

const rules: readonly Rule[] = [
  { rule: 'a challenge makes a temporary set', acts: [], state: 'challenged', sets: { 1: 'temporary' } },
  { rule: 'a temporary set lives 4 min', acts: [239_999], state: 'challenged', sets: { 1: 'temporary' } },
  { rule: 'and then it is gone', acts: [240_000], state: 'ended', sets: {} },
  {
    rule: 'the answer that came in it does not make it current',
    acts: [used(1)],
    state: 'challenged',
    sets: { 1: 'temporary' },
  },
  {
    rule: 'a new challenge before any answer replaces it, and it fades',
    acts: [challenge(2)],
    state: 'challenged',
    sets: { 1: 'fading', 2: 'temporary' },
  },
  { rule: 'until answers are out', acts: [challenge(2), FADE], state: 'challenged', sets: { 2: 'temporary' } },
  {
    rule: 'a handset that answers in a set that was replaced stays with it',
    acts: [challenge(2), authenticated(1), FADE],
    state: 'established',
    sets: { 1: 'current', 2: 'temporary' },
    requests: 1,
    kept: [1],
  },
  {
    rule: 'one that has left and authenticates in its last set, too',
    acts: [...registered, left, authenticated(1), FADE],
    state: 'established',
    sets: { 1: 'current' },
    requests: 1,
    kept: [1],
  },
  {
    rule: 'and one that answers in a replaced set beside its current one',
    acts: [...registered, challenge(2), challenge(3), authenticated(2), FADE],
    state: 'switching',
    sets: { 1: 'old', 2: 'current', 3: 'temporary' },
    requests: 1,
    kept: [1, 2],
  },
  {
    rule: 'a set that is gone authenticates nobody',
    acts: [challenge(2), FADE, authenticated(1)],
    state: 'challenged',
    sets: { 2: 'temporary' },
  },
  {
    rule: 'a refused attempt can still be answered',
    acts: [refused(1), FADE - 1],
    state: 'leaving',
    sets: { 1: 'fading' },
  },
  { rule: 'for 64 T1', acts: [refused(1), FADE], state: 'ended', sets: {} },
  {
    rule: 'and never for less than 10 s',
    t1Ms: 10,
    acts: [refused(1), 9_999],
    state: 'leaving',
    sets: { 1: 'fading' },
  },
  { rule: 'whatever T1 is', t1Ms: 10, acts: [refused(1), 10_000], state: 'ended', sets: {} },
  { rule: 'a dropped set goes at once', acts: [dropped(1)], state: 'ended', sets: {} },
  {
    rule: 'authentication makes the set current',
    acts: registered,
    state: 'established',
    sets: { 1: 'current' },
    requests: 1,
    kept: [1],
  },
  {
    rule: 'it outlives the registration by 30 s',
    acts: [...registered, HOUR + 29_999],
    state: 'established',
    sets: { 1: 'current' },
    requests: 1,
    kept: [1],
  },
  { rule: 'and no longer', acts: [...registered, HOUR + 30_000], state: 'ended', sets: {} },
  {
    rule: 'an unchallenged refresh extends it',
    acts: [...registered, extended(3 * HOUR), 3 * HOUR],
    state: 'established',
    sets: { 1: 'current' },
    requests: 1,
    kept: [1],
  },
  {
    rule: 'a shorter registration does not shorten it',
    acts: [...registered, extended(60_000), HOUR],
    state: 'established',
    sets: { 1: 'current' },
    requests: 1,
    kept: [1],
  },
  {
    rule: 'a challenge answered in the current set extends it',
    acts: [...registered, authenticated(1, 2 * HOUR), 2 * HOUR],
    state: 'established',
    sets: { 1: 'current' },
    requests: 1,
    kept: [1],
  },
  {
    rule: 'a refresh is challenged beside the current set',
    acts: [...registered, challenge(2)],
    state: 'established',
    sets: { 1: 'current', 2: 'temporary' },
    requests: 1,
    kept: [1],
  },
  {
    rule: 'an unanswered challenge leaves the current set alone',
    acts: [...registered, challenge(2), 240_000],
    state: 'established',
    sets: { 1: 'current' },
    requests: 1,
    kept: [1],
  },
  {
    rule: 'so does a refused one',
    acts: [...registered, challenge(2), refused(2), FADE],
    state: 'established',
    sets: { 1: 'current' },
    requests: 1,
    kept: [1],
  },
  {
    rule: 'and a second challenge, which replaces the first',
    acts: [...registered, challenge(2), challenge(3), FADE],
    state: 'established',
    sets: { 1: 'current', 3: 'temporary' },
    requests: 1,
    kept: [1],
  },
  {
    rule: 'a challenge survives the end of the registration it came in',
    acts: [...registered, HOUR, challenge(2), 30_000],
    state: 'challenged',
    sets: { 2: 'temporary' },
  },
  {
    rule: 'the current set cannot be dropped',
    acts: [...registered, dropped(1)],
    state: 'established',
    sets: { 1: 'current' },
    requests: 1,
    kept: [1],
  },
  {
    rule: 'once authenticated in the new set, requests still go in the old one',
    acts: refreshed,
    state: 'switching',
    sets: { 1: 'old', 2: 'current' },
    requests: 1,
    kept: [1, 2],
  },
  {
    rule: 'messages in the old set change nothing',
    acts: [...refreshed, used(1)],
    state: 'switching',
    sets: { 1: 'old', 2: 'current' },
    requests: 1,
    kept: [1, 2],
  },
  {
    rule: 'the first use of the new set takes it into use',
    acts: [...refreshed, used(2), FADE - 1],
    state: 'established',
    sets: { 1: 'fading', 2: 'current' },
    requests: 2,
    kept: [2],
  },
  {
    rule: 'and ends the old one 64 T1 later',
    acts: [...refreshed, used(2), FADE],
    state: 'established',
    sets: { 2: 'current' },
    requests: 2,
    kept: [2],
  },
  {
    rule: 'with less than 64 T1 left in the old set the new one is used unseen',
    acts: [...refreshed, HOUR + 30_000 - FADE],
    state: 'established',
    sets: { 1: 'fading', 2: 'current' },
    requests: 2,
    kept: [2],
  },
  {
    rule: 'the old set ends when it was to end',
    acts: [...refreshed, HOUR + 30_000],
    state: 'established',
    sets: { 2: 'current' },
    requests: 2,
    kept: [2],
  },
  {
    rule: 'the new set lives as long as the longer of both',
    acts: [...registered, challenge(2), authenticated(2, 60_000), used(2), HOUR],
    state: 'established',
    sets: { 2: 'current' },
    requests: 2,
    kept: [2],
  },
  {
    rule: 'a handset that keeps to the old set keeps it by its refreshes',
    acts: [...refreshed, extended(3 * HOUR), 2 * HOUR],
    state: 'switching',
    sets: { 1: 'old', 2: 'current' },
    requests: 1,
    kept: [1, 2],
  },
  {
    rule: 'a third set makes the second the old one',
    acts: [...refreshed, challenge(3), authenticated(3, 2 * HOUR)],
    state: 'switching',
    sets: { 1: 'fading', 2: 'old', 3: 'current' },
    requests: 2,
    kept: [2, 3],
  },
  {
    rule: 'a handset that leaves is reached a little longer',
    acts: [...registered, left, FADE - 1],
    state: 'leaving',
    sets: { 1: 'fading' },
    requests: 1,
  },
  { rule: 'and then all its sets are gone', acts: [...refreshed, challenge(3), left, FADE], state: 'ended', sets: {} },
  {
    rule: 'leaving while switching, it is reached in the set that requests went in',
    acts: [...refreshed, left],
    state: 'leaving',
    sets: { 1: 'fading', 2: 'fading' },
    requests: 1,
  },
  {
    rule: 'leaving twice is leaving once',
    acts: [...registered, left, 20_000, left, FADE - 20_000],
    state: 'ended',
    sets: {},
  },
  {
    rule: 'a challenge while it leaves begins anew',
    acts: [...registered, left, challenge(2), authenticated(2), FADE],
    state: 'established',
    sets: { 2: 'current' },
    requests: 2,
    kept: [2],
  },
];

for (const { rule, t1Ms, acts, ...expected } of rules) {
  test(rule, () => {
    const clock = new FakeClock();
    const rig = run(clock, challenged(1, clock.now()), { t1Ms: t1Ms ?? 500 });
    rig.act(acts);
    assert.deepEqual(rig.outcome(), { requests: undefined, kept: [], ...expected });
    assert.ok(clock.waiting <= 1);
    if (expected.state === 'ended') assert.equal(clock.waiting, 0);
  });
}

test('one challenge after the other keeps only a few sets alive', () => {
  const rig = run(new FakeClock(), challenged(1, 0), { t1Ms: 500 });
  rig.act(Array.from({ length: 20 }, (_, index) => challenge(index + 2)));
  assert.equal(rig.removed.size, 16);
  assert.deepEqual(rig.outcome().sets, {});
  assert.ok(!rig.removed.has(21));
});

test('what was kept goes on where it was', () => {
  const clock = new FakeClock();
  const context = { t1Ms: 500 };
  const rig = run(clock, restored({ set: 2, endsAt: 2 * HOUR }, { set: 1, endsAt: HOUR }, context), context);
  rig.act([used(2), FADE]);
  assert.deepEqual(rig.outcome(), { state: 'established', sets: { 2: 'current' }, requests: 2, kept: [] });
  rig.act([2 * HOUR - FADE]);
  assert.equal(rig.outcome().state, 'ended');
});

function run(clock: FakeClock, initial: AssociationState, context: AssociationContext) {
  const removed = new Set<number>();
  const kept = new Set<number>();
  const machine = new Machine(ASSOCIATION_MACHINE, initial, clock, context, {
    perform({ type, set }: AssociationEffect) {
      if (type === 'keep') kept.add(set);
      if (type === 'forget') kept.delete(set);
      if (type !== 'remove') return;
      assert.ok(!removed.has(set), `set ${set} removed twice`);
      removed.add(set);
    },
  });
  return {
    removed,
    act(acts: readonly Act[]) {
      for (const act of acts) {
        if (typeof act === 'number') clock.advance(act);
        else machine.dispatch(act);
      }
    },
    outcome() {
      const sets: Record<number, SetRole> = {};
      for (const set of [1, 2, 3]) {
        const role = roleOf(machine.state, set)?.role;
        assert.ok(role === undefined || !removed.has(set), `set ${set} is in use and was removed`);
        if (role !== undefined) sets[set] = role;
      }
      const { name } = machine.state;
      return { state: name, sets, requests: requestSet(machine.state), kept: [...kept].sort((a, b) => a - b) };
    },
  };
}
