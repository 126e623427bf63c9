import type { Side } from './call-states.ts';
import type { EndReason } from './leg-states.ts';
import { reasonOf } from './refusal.ts';

/**
 * How the resources of one media stand (manual §6.5, dialog_get): not asked for, needed, being reserved, reserved.
 */
export type QosState = 'disabled' | 'required' | 'pending' | 'erab_set';

/** What whoever reserves resources for the two legs of a path (Rx) reports of them. */
export class Resources {
  readonly #states: { readonly [side in Side]: Map<number, QosState> } = { caller: new Map(), callee: new Map() };
  readonly #onLost: (side: Side, what: string) => void;

  readonly #onChanged: () => void;

  /**
   * @param onLost ends the call: 580 before its answer (RFC 3312 §8), BYE afterwards.
   * @param onChanged told whenever a state may be another one.
   */
  constructor(onLost: (side: Side, what: string) => void, onChanged: () => void = () => {}) {
    this.#onLost = onLost;
    this.#onChanged = onChanged;
  }

  /** How those of one side stand now. @param media indices of the m= lines; nothing is reserved for others. */
  report(side: Side, media: readonly number[], state: 'pending' | 'erab_set'): void {
    this.#states[side].clear();
    for (const index of media) this.#states[side].set(index, state);
    this.#onChanged();
  }

  /** They cannot be had, or are gone. @param what in words, for Reason. */
  lost(side: Side, what: string): void {
    this.#states[side].clear();
    this.#onLost(side, what);
  }

  /** What was reported; undefined while nobody reserves anything. */
  state(side: Side, media: number): QosState | undefined {
    return this.#states[side].get(media);
  }
}

/** RFC 3312 §8: what the session needs cannot be had. @param what in words, for Reason. */
export function resourcesLost(what: string): EndReason {
  return { refusal: { status: 580 }, reason: reasonOf(580, what) };
}
