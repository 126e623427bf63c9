import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import fc from 'fast-check';
import { silent } from '../../src/core/logger.ts';
import type { Row, TableDefinition, Value } from '../../src/store/persistence.ts';
import { textOf } from '../../src/store/row.ts';
import { openDatabase } from '../../src/store/state-file/database.ts';
import { openStateFile } from '../../src/store/state-file/open.ts';
import { StateFile } from '../../src/store/state-file/state-file.ts';
import { FakeClock } from '../support/fake-clock.ts';

const SCHEMA = ['CREATE TABLE thing (name TEXT NOT NULL PRIMARY KEY, value) WITHOUT ROWID'];

interface Thing {
  readonly name: string;
  readonly value: Value;
}

const THINGS: TableDefinition<Thing> = {
  name: 'thing',
  key: 1,
  columns: { name: ({ name }) => name, value: ({ value }) => value },
};

/** A state file whose turns end when the test says so. */
class Bed {
  readonly path: string;
  readonly clock = new FakeClock();
  readonly errors: string[] = [];
  readonly bugs: unknown[] = [];
  readonly #deferred: (() => void)[] = [];
  readonly #t: TestContext;

  constructor(t: TestContext) {
    const folder = mkdtempSync(join(tmpdir(), 'lteims-state-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    this.path = join(folder, 'state.db');
    this.#t = t;
  }

  get parts() {
    const keep = (message: string | (() => string)) => {
      this.errors.push(typeof message === 'string' ? message : message());
    };
    return {
      clock: this.clock,
      logger: { ...silent, error: keep },
      onBug: (error: unknown) => void this.bugs.push(error),
      defer: (run: () => void) => void this.#deferred.push(run),
    };
  }

  async open(schema: readonly string[] = SCHEMA, path = this.path): Promise<StateFile> {
    const file = await openStateFile(path, this.parts, schema);
    this.#t.after(() => file.close());
    return file;
  }

  /** What a server finds that starts now, with what is on disk now. */
  async onDisk(): Promise<Row[]> {
    const copy = `${this.path}.copy`;
    for (const ending of ['', '-wal']) {
      rmSync(copy + ending, { force: true });
      if (existsSync(this.path + ending)) copyFileSync(this.path + ending, copy + ending);
    }
    const file = await this.open(SCHEMA, copy);
    const found = rowsOf(file);
    file.close();
    return found;
  }

  endTurn(): void {
    for (const run of this.#deferred.splice(0)) run();
  }

  /** Files beside the state file that hold what was moved aside. */
  get aside(): readonly string[] {
    return readdirSync(join(this.path, '..')).filter((name) => name.startsWith('state.db.damaged-'));
  }
}

function rowsOf(file: StateFile): Row[] {
  const rows: Row[] = [];
  file.table(THINGS).restore((row) => {
    rows.push(row);
    return true;
  });
  return rows;
}

/** A file with these things, as a server leaves it that stops. */
async function filled(bed: Bed, ...things: readonly Thing[]): Promise<void> {
  const file = await bed.open();
  const table = file.table(THINGS);
  for (const thing of things) table.put(thing);
  file.close();
}

describe('a state file', () => {
  it('keeps every kind of value', async (t) => {
    const bed = new Bed(t);
    const octets = Uint8Array.from([0, 255, 128]);
    const values: readonly Value[] = ['', 'Zoë \u0000 \ufeff €', 2 ** 48 - 1, -1, 0.25, null, octets];
    await filled(bed, ...values.map((value, at) => ({ name: `v${at}`, value })));
    const found = rowsOf(await bed.open()).map(({ value }) => (value instanceof Uint8Array ? [...value] : value));
    assert.deepEqual(
      found,
      values.map((value) => (value instanceof Uint8Array ? [...value] : value)),
    );
  });

  it('keeps any text', async (t) => {
    const bed = new Bed(t);
    const file = await bed.open();
    const table = file.table(THINGS);
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (name, value) => {
        table.put({ name, value });
        bed.endTurn();
        assert.ok(rowsOf(file).some((row) => row.name === name && row.value === value));
        table.delete({ name, value });
        bed.endTurn();
        assert.deepEqual(rowsOf(file), []);
      }),
      { numRuns: 100 },
    );
  });

  it('keeps the last of several changes of a row', async (t) => {
    const bed = new Bed(t);
    const file = await bed.open();
    const table = file.table(THINGS);
    table.put({ name: 'a', value: 1 });
    table.put({ name: 'a', value: 2 });
    table.put({ name: 'b', value: 1 });
    table.delete({ name: 'b', value: 1 });
    table.delete({ name: 'c', value: 1 });
    table.put({ name: 'c', value: 3 });
    file.close();
    assert.deepEqual(rowsOf(await bed.open()), [
      { name: 'a', value: 2 },
      { name: 'c', value: 3 },
    ]);
  });

  it('drops rows that are of no use, and those that cannot be read', async (t) => {
    const bed = new Bed(t);
    await filled(bed, { name: 'useless', value: 'x' }, { name: 'wrong', value: 5 }, { name: 'good', value: 'x' });
    const file = await bed.open();
    file.table(THINGS).restore((row) => textOf(row, 'value') === 'x' && row.name !== 'useless');
    bed.endTurn();
    assert.deepEqual(rowsOf(file), [{ name: 'good', value: 'x' }]);
  });

  it('drops a text that is no UTF-8', async (t) => {
    const bed = new Bed(t);
    await filled(bed, { name: 'marked', value: 'x' }, { name: 'good', value: 'x' });
    const octets = readFileSync(bed.path);
    octets[octets.indexOf('marked')] = 0xff;
    writeFileSync(bed.path, octets);
    const file = await bed.open();
    file.table(THINGS).restore((row) => textOf(row, 'name') !== '');
    bed.endTurn();
    assert.deepEqual(rowsOf(file), [{ name: 'good', value: 'x' }]);
  });

  it('leaves a row out that cannot be made, and keeps the others', async (t) => {
    const bed = new Bed(t);
    const file = await bed.open();
    const table = file.table<Thing>({
      ...THINGS,
      columns: {
        name: ({ name }) => name,
        value: ({ value }) => {
          if (value === 'bad') throw new Error('bad');
          return value;
        },
      },
    });
    table.put({ name: 'a', value: 'bad' });
    table.put({ name: 'b', value: 'good' });
    bed.endTurn();
    assert.deepEqual(rowsOf(file), [{ name: 'b', value: 'good' }]);
    assert.equal(bed.bugs.length, 1);
  });
});

describe('what waits for a commit', () => {
  it('happens at once when nothing is to be committed', async (t) => {
    const file = await new Bed(t).open();
    let happened = false;
    file.afterCommit(() => {
      happened = true;
    });
    assert.ok(happened);
  });

  it('waits for changes that were announced and come after it was asked for', async (t) => {
    const bed = new Bed(t);
    const file = await bed.open();
    const table = file.table(THINGS);
    const found: Promise<Row[]>[] = [];
    file.expectChange();
    file.afterCommit(() => found.push(bed.onDisk()));
    table.put({ name: 'a', value: 1 });
    assert.equal(found.length, 0);
    bed.endTurn();
    assert.deepEqual(await found[0], [{ name: 'a', value: 1 }]);
  });

  it('happens at the end of the turn, in order, when the changes are on disk', async (t) => {
    const bed = new Bed(t);
    const file = await bed.open();
    const table = file.table(THINGS);
    const seen: string[] = [];
    let found: Promise<Row[]> | undefined;
    table.put({ name: 'a', value: 1 });
    file.afterCommit(() => {
      seen.push('first');
      found = bed.onDisk();
    });
    table.put({ name: 'b', value: 2 });
    file.afterCommit(() => seen.push('second'));
    assert.deepEqual(seen, []);
    assert.deepEqual(await bed.onDisk(), []);
    bed.endTurn();
    assert.deepEqual(seen, ['first', 'second']);
    assert.deepEqual(await found, [
      { name: 'a', value: 1 },
      { name: 'b', value: 2 },
    ]);
  });

  it('happens when the file is closed', async (t) => {
    const bed = new Bed(t);
    const file = await bed.open();
    let happened = false;
    file.table(THINGS).put({ name: 'a', value: 1 });
    file.afterCommit(() => {
      happened = true;
    });
    file.close();
    assert.ok(happened);
    bed.endTurn();
    assert.equal((await bed.onDisk()).length, 1);
  });

  it('happens in order when one asks for another', async (t) => {
    const bed = new Bed(t);
    const file = await bed.open();
    const table = file.table(THINGS);
    const seen: string[] = [];
    table.put({ name: 'a', value: 1 });
    file.afterCommit(() => {
      seen.push('first');
      file.afterCommit(() => seen.push('third'));
      table.put({ name: 'b', value: 1 });
      file.afterCommit(() => seen.push('of the next turn'));
    });
    file.afterCommit(() => seen.push('second'));
    bed.endTurn();
    assert.deepEqual(seen, ['first', 'second', 'third']);
    bed.endTurn();
    assert.deepEqual(seen.slice(3), ['of the next turn']);
  });

  it('happens although another throws', async (t) => {
    const bed = new Bed(t);
    const file = await bed.open();
    let happened = false;
    file.table(THINGS).put({ name: 'a', value: 1 });
    file.afterCommit(() => {
      throw new Error('of a test');
    });
    file.afterCommit(() => {
      happened = true;
    });
    bed.endTurn();
    assert.ok(happened);
    assert.equal(bed.bugs.length, 1);
  });

  it('happens on a disk that refuses, which is said once; what changed meanwhile is written later', async (t) => {
    const bed = new Bed(t);
    (await bed.open()).close();
    const { default: library } = await import('libsql');
    const connection = openDatabase(library, bed.path, SCHEMA);
    let full = false;
    const flaky = new Proxy(connection, {
      get(target, name) {
        if (name === 'exec' && full) {
          return (sql: string) => {
            if (sql === 'COMMIT') throw Object.assign(new Error('full'), { code: 'SQLITE_FULL' });
            return target.exec(sql);
          };
        }
        const value: unknown = Reflect.get(target, name);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    const file = new StateFile(bed.path, flaky, bed.parts);
    t.after(() => file.close());
    const table = file.table(THINGS);
    let happened = 0;
    const change = (name: string) => {
      table.put({ name, value: 1 });
      file.afterCommit(() => happened++);
      bed.endTurn();
    };
    full = true;
    change('a');
    change('b');
    bed.clock.advance(5000);
    assert.equal(happened, 2);
    assert.equal(bed.errors.length, 1);
    assert.deepEqual(await bed.onDisk(), []);
    full = false;
    bed.clock.advance(1000);
    assert.equal((await bed.onDisk()).length, 2);
    change('c');
    assert.equal((await bed.onDisk()).length, 3);
    assert.equal(bed.clock.waiting, 0);
  });
});

describe('the place of a state file', () => {
  it('is for its user only', async (t) => {
    const bed = new Bed(t);
    const mode = (path: string) => statSync(path).mode & 0o777;
    const file = await bed.open();
    file.table(THINGS).put({ name: 'a', value: 1 });
    bed.endTurn();
    for (const name of readdirSync(join(bed.path, '..'))) assert.equal(mode(join(bed.path, '..', name)), 0o600, name);
    file.close();
    chmodSync(bed.path, 0o644);
    await bed.open();
    assert.equal(mode(bed.path), 0o600);
  });

  it('is one file when the server has stopped', async (t) => {
    const bed = new Bed(t);
    await filled(bed, { name: 'a', value: 1 });
    assert.deepEqual(readdirSync(join(bed.path, '..')), ['state.db']);
  });

  it('is for one server', async (t) => {
    const bed = new Bed(t);
    const file = await bed.open();
    await assert.rejects(bed.open(), /state\.db .*another process has it/);
    file.table(THINGS).put({ name: 'a', value: 1 });
    file.close();
    assert.equal(rowsOf(await bed.open()).length, 1);
  });

  it('is said to be wrong in words, and nothing is made there', async (t) => {
    const bed = new Bed(t);
    const folder = join(bed.path, '..');
    await assert.rejects(bed.open(SCHEMA, join(folder, 'no', 'state.db')), /there is no folder .*no: create it/);
    mkdirSync(join(folder, 'folder'));
    await assert.rejects(bed.open(SCHEMA, join(folder, 'folder')), /no file/);
    writeFileSync(join(folder, 'plain'), '');
    await assert.rejects(bed.open(SCHEMA, join(folder, 'plain', 'state.db')), /there is no folder/);
    assert.deepEqual(readdirSync(folder).sort(), ['folder', 'plain']);
  });

  it('is said to be out of reach for another user', (t) => {
    if (process.getuid?.() !== 0) {
      t.skip('skipped: needs root, to be somebody else');
      return;
    }
    const bed = new Bed(t);
    chmodSync(join(bed.path, '..'), 0o755);
    const program = `
      process.setgid(65534); process.setuid(65534);
      const { preparePlace, unusable } = await import(${JSON.stringify(new URL('../../src/store/state-file/place.js', import.meta.url).href)});
      try { preparePlace(process.argv[1]); } catch (error) { console.log(unusable(process.argv[1], error).message); }`;
    const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', program, bed.path], {
      encoding: 'utf8',
    });
    assert.match(stdout, /this user may not write there/);
  });
});

describe('the version of a state file', () => {
  const NEXT = [...SCHEMA, "ALTER TABLE thing ADD COLUMN colour TEXT NOT NULL DEFAULT 'red'"];

  it('is lifted, and its rows stay', async (t) => {
    const bed = new Bed(t);
    await filled(bed, { name: 'a', value: 1 });
    const rows: Row[] = [];
    const file = await bed.open(NEXT);
    const coloured: TableDefinition<Thing> = { ...THINGS, columns: { ...THINGS.columns, colour: () => 'blue' } };
    file.table(coloured).restore((row) => rows.push(row) > 0);
    assert.deepEqual(rows, [{ name: 'a', value: 1, colour: 'red' }]);
    file.close();
    (await bed.open(NEXT)).close();
    assert.deepEqual(bed.aside, []);
  });

  it('is not lowered: the file is left as it is', async (t) => {
    const bed = new Bed(t);
    (await bed.open(NEXT)).close();
    const before = readFileSync(bed.path);
    await assert.rejects(bed.open(), /version 2 and this program knows 1/);
    assert.deepEqual(readFileSync(bed.path), before);
    assert.deepEqual(bed.aside, []);
    (await bed.open(NEXT)).close();
  });

  it('is lifted whole or not at all', async (t) => {
    const bed = new Bed(t);
    await filled(bed, { name: 'a', value: 1 });
    await assert.rejects(bed.open([...NEXT, 'CREATE TABLE thing (x)']));
    assert.equal(bed.aside.length, 1);
    copyFileSync(join(bed.path, '..', bed.aside[0] ?? ''), bed.path);
    assert.deepEqual(rowsOf(await bed.open()), [{ name: 'a', value: 1 }]);
  });
});

describe('a damaged state file', () => {
  /** Opens it; rows that are read at all are rows of the table, and new ones are kept. */
  async function openDamaged(bed: Bed, octets: Uint8Array): Promise<'moved' | 'whole' | 'newer'> {
    for (const name of bed.aside) rmSync(join(bed.path, '..', name));
    writeFileSync(bed.path, octets);
    bed.errors.length = 0;
    let file: StateFile;
    try {
      file = await bed.open();
    } catch (error) {
      // One of the bits of the version itself.
      assert.match(String(error), /this program knows 1/);
      return 'newer';
    }
    file.table(THINGS).put({ name: 'later', value: 'x' });
    file.close();
    const again = await bed.open();
    assert.ok(rowsOf(again).some(({ name }) => name === 'later'));
    again.close();
    if (bed.aside.length === 0) return 'whole';
    assert.deepEqual(readFileSync(join(bed.path, '..', bed.aside[0] ?? '')), Buffer.from(octets));
    assert.equal(bed.errors.length, 1);
    assert.match(bed.errors[0] ?? '', /state\.db is damaged: .*; kept as .*state\.db\.damaged-.*, begun anew/);
    return 'moved';
  }

  async function original(bed: Bed): Promise<Buffer> {
    await filled(bed, ...Array.from({ length: 100 }, (_, at) => ({ name: `thing ${at}`, value: 'x'.repeat(at) })));
    return readFileSync(bed.path);
  }

  it('is moved aside with an error, and an empty one takes its place: other content', async (t) => {
    const bed = new Bed(t);
    for (const text of ['no database at all\n'.repeat(100), 'xy', '{"users": []}']) {
      assert.equal(await openDamaged(bed, Buffer.from(text)), 'moved');
    }
  });

  it('is moved aside: a database of another program', async (t) => {
    const bed = new Bed(t);
    const { default: library } = await import('libsql');
    const other = new library(bed.path);
    other.exec('CREATE TABLE letters (text); INSERT INTO letters VALUES (1)');
    other.close();
    assert.equal(await openDamaged(bed, readFileSync(bed.path)), 'moved');
  });

  it('is moved aside: cut short', async (t) => {
    const bed = new Bed(t);
    const octets = await original(bed);
    for (const length of [2, 15, 16, 99, 100, 512, 4095, 4096, 5000, octets.length - 4096, octets.length - 1]) {
      assert.equal(await openDamaged(bed, octets.subarray(0, length)), 'moved', `${length} octets`);
    }
    assert.equal(await openDamaged(bed, octets.subarray(0, 0)), 'whole');
  });

  it('is moved aside or read, wherever a bit has flipped', async (t) => {
    const bed = new Bed(t);
    const octets = await original(bed);
    const seen = new Set<string>();
    const position = fc.oneof(fc.nat(120), fc.integer({ min: 3900, max: 4300 }), fc.nat(octets.length - 1));
    await fc.assert(
      fc.asyncProperty(position, fc.nat(7), async (at, bit) => {
        const flipped = Buffer.from(octets);
        flipped[at] = (flipped[at] ?? 0) ^ (1 << bit);
        seen.add(await openDamaged(bed, flipped));
      }),
      {
        numRuns: 80,
        examples: [
          [0, 0],
          [octets.length - 1, 0],
        ],
      },
    );
    assert.ok(seen.has('moved') && seen.has('whole'));
  });

  it('does not hide another that was moved aside in the same instant', async (t) => {
    const bed = new Bed(t);
    for (let count = 1; count <= 3; count++) {
      writeFileSync(bed.path, `damage ${count}`);
      (await bed.open()).close();
      assert.equal(bed.aside.length, count);
    }
  });

  it('is moved with the log that belongs to it', async (t) => {
    const bed = new Bed(t);
    writeFileSync(bed.path, 'x'.repeat(8192));
    writeFileSync(`${bed.path}-wal`, 'y'.repeat(8192));
    const file = await bed.open();
    file.table(THINGS).put({ name: 'a', value: 1 });
    file.close();
    assert.deepEqual(rowsOf(await bed.open()), [{ name: 'a', value: 1 }]);
  });

  it('loses no more than its last commits when its log is damaged', async (t) => {
    const bed = new Bed(t);
    const file = await bed.open();
    const table = file.table(THINGS);
    for (let count = 0; count < 50; count++) {
      table.put({ name: `thing ${String(count).padStart(2, '0')}`, value: count });
      bed.endTurn();
    }
    const database = readFileSync(bed.path);
    const log = readFileSync(`${bed.path}-wal`);
    file.close();
    for (let at = 40; at < log.length; at += 9973) {
      writeFileSync(bed.path, database);
      const flipped = Buffer.from(log);
      flipped[at] = (flipped[at] ?? 0) ^ 0x10;
      writeFileSync(`${bed.path}-wal`, flipped);
      const opened = await bed.open();
      const values = rowsOf(opened).map(({ value }) => value);
      assert.deepEqual(
        values,
        values.map((_, index) => index),
      );
      opened.close();
    }
    assert.deepEqual(bed.aside, []);
  });
});
