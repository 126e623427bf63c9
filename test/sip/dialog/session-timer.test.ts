import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  acceptSession,
  agreedSession,
  askSession,
  SESSION_TIMER_MACHINE,
  type SessionTimerEvent,
  type SessionTimerOptions,
  type SessionTimerState,
  wantedMinimum,
} from '../../../src/sip/dialog/session-timer.ts';
import type { HeaderValue } from '../../../src/sip/message/build.ts';
import { Headers } from '../../../src/sip/message/headers.ts';
import { EMPTY_BODY, type Request, type Response } from '../../../src/sip/message/message.ts';
import { SipError } from '../../../src/sip/message/sip-error.ts';
import { checkRows, NOW } from '../transaction/table.ts';

const off: SessionTimerState = { name: 'off' };
const running = (refresh: number | undefined, expire: number): SessionTimerState => ({
  name: 'running',
  timers: { refresh: refresh && NOW + refresh, expire: NOW + expire },
});
const ours = running(900_000, 1_768_000);
const theirs = running(undefined, 1_768_000);
const agreed = (intervalS: number, weRefresh: boolean): SessionTimerEvent => {
  return { type: 'agreed', agreement: { intervalS, weRefresh } };
};

// biome-ignore format: one row, one line
describe('a session timer', () => {
  checkRows(SESSION_TIMER_MACHINE, undefined, [
    { title: 'we refresh at half the interval (§10)', from: off, on: agreed(1800, true), to: ours },
    { title: 'the peer refreshes: ended 32 s before the interval is over', from: off, on: agreed(1800, false), to: theirs },
    { title: 'or a third of it', from: off, on: agreed(90, false), to: running(undefined, 60_000) },
    { title: 'the peer knows no session timers', from: ours, on: { type: 'agreed', agreement: undefined }, to: off },
    { title: 'refreshed by whom ever', from: running(1, 2), on: agreed(1800, true), to: ours },
    { title: 'half the interval', from: ours, on: { type: 'timer', timer: 'refresh' }, to: ours, effects: [{ type: 'refresh' }] },
    { title: 'the refresh crossed something', from: ours, on: { type: 'later', inMs: 2100 }, to: running(2100, 1_768_000) },
    { title: 'nobody refreshed', from: theirs, on: { type: 'timer', timer: 'expire' }, to: off, effects: [{ type: 'expire' }] },
    { title: 'the call is over', from: ours, on: { type: 'end' }, to: { name: 'over' } },
    { title: 'over before it began', from: off, on: { type: 'end' }, to: { name: 'over' } },
    { title: 'a late agreement', from: { name: 'over' }, on: agreed(1800, true), to: undefined },
  ]);
});

function request(lines: { readonly [name: string]: string }): Request {
  const headers = new Headers();
  for (const [name, value] of Object.entries(lines)) headers.addRaw(name, value);
  return { method: 'INVITE', uri: 'sip:x', headers, body: EMPTY_BODY };
}

function response(status: number, lines: { readonly [name: string]: string }): Response {
  return { ...request(lines), status, reason: '' };
}

/** As they stand in a message. */
function printed(values: readonly HeaderValue[]): string[] {
  return values.map(([type, value]) => `${type.name}: ${type.print(value)}`);
}

const TIMER = { Supported: '100rel, Timer' };

describe('what we answer to a session timer', () => {
  const rows: readonly (readonly [
    string,
    SessionTimerOptions,
    { [name: string]: string },
    string[],
    number,
    boolean,
  ])[] = [
    [
      'ours when none was asked for; we refresh',
      { duration: 3600 },
      TIMER,
      ['Session-Expires: 3600;refresher=uas'],
      3600,
      true,
    ],
    [
      'the shorter one',
      { duration: 3600 },
      { ...TIMER, 'Session-Expires': '1800' },
      ['Session-Expires: 1800;refresher=uas'],
      1800,
      true,
    ],
    [
      'ours when more was asked for',
      { duration: 600 },
      { ...TIMER, 'Session-Expires': '1800' },
      ['Session-Expires: 600;refresher=uas'],
      600,
      true,
    ],
    [
      'no less than Min-SE',
      { duration: 600 },
      { ...TIMER, 'Session-Expires': '1800', 'Min-SE': '1200' },
      ['Session-Expires: 1200;refresher=uas'],
      1200,
      true,
    ],
    [
      'who refreshes is for the peer to say',
      { duration: 3600, refresher: 'uas' },
      { ...TIMER, 'Session-Expires': '1800;refresher=uac' },
      ['Session-Expires: 1800;refresher=uac', 'Require: timer'],
      1800,
      false,
    ],
    [
      'and where it does not, for the setting',
      { duration: 3600, refresher: 'uac' },
      { ...TIMER, 'Session-Expires': '1800' },
      ['Session-Expires: 1800;refresher=uac', 'Require: timer'],
      1800,
      false,
    ],
    [
      'compact form',
      { duration: 3600 },
      { k: 'timer', x: '300;refresher=UAC' },
      ['Session-Expires: 300;refresher=uac', 'Require: timer'],
      300,
      false,
    ],
  ];
  for (const [title, options, lines, headers, intervalS, weRefresh] of rows) {
    it(title, () => {
      const accepted = acceptSession(request(lines), options);
      assert.deepEqual(printed(accepted.headers), headers);
      assert.deepEqual(accepted.agreement, { intervalS, weRefresh });
    });
  }

  it('nothing, to who does not know them or where they are off', () => {
    const nothing = { agreement: undefined, headers: [] };
    assert.deepEqual(acceptSession(request({ 'Session-Expires': '1800' }), { duration: 3600 }), nothing);
    assert.deepEqual(acceptSession(request({ ...TIMER, 'Session-Expires': '1800' }), { duration: 0 }), nothing);
  });

  it('422 with Min-SE to one that is too short', () => {
    assert.throws(
      () => acceptSession(request({ ...TIMER, 'Session-Expires': '100' }), { duration: 3600, min: 300 }),
      (error) => {
        assert.ok(error instanceof SipError);
        const { headers } = error.applyTo(response(error.status, {}));
        return error.status === 422 && headers.raw('Min-SE') === '300';
      },
    );
    assert.equal(acceptSession(request({ 'Session-Expires': '30' }), { duration: 3600 }).agreement, undefined);
  });
});

describe('the session timer that we ask for', () => {
  it('is the setting', () => {
    assert.deepEqual(printed(askSession({ duration: 3600 })), ['Session-Expires: 3600']);
    assert.deepEqual(printed(askSession({ duration: 3600, min: 300, refresher: 'uas' })), [
      'Session-Expires: 3600;refresher=uas',
      'Min-SE: 300',
    ]);
    assert.deepEqual(askSession({ duration: 0 }), []);
  });

  it('is as long as a 422 wants', () => {
    assert.equal(wantedMinimum(response(422, { 'Min-SE': '7200' })), 7200);
    assert.equal(wantedMinimum(response(486, { 'Min-SE': '7200' })), undefined);
    assert.deepEqual(printed(askSession({ duration: 3600 }, 7200)), ['Session-Expires: 7200', 'Min-SE: 7200']);
  });

  it('keeps interval and roles of the one before', () => {
    const present = { intervalS: 1800, weRefresh: true };
    assert.deepEqual(printed(askSession({ duration: 3600 }, 0, present)), ['Session-Expires: 1800;refresher=uac']);
    assert.deepEqual(printed(askSession({ duration: 3600 }, 0, { ...present, weRefresh: false })), [
      'Session-Expires: 1800;refresher=uas',
    ]);
  });

  it('is what the 2xx says', () => {
    const says = (value: string) => agreedSession(response(200, { 'Session-Expires': value }));
    assert.deepEqual(says('1800;refresher=uas'), { intervalS: 1800, weRefresh: false });
    assert.deepEqual(says('1800;refresher=uac'), { intervalS: 1800, weRefresh: true });
    assert.deepEqual(says('10'), { intervalS: 90, weRefresh: true });
    assert.equal(says('soon'), undefined);
    assert.equal(agreedSession(response(200, {})), undefined);
  });
});
