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

  /** @param onLost ends the call: 580 before its answer (RFC 3312 §8), BYE afterwards. */
  constructor(onLost: (side: Side, what: string) => void) {
    this.#onLost = onLost;
  }

  /** @param media index of its m= line. */
  report(side: Side, media: number, state: 'pending' | 'erab_set'): void {
    this.#states[side].set(media, state);
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
