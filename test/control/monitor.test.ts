import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { afterEach, describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { stripVTControlCharacters } from 'node:util';
import type { Actions } from '../../src/control/actions.ts';
import { type Monitor, startMonitor } from '../../src/control/monitor.ts';
import { fakeActions } from './fake-actions.ts';

const HINT = 'Type quit or press Ctrl-C to stop the program';

let running: Monitor | undefined;
afterEach(() => running?.close());

/** A monitor on streams; `type` gives it input and returns what it answered. */
function start(terminal: boolean, changes: Partial<Actions> = {}, columns?: number) {
  const { actions, asked } = fakeActions();
  const input = new PassThrough();
  const output = Object.assign(new PassThrough(), columns === undefined ? {} : { columns });
  const monitor = startMonitor({ actions: { ...actions, ...changes }, input, output, terminal });
  running = monitor;
  const read = (): string => {
    // Newer versions of Node.js give one chunk at a time.
    let text = '';
    for (let chunk = output.read(); chunk !== null; chunk = output.read()) text += String(chunk);
    return text;
  };
  const type = async (text: string): Promise<string> => {
    input.write(text);
    await turn();
    await turn();
    return read();
  };
  return { monitor, input, output, asked, read, type };
}

describe('monitor through a pipe', () => {
  it('runs the lines without a prompt or an echo', async () => {
    const { type, asked } = start(false);
    assert.equal(await type('log\nlog time=full\n\n'), 'all.level=error, time=short\n'.repeat(2));
    assert.deepEqual(asked, ['log time=full']);
  });

  it('goes on writing after the end of its input, which ends nothing', async () => {
    const { input, monitor, read, asked, type } = start(false);
    await type('log');
    input.end();
    await turn();
    await turn();
    assert.equal(read(), 'all.level=error, time=short\n');
    monitor.print('Warning: later');
    assert.equal(read(), 'Warning: later\n');
    assert.deepEqual(asked, []);
  });

  it('says what is wrong with a line and reads on', async () => {
    const { type } = start(false);
    assert.match(await type('usres\n'), /^Error: unknown command 'usres'.*users/);
    assert.match(await type('log wrong\n'), /^Error: wrong: an assignment has the form/);
    assert.equal(await type('log "open\n'), 'Error: a " is not closed\n');
    assert.equal(await type('log\n'), 'all.level=error, time=short\n');
  });

  it('survives a command that throws', async () => {
    const { type } = start(false, {
      users: () => {
        throw new TypeError('bug');
      },
    });
    assert.equal(await type('users\nlog\n'), 'Error: the command failed: bug\nall.level=error, time=short\n');
  });

  it('lets nothing a peer chose steer the terminal', async () => {
    const { type } = start(false, {
      users: () => [{ impi: 'a\u001b[2J', impus: [], state: 'x', bindings: [], dialogs: 0, sms: 0 }],
    });
    assert.match(await type('users\n'), /a\.\[2J/);
  });

  it('does nothing more once it is closed', async () => {
    const { type, monitor, asked } = start(false);
    monitor.close();
    assert.equal(await type('log time=sec\n'), '');
    assert.deepEqual(asked, []);
  });

  it('survives an output that is gone', async () => {
    const { type, output, monitor } = start(false);
    output.destroy(new Error('EPIPE'));
    await turn();
    monitor.print('nobody reads this');
    await type('log\n');
  });
});

describe('monitor on a terminal', () => {
  /** What stands on the screen's last line. */
  const lastLine = (text: string): string =>
    stripVTControlCharacters(text).split(/\r?\n/).at(-1)?.replace(/\r/g, '') ?? '';

  it('prompts, runs and prompts again', async () => {
    const { read, type, asked } = start(true);
    assert.equal(lastLine(read()), '(ims) ');
    const answer = await type('log time=sec\r');
    assert.match(stripVTControlCharacters(answer), /all\.level=error, time=short\n/);
    assert.equal(lastLine(answer), '(ims) ');
    await type('quit\r');
    assert.deepEqual(asked, ['log time=sec', 'quit']);
  });

  it('keeps a history', async () => {
    const { type, asked } = start(true);
    await type('log time=sec\r');
    await type('\u001b[A\r');
    assert.deepEqual(asked, ['log time=sec', 'log time=sec']);
  });

  it('completes commands and arguments', async () => {
    const { type, asked } = start(true);
    // One by one: tabs inside a pasted text complete nothing.
    for (const typed of ['lo', '\t', 'si', '\t', 'lev', '\t', 'deb', '\t', '\r']) await type(typed);
    assert.deepEqual(asked, ['log sip.level=debug']);
    await type('users tel:6');
    assert.match(await type('\t'), /00$/);
  });

  it('prints the daemon’s lines above what is being typed', async () => {
    const { monitor, read, type, asked } = start(true);
    await type('log ti');
    monitor.print('Warning: the disk is full');
    const shown = read();
    assert.match(stripVTControlCharacters(shown), /^Warning: the disk is full\n/);
    assert.equal(lastLine(shown), '(ims) log ti');
    await type('me=sec\r');
    assert.deepEqual(asked, ['log time=sec']);
  });

  it('clears every row a long line has before printing', async () => {
    const { monitor, read, type } = start(true, {}, 20);
    await type('log '.padEnd(45, 'x'));
    monitor.print('line');
    // Up the two rows the text was wrapped by, to the left, clear below.
    assert.ok(read().startsWith('\u001b[2A\u001b[1G\u001b[0Jline\n\u001b[1G\u001b[0J(ims) log'));
    monitor.print('next');
    assert.ok(read().startsWith('\u001b[2A\u001b[1G\u001b[0Jnext\n\u001b[1G\u001b[0J(ims) log'));
  });

  it('prints between the lines of a command that runs', async () => {
    const started = start(true, {
      users: () => {
        started.monitor.print('Warning: in between');
        return [];
      },
    });
    assert.match(await started.type('users\r'), /\nWarning: in between\nNo users\n[^\n]*$/);
  });

  it('quits at Ctrl-C', async () => {
    const { type, asked } = start(true);
    await type('log\u0003');
    assert.deepEqual(asked, ['quit']);
  });

  it('hints at Ctrl-D and goes on, history included', async () => {
    const { type, asked } = start(true);
    await type('log time=sec\r');
    const shown = await type('\u0004');
    assert.match(stripVTControlCharacters(shown), new RegExp(HINT));
    assert.equal(lastLine(shown), '(ims) ');
    await type('\u001b[A\r');
    assert.match(stripVTControlCharacters(await type('\u0004')), new RegExp(HINT));
    assert.deepEqual(asked, ['log time=sec', 'log time=sec']);
  });

  it('leaves when the terminal is gone, and the daemon goes on', async () => {
    const { input, read, monitor, asked } = start(true);
    input.end();
    await turn();
    await turn();
    assert.doesNotMatch(read(), new RegExp(HINT));
    monitor.print('still here');
    assert.equal(read(), 'still here\n');
    assert.deepEqual(asked, []);
  });
});
