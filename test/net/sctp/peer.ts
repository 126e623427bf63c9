import assert from 'node:assert/strict';
import type { SctpHandler } from '../../../src/net/ports.ts';

/** A handler whose events can be awaited. */
export class Peer implements SctpHandler {
  readonly messages: Buffer[] = [];
  up = false;
  closed: { readonly error: Error | undefined } | undefined;
  #waiting: { readonly until: () => boolean; readonly resolve: () => void }[] = [];

  onUp(): void {
    this.up = true;
    this.#look();
  }

  onMessage(message: Buffer): void {
    assert.equal(this.closed, undefined, 'a message after the end');
    this.messages.push(message);
    this.#look();
  }

  onClose(error?: Error): void {
    assert.equal(this.closed, undefined, 'closed twice');
    this.closed = { error };
    this.#look();
  }

  get texts(): readonly string[] {
    return this.messages.map(String);
  }

  until(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ until: condition, resolve });
      this.#look();
    });
  }

  #look(): void {
    this.#waiting = this.#waiting.filter(({ until, resolve }) => {
      if (!until()) return true;
      resolve();
      return false;
    });
  }
}
