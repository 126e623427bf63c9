/** Takes up the sets again that were kept over a restart, so that it strands no handset. */
import { messageOf } from '../core/errors.ts';
import type { AlgorithmPair } from './algorithm.ts';
import { restored } from './association.ts';
import { type AssociationSet, additions, MOST_RESTARTS } from './association-set.ts';
import { type Holder, recordOf, type SetRecord } from './held-set.ts';
import type { HeldSets, HeldSetsParts } from './held-sets.ts';

/** @returns the associations that go on; the kernel gets their sets meanwhile. */
export function restoreSets(
  records: readonly SetRecord[],
  sets: HeldSets,
  parts: HeldSetsParts,
  supports: (pair: AlgorithmPair) => boolean,
): Holder[] {
  const associations = new Map<number, SetRecord[]>();
  for (const record of records) {
    const others = associations.get(record.association);
    if (others === undefined) associations.set(record.association, [record]);
    else others.push(record);
  }
  return [...associations.values()].flatMap((all) => {
    const kept = withoutOver(all, parts);
    const problem = problemOf(kept, sets, parts, supports);
    if (problem === undefined) return restoreAssociation(kept, sets, parts);
    parts.logger.info(`the security associations of ${all[0]?.owner} are not taken up again: ${problem}`);
    for (const record of kept) parts.keep?.delete(record);
    return [];
  });
}

/** An old set whose time has come meanwhile was as good as replaced. */
function withoutOver(records: readonly SetRecord[], { clock, keep }: HeldSetsParts): readonly SetRecord[] {
  return records.filter((record) => {
    const over = record.role === 'old' && record.endsAt <= clock.wallNow();
    if (over) keep?.delete(record);
    return !over;
  });
}

/** Why the sets of an association cannot be added again, in words. */
function problemOf(
  kept: readonly SetRecord[],
  sets: HeldSets,
  { clock }: HeldSetsParts,
  supports: (pair: AlgorithmPair) => boolean,
): string | undefined {
  if (kept.filter(({ role }) => role === 'current').length !== 1 || kept.length > 2) return 'some are missing';
  for (const record of kept) {
    if (record.endsAt <= clock.wallNow()) return 'they have expired';
    if (record.restarts >= MOST_RESTARTS) return 'their sequence numbers are used up';
    if (!supports(record.algorithms)) return 'the kernel cannot do their algorithms';
    if (!sets.hasRoomFor(record)) return 'others have their SPIs or ports';
  }
  return undefined;
}

function restoreAssociation(kept: readonly SetRecord[], sets: HeldSets, parts: HeldSetsParts): Holder[] {
  const { clock, keep, kernel, logger, t1Ms } = parts;
  const current = kept.find(({ role }) => role === 'current');
  const old = kept.find(({ role }) => role === 'old');
  if (current === undefined) return [];
  const lifeOf = ({ set, endsAt }: SetRecord) => ({ set, endsAt: clock.now() + endsAt - clock.wallNow() });
  const state = restored(lifeOf(current), old && lifeOf(old), { t1Ms });
  const holder = sets.addHolder(current.association, current.owner, current, state);
  const taken = kept.map((record) => sets.take(holder, setOf(record)));
  const changes = taken.flatMap((held) => {
    held.lifetimeMs = sets.kernelLifetime(held);
    keep?.put(recordOf(held, clock));
    return additions(held.set, held.reqid, held.lifetimeMs);
  });
  const later = (run: () => void): void => {
    clock.schedule(clock.now(), run);
  };
  kernel.apply(changes).then(
    () =>
      later(() => {
        for (const held of taken) held.progress = 'installed';
      }),
    (error: unknown) =>
      later(() => {
        logger.warn(`the kernel refuses the security associations of ${holder.owner}: ${messageOf(error)}`);
        sets.tearDown(holder);
      }),
  );
  return [holder];
}

/** As it is added this time. */
function setOf({ set, ours, handset, algorithms, ck, ik, securityServer, restarts }: SetRecord): AssociationSet {
  return { set, ours, handset, algorithms, ck, ik, securityServer, restarts: restarts + 1 };
}
