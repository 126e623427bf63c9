/** One handset of a file, opened for a command, with what it does told in lines a person reads. */

import type { UserSettings } from '../config/settings/user.ts';
import { printEndpoint } from '../core/endpoint.ts';
import { CSEQ } from '../sip/message/header-types.ts';
import { isRequest } from '../sip/message/message.ts';
import { Handset, type UserHandsetOptions } from './handset.ts';
import type { JournalEntry } from './journal.ts';
import type { HandsetParts } from './options.ts';
import type { RegisterOptions, RegisterResult } from './registration.ts';
import { describeSet, describeStep, registrationVerdict } from './verdict.ts';

export interface RunParts extends HandsetParts {
  readonly print: (line: string) => void;
  /** Resolves when the user wants to stop. */
  readonly interrupted: Promise<void>;
}

export interface RunOptions extends UserHandsetOptions {
  readonly user: UserSettings;
  /** Whole messages are printed instead of a line for each. */
  readonly verbose: boolean;
}

/** A server that has not answered by then is worth a word. */
const HINT_MS = 3000;

export class Run {
  readonly handset: Handset;
  readonly parts: RunParts;

  /** Rejects with an Error in words when it cannot listen. */
  static async open({ user, verbose, ...options }: RunOptions, parts: RunParts): Promise<Run> {
    const handset = await Handset.fromUser(user, options, parts);
    handset.journal.onEntry = (entry) => parts.print(verbose ? wholeMessage(entry) : oneLine(entry));
    handset.onStep = (step) => parts.print(`   ${describeStep(step)}`);
    handset.onSet = (set) => parts.print(`   ${describeSet(set)}`);
    const { impi, impu, server, transport = 'UDP' } = handset.options;
    parts.print(`${impi} (${impu}) on ${printEndpoint(handset.local)}, ${transport} to ${printEndpoint(server)}`);
    return new Run(handset, parts);
  }

  private constructor(handset: Handset, parts: RunParts) {
    this.handset = handset;
    this.parts = parts;
  }

  print(line: string): void {
    this.parts.print(line);
  }

  /** Registers and says what came of it. */
  async register(options: RegisterOptions = {}): Promise<RegisterResult> {
    const { clock } = this.parts;
    const { handset } = this;
    const hint = clock.schedule(clock.now() + HINT_MS, () => {
      this.print(`   no answer from ${printEndpoint(handset.options.server)} so far, still trying`);
    });
    // Whoever interrupts a registration does not want to wait for its time-out.
    this.parts.interrupted.then(
      () => handset.registration.registered || handset.close(),
      () => {},
    );
    const result = await handset.register(options);
    hint.cancel();
    this.print(
      result.registered ? describeSuccess(result) : `Not registered: ${registrationVerdict(result, handset.options)}`,
    );
    handset.registration.onRefresh = (refresh) => {
      this.print(
        refresh.registered
          ? describeSuccess(refresh)
          : `Registration lost: ${registrationVerdict(refresh, handset.options)}`,
      );
    };
    return result;
  }

  /** Ends the registration, if there is one, and closes the handset. */
  async close(): Promise<void> {
    const { clock } = this.parts;
    if (this.handset.registration.registered) {
      // Whoever stops does not want to wait for a server that is gone.
      const late = clock.schedule(clock.now() + HINT_MS, () => this.handset.close());
      await this.handset.deregister();
      late.cancel();
    }
    this.handset.close();
  }
}

function describeSuccess({ granted, associated }: RegisterResult): string {
  return `Registered for ${granted} s as ${associated.length === 0 ? 'asked' : associated.join(', ')}`;
}

function oneLine({ dir, message }: JournalEntry): string {
  const arrow = dir === 'TO' ? '->' : '<-';
  if (isRequest(message)) return `${arrow} ${message.method} ${message.uri}`;
  return `${arrow} ${message.status} ${message.reason} (${message.headers.tryGet(CSEQ)?.method ?? ''})`;
}

function wholeMessage(entry: JournalEntry): string {
  const { dir, transport, remote, octets } = entry;
  const text = Buffer.from(octets).toString('latin1').replaceAll('\r\n', '\n').trimEnd();
  return `${dir === 'TO' ? '->' : '<-'} ${transport} ${printEndpoint(remote)}\n${text.replace(/^/gm, '   ')}\n`;
}
