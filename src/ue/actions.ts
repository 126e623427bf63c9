/** What `lteims ue` does with a handset. Each gives the exit code: 0 when it worked, 1 when it was refused or failed. */
import type { Scheduled } from '../core/clock.ts';
import type { IncomingCall } from './incoming-call.ts';
import type { MediaCounts, Sound } from './media.ts';
import type { OutgoingCall } from './outgoing-call.ts';
import type { Run } from './run.ts';
import { callVerdict } from './verdict.ts';

export interface RegisterAction {
  /** Leaves the registration at the server and ends; else it stays registered until it is interrupted. */
  readonly once: boolean;
}

export async function register(run: Run, { once }: RegisterAction): Promise<number> {
  const { registered } = await run.register({ stay: !once });
  if (!registered || once) {
    run.handset.close();
    return registered ? 0 : 1;
  }
  run.print('Staying registered; Ctrl-C ends it');
  await run.parts.interrupted;
  await run.close();
  return 0;
}

export interface CallAction {
  /** URI, number or name. */
  readonly target: string;
  /** Seconds of talk. */
  readonly duration: number;
}

/** The call worked when it was answered and RTP went both ways. */
export async function call(run: Run, { target, duration }: CallAction): Promise<number> {
  const { registered } = await run.register({ stay: true });
  const worked = registered && (await callOnce(run, target, duration));
  await run.close();
  return worked ? 0 : 1;
}

async function callOnce(run: Run, target: string, duration: number): Promise<boolean> {
  const { clock, interrupted } = run.parts;
  const outgoing = await run.handset.call(target);
  let answered = false;
  let enough: Scheduled | undefined;
  outgoing.ringing().then(
    () => run.print('Ringing'),
    () => {},
  );
  interrupted.then(
    () => outgoing.hangUp(),
    () => {},
  );
  outgoing.answered().then(
    () => {
      answered = true;
      run.print(`Answered; a tone is sent for ${duration} s`);
      outgoing.media.play('tone');
      enough = clock.schedule(clock.now() + duration * 1000, () => hangUp(run, outgoing));
    },
    () => {},
  );
  const end = await outgoing.ended();
  enough?.cancel();
  run.print(`Call ended by ${BY[end.by]}: ${callVerdict(end)}`);
  const { counts } = outgoing.media;
  if (answered) run.print(describeMedia(counts));
  return answered && counts.sent.packets > 0 && counts.received.packets > 0;
}

function hangUp(run: Run, outgoing: OutgoingCall): void {
  outgoing.hangUp().catch((error: unknown) => run.print(String(error)));
}

const BY = { us: 'this handset', peer: 'the other side', nobody: 'itself' };

export interface AnswerAction {
  /** Ends after so many calls; undefined: when it is interrupted. */
  readonly count: number | undefined;
  readonly sound: Sound;
}

export async function answer(run: Run, { count, sound }: AnswerAction): Promise<number> {
  const { handset } = run;
  const enough = new Promise<void>((resolve) => {
    let ended = 0;
    handset.onCall = (incoming) => {
      tell(run, incoming).then(
        () => {
          ended++;
          if (ended === count) resolve();
        },
        (error: unknown) => run.print(String(error)),
      );
    };
  });
  handset.autoAnswer = { sound };
  const { registered } = await run.register({ stay: true });
  if (!registered) {
    handset.close();
    return 1;
  }
  run.print(`Waiting for ${count === undefined ? 'calls; Ctrl-C ends it' : `${count} calls`}`);
  await Promise.race([run.parts.interrupted, enough]);
  for (const open of handset.calls) await open.hangUp();
  await run.close();
  return 0;
}

async function tell(run: Run, incoming: IncomingCall): Promise<void> {
  run.print(`Call from ${incoming.caller}`);
  const end = await incoming.ended();
  run.print(`Call ended by ${BY[end.by]}: ${callVerdict(end)}`);
  run.print(describeMedia(incoming.media.counts));
}

function describeMedia({ sent, received, lost }: MediaCounts): string {
  const heard = received.packets === 0 ? 'none: are packets let through to this address?' : `${lost} lost`;
  return `RTP: ${sent.packets} packets sent, ${received.packets} received, ${heard}`;
}
