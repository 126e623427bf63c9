import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { MalformedError } from '../../src/core/errors.ts';
import type { Flow } from '../../src/core/flow.ts';
import { silent } from '../../src/core/logger.ts';
import { FLOW_COLUMNS, flowOf } from '../../src/store/flow-columns.ts';
import type { Row, TableDefinition, Value } from '../../src/store/persistence.ts';
import { openStateFile } from '../../src/store/state-file/open.ts';
import type { StateFile } from '../../src/store/state-file/state-file.ts';
import { STATE_SCHEMA } from '../../src/store/state-schema.ts';
import { FakeClock } from '../support/fake-clock.ts';

const CLEAR: Flow = {
  transport: 'TCP',
  local: { address: '192.0.2.1', port: 5060 },
  bound: { address: '10.0.0.1', port: 5060 },
  remote: { address: '2001:db8::9', port: 40_000 },
  listeningPort: 5060,
};
const PROTECTED: Flow = {
  transport: 'UDP',
  local: { address: '192.0.2.1', port: 5062 },
  remote: { address: '192.0.2.9', port: 40_001 },
  protected: { association: 12, set: 34 },
};

function rowOf(flow: Flow): Row {
  return Object.fromEntries(Object.entries(FLOW_COLUMNS).map(([name, column]) => [name, column({ flow })]));
}

interface Kept {
  readonly key: string;
  readonly flow: Flow;
}

/** The table as far as flows go; the other columns hold what the schema wants at least. */
function tableOf(name: 'binding' | 'subscription', without: readonly string[] = []): TableDefinition<Kept> {
  const flow = Object.entries(FLOW_COLUMNS).filter(([column]) => !without.includes(column));
  const others: { readonly [column: string]: Value } =
    name === 'binding'
      ? {
          id: 'i',
          contact: 'c',
          q: 1,
          identity: 'i',
          call_id: 'c',
          cseq: 1,
          expires_at: 1,
          registered_at: 1,
          event: 'e',
        }
      : { local_party: 'l', impi: 'i', remote_party: 'r', routes: 'r', target: 't', local_cseq: 1, expires_at: 1 };
  const more: { readonly [column: string]: Value } =
    name === 'binding' ? { path: 'p', features: 'f' } : { granted: 1, version: 1, untold: 0 };
  return {
    name,
    key: 2,
    columns: {
      [name === 'binding' ? 'impi' : 'call_id']: ({ key }) => key,
      ...Object.fromEntries(Object.entries({ ...others, ...more }).map(([column, value]) => [column, () => value])),
      ...Object.fromEntries(flow.map(([column, read]) => [column, (kept: Kept) => read(kept)])),
    },
  };
}

function bed(t: TestContext): (schema?: readonly string[]) => Promise<StateFile> {
  const folder = mkdtempSync(join(tmpdir(), 'lteims-flow-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const onBug = (error: unknown) => assert.ifError(error);
  const parts = { clock: new FakeClock(), logger: silent, onBug, defer: (run: () => void) => void setImmediate(run) };
  return (schema) => openStateFile(join(folder, 'state.db'), parts, schema);
}

function flowsIn(file: StateFile, name: 'binding' | 'subscription'): Flow[] {
  const flows: Flow[] = [];
  file.table(tableOf(name)).restore((row) => {
    flows.push(flowOf(row));
    return true;
  });
  return flows;
}

describe('a flow in the state file', () => {
  it('comes back as it was in clear', () => {
    assert.deepEqual(flowOf(rowOf(CLEAR)), CLEAR);
    assert.deepEqual(flowOf(rowOf({ ...CLEAR, connection: 7 })), CLEAR);
  });

  it('comes back with its association, in no set that there is', () => {
    assert.deepEqual(flowOf(rowOf(PROTECTED)), { ...PROTECTED, protected: { association: 12, set: 0 } });
  });

  it('is refused with an association that is none', () => {
    for (const association of ['12', -1, 1.5]) {
      assert.throws(() => flowOf({ ...rowOf(PROTECTED), association }), MalformedError);
    }
  });

  for (const name of ['binding', 'subscription'] as const) {
    it(`survives a restart in table ${name}`, async (t) => {
      const open = bed(t);
      const first = await open();
      first.table(tableOf(name)).put({ key: 'a', flow: PROTECTED });
      first.table(tableOf(name)).put({ key: 'b', flow: CLEAR });
      first.close();
      const second = await open();
      t.after(() => second.close());
      assert.deepEqual(flowsIn(second, name), [{ ...PROTECTED, protected: { association: 12, set: 0 } }, CLEAR]);
    });

    it(`is in clear in table ${name} of a file from before there were associations`, async (t) => {
      const open = bed(t);
      const first = await open(STATE_SCHEMA.slice(0, 1));
      first.table(tableOf(name, ['association'])).put({ key: 'a', flow: CLEAR });
      first.close();
      const second = await open();
      assert.deepEqual(flowsIn(second, name), [CLEAR]);
      second.table(tableOf(name)).put({ key: 'a', flow: PROTECTED });
      second.close();
      const third = await open();
      t.after(() => third.close());
      assert.deepEqual(flowsIn(third, name)[0]?.protected, { association: 12, set: 0 });
    });
  }
});
