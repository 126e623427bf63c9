import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CommandError } from '../../src/control/command.ts';
import { commandLineReader } from '../../src/control/command-line.ts';
import { splitWords } from '../../src/control/command-words.ts';
import { COMMANDS } from '../../src/control/index.ts';

describe('words of a line', () => {
  const cases: readonly [string, readonly string[]][] = [
    ['', []],
    ['  log   sip.level=debug ', ['log', 'sip.level=debug']],
    ['sms tel:600 "two words"', ['sms', 'tel:600', 'two words']],
    [`a 'it "is" \\n'`, ['a', 'it "is" \\n']],
    ['"a \\"b\\" \\n"', ['a "b" \\n']],
    ['file.path="/var/my logs",append=1', ['file.path=/var/my logs,append=1']],
    ['a\\ b \\"', ['a b', '"']],
    ['"" x', ['', 'x']],
    ['end\\', ['end\\']],
  ];
  for (const [line, words] of cases) {
    it(JSON.stringify(line), () => assert.deepEqual(splitWords(line), words));
  }

  it('are refused with an open quote', () => {
    assert.throws(() => splitWords('sms "hello'), new CommandError('a " is not closed'));
  });
});

describe('command lines', () => {
  const read = commandLineReader();

  it('name a command and its arguments', () => {
    assert.equal(read('   '), undefined);
    assert.deepEqual(read('quit'), { command: COMMANDS.quit, args: {} });
    assert.deepEqual(read('help log'), { command: COMMANDS.help, args: { command: 'log' } });
    assert.deepEqual(read('log sip.level=debug, time=full'), {
      command: COMMANDS.log,
      args: { options: 'sip.level=debug, time=full' },
    });
    for (const line of ['--', ' -- ']) assert.equal(read(line), undefined);
    assert.deepEqual(read('? log'), { command: COMMANDS.help, args: { command: 'log' } });
    assert.deepEqual(read('log'), { command: COMMANDS.log, args: {} });
  });

  it('have options among their arguments, each line its own', () => {
    for (const line of ['mt_call -d 10 tel:600 a.sdp', 'mt_call tel:600 a.sdp --duration 10']) {
      const args = { callee: 'tel:600', sip_file: 'a.sdp', duration: '10' };
      assert.deepEqual(read(line), { command: COMMANDS.mt_call, args });
    }
    assert.deepEqual(read('mt_call tel:600'), { command: COMMANDS.mt_call, args: { callee: 'tel:600' } });
  });

  const wrong: readonly [string, RegExp][] = [
    ['usres', /unknown command 'usres'.*users/],
    ['constructor', /unknown command 'constructor'/],
    ['quit now', /too many arguments/],
    ['users a b', /too many arguments/],
    ['users -x', /unknown option '-x'/],
  ];
  for (const [line, message] of wrong) {
    it(`refuse ${line} in words`, () => {
      assert.throws(
        () => read(line),
        (error) => error instanceof CommandError && message.test(error.message) && !/^error|\n/.test(error.message),
      );
      assert.deepEqual(read('users'), { command: COMMANDS.users, args: {} });
    });
  }
});
