import type { Response } from '../sip/message/message.ts';
import type { Binding } from '../store/registrations.ts';
import type { DialogRecord } from './dialog-record.ts';
import type { PathFeatures } from './features.ts';
import type { OutgoingLeg } from './outgoing-leg.ts';
import type { Path } from './path.ts';

/** One callee's way through a call. */
export class CallBranch {
  readonly binding: Binding;
  readonly record: DialogRecord;
  readonly features: PathFeatures;
  leg: OutgoingLeg | undefined;
  /** By the dialog its responses made: the latest 18x or 2xx, what the caller is shown of it. */
  readonly responses = new Map<number, Response>();
  /** By the same: the way to the caller, and the number of the dialog there. */
  readonly paths = new Map<number, { readonly fork: number; readonly path: Path }>();

  constructor(binding: Binding, record: DialogRecord, features: PathFeatures) {
    this.binding = binding;
    this.record = record;
    this.features = features;
  }

  /** Frees what it holds: media, bearers. Its leg ends by itself. */
  release(): void {
    this.features.end();
    this.record.enter('stop');
  }
}
