import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { isRequest } from '../../src/sip/message/message.ts';
import { startLab } from '../support/lab.ts';

/** expected.json beside the messages of RFC 4475; its legend says what the fields mean. */
interface Expected {
  readonly files: readonly {
    readonly file: string;
    readonly section: string;
    readonly expect: {
      readonly never?: readonly number[];
      readonly ok?: readonly number[];
      readonly error?: true;
      readonly liberal?: true;
      readonly ok_any?: true;
      readonly response?: null;
    };
  }[];
}

/** The users of the messages, believed without proof, so that each message meets what it is about. */
const USERS = ['user', 'caller', 'j.user', 'j_user', 'jdrosen', 'mundane', 'resource', 'watson', 'A.bell', 'UserA']
  .map((name) => `{impi: "${name}", impu: "${name}", authent_type: "none"},`)
  .join('');

/** The registrar that authenticates: this one's user has a password. */
const PASSWORD = '{impi: "j.user", impu: "j.user", pwd: "secret"},';

const folder = process.env.TORTURE_DIR;

describe('RFC 4475, the whole server', {
  skip: folder === undefined && 'TORTURE_DIR names no folder with the messages',
}, () => {
  if (folder === undefined) return;
  const read = (file: string) => readFileSync(join(folder, file));
  const { files } = JSON.parse(read('expected.json').toString()) as Expected;

  for (const { file, section, expect } of files) {
    it(`${section} ${file}`, async (t) => {
      const data = read(file);
      const lab = await startLab(t, file === 'regaut01.dat' ? PASSWORD : USERS);
      const via = /^(?:via|v)\s*:[^\r\n]*?(?::(\d+))?\s*(?:;|,|\r|$)/im.exec(data.toString('latin1'));
      const phone = await lab.phone('torture', 230, Number(via?.[1] ?? 5060));
      phone.raw(data);
      await phone.settled();
      const statuses = phone.drain().flatMap((message) => (isRequest(message) ? [] : [message.status]));
      const final = statuses.filter((status) => status >= 200);
      assert.deepEqual(lab.bugs, []);
      assert.equal(final.includes(500), false);
      if (expect.response === null) {
        assert.deepEqual(statuses, []);
        return;
      }
      if (expect.ok_any) return;
      assert.equal(final.length, 1, `one final response, not ${final}`);
      const [status = 0] = final;
      assert.equal(expect.never?.includes(status) ?? false, false, `${status}`);
      if (expect.ok !== undefined && !expect.liberal) assert.ok(expect.ok.includes(status), `${status}`);
      if (expect.error) assert.ok(status >= 400, `${status}`);
    });
  }
});
