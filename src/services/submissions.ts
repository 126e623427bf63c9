import type { ShortMessage, Submission } from '../store/short-message.ts';

/** Messages that wait, found by what their senders know of them. Of several with the same name the last counts. */
export class Submissions {
  readonly #byReference = new Map<string, ShortMessage>();
  readonly #byKey = new Map<string, ShortMessage>();

  add(message: ShortMessage): void {
    const { submission } = message;
    if (submission === undefined) return;
    this.#byReference.set(referenceName(submission), message);
    if (submission.key !== undefined) this.#byKey.set(keyName(submission.impi, submission.key), message);
  }

  remove(message: ShortMessage): void {
    const { submission } = message;
    if (submission === undefined) return;
    const name = referenceName(submission);
    if (this.#byReference.get(name) === message) this.#byReference.delete(name);
    if (submission.key !== undefined) this.#byKey.delete(keyName(submission.impi, submission.key));
  }

  /** By TP-MR and TP-DA (TS 23.040 §9.2.3.18, §9.2.3.25). */
  find(submission: Pick<Submission, 'impi' | 'reference' | 'destination'>): ShortMessage | undefined {
    return this.#byReference.get(referenceName(submission));
  }

  /** What the same request brought before. */
  repeated(impi: string, key: string | undefined): ShortMessage | undefined {
    return key === undefined ? undefined : this.#byKey.get(keyName(impi, key));
  }
}

function referenceName({ impi, reference, destination }: Pick<Submission, 'impi' | 'reference' | 'destination'>) {
  return `${impi} ${reference} ${Buffer.from(destination).toString('hex')}`;
}

function keyName(impi: string, key: string): string {
  return `${impi} ${key}`;
}
