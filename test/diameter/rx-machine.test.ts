import { describe } from 'node:test';
import { type RxState, rxMachine } from '../../src/diameter/rx-machine.ts';
import { checkRows, NOW } from '../sip/transaction/table.ts';

const context = { isSame: (a: string, b: string) => a === b, giveUpMs: 600_000, retryMs: 30_000 };
type State = RxState<string>;

const none: State = { name: 'none', doubtful: false };
const doubtful: State = { name: 'none', doubtful: true };
const opening: State = { name: 'opening', sent: 'audio' };
const open = (sent = 'audio'): State => ({ name: 'open', sent });
const modifying: State = { name: 'modifying', before: 'audio', sent: 'video' };
const closing: State = { name: 'closing', timers: { giveUp: NOW + 600_000 } };
const owed: State = { name: 'owed', timers: { giveUp: NOW + 600_000, retry: NOW + 30_000 } };
const closed: State = { name: 'closed' };

const want = (media: string) => ({ type: 'want', media }) as const;
const refused = (unknown = false, unheard = false) => ({ type: 'refused', why: 'no', unknown, unheard }) as const;
const aar = (media: string, initial: boolean) => ({ type: 'sendAar', media, initial }) as const;
const failed = { type: 'failed', why: 'no' } as const;
const aborted = { type: 'aborted', why: 'bearer released' } as const;
const lost = { type: 'lost', why: 'bearer released' } as const;
const RESERVING = { type: 'reserving' } as const;
const RESERVED = { type: 'reserved' } as const;
const STR = { type: 'sendStr' } as const;
const END = { type: 'end' } as const;
const GRANTED = { type: 'granted' } as const;
const RESTARTED = { type: 'restarted' } as const;

describe('an Rx session', () => {
  checkRows(rxMachine<string>(), context, [
    {
      title: 'media are agreed on',
      from: none,
      on: want('audio'),
      to: opening,
      effects: [aar('audio', true), RESERVING],
    },
    { title: 'the call ends', from: none, on: END, to: closed },
    { title: 'the call ends and the PCRF may have it', from: doubtful, on: END, to: closing, effects: [STR] },
    { title: 'the PCRF restarts', from: none, on: RESTARTED, to: undefined },

    { title: 'media change meanwhile', from: opening, on: want('video'), to: { ...opening, next: 'video' } },
    { title: 'it is granted', from: opening, on: GRANTED, to: open(), effects: [RESERVED] },
    {
      title: 'it is granted and the media are others by now',
      from: { ...opening, next: 'video' },
      on: GRANTED,
      to: modifying,
      effects: [aar('video', false), RESERVING],
    },
    {
      title: 'it is granted and the media are what they were',
      from: { ...opening, next: 'audio' },
      on: GRANTED,
      to: open(),
      effects: [RESERVED],
    },
    { title: 'it is refused', from: opening, on: refused(), to: none, effects: [failed] },
    { title: 'no answer comes', from: opening, on: refused(false, true), to: doubtful, effects: [failed] },
    { title: 'the call ends', from: opening, on: END, to: closing, effects: [STR] },
    { title: 'the PCRF aborts', from: opening, on: aborted, to: closing, effects: [lost, STR] },

    { title: 'the same media are agreed on again', from: open(), on: want('audio'), to: open() },
    {
      title: 'other media are agreed on',
      from: open(),
      on: want('video'),
      to: modifying,
      effects: [aar('video', false), RESERVING],
    },
    { title: 'the call ends', from: open(), on: END, to: closing, effects: [STR] },
    { title: 'the PCRF aborts', from: open(), on: aborted, to: closing, effects: [lost, STR] },
    {
      title: 'the PCRF restarts',
      from: open(),
      on: RESTARTED,
      to: opening,
      effects: [aar('audio', true), RESERVING],
    },
    { title: 'a second answer', from: open(), on: GRANTED, to: undefined },

    { title: 'it is granted', from: modifying, on: GRANTED, to: open('video'), effects: [RESERVED] },
    { title: 'it is refused', from: modifying, on: refused(), to: open(), effects: [failed] },
    {
      title: 'it is refused and the media are yet others',
      from: { ...modifying, next: 'text' },
      on: refused(),
      to: { name: 'modifying', before: 'audio', sent: 'text' },
      effects: [aar('text', false), RESERVING],
    },
    {
      title: 'the PCRF does not know it',
      from: modifying,
      on: refused(true),
      to: { name: 'opening', sent: 'video' },
      effects: [aar('video', true), RESERVING],
    },
    { title: 'the call ends', from: modifying, on: END, to: closing, effects: [STR] },
    {
      title: 'the PCRF restarts',
      from: modifying,
      on: RESTARTED,
      to: { name: 'opening', sent: 'video' },
      effects: [aar('video', true), RESERVING],
    },

    { title: 'the PCRF has heard', from: closing, on: { type: 'ended', heard: true }, to: closed },
    { title: 'the PCRF has not heard', from: closing, on: { type: 'ended', heard: false }, to: owed },
    { title: 'a late answer', from: closing, on: GRANTED, to: undefined },
    { title: 'time is over', from: closing, on: { type: 'timer', timer: 'giveUp' }, to: closed },

    { title: 'the PCRF is back', from: owed, on: { type: 'connected' }, to: closing, effects: [STR] },
    {
      title: 'it is time to try again',
      from: owed,
      on: { type: 'timer', timer: 'retry' },
      to: closing,
      effects: [STR],
    },
    { title: 'the PCRF has forgotten it', from: owed, on: RESTARTED, to: closed },
    { title: 'time is over', from: owed, on: { type: 'timer', timer: 'giveUp' }, to: closed },
  ]);
});
