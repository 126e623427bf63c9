import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { printTable, wrap } from '../../src/control/table.ts';

const ROWS = [
  { name: 'a-long-name-of-a-user', calls: 3 },
  { name: 'short', calls: 12 },
];
const COLUMNS = [
  { title: 'Name', cell: (row: (typeof ROWS)[number]) => row.name, flexible: true },
  { title: 'Calls', cell: (row: (typeof ROWS)[number]) => row.calls },
];

describe('tables', () => {
  it('align columns at the right under their titles', () => {
    assert.deepEqual(printTable(COLUMNS, ROWS, Number.POSITIVE_INFINITY), {
      header: '                 Name  Calls',
      lines: ['a-long-name-of-a-user      3', '                short     12'],
    });
  });

  it('cut flexible columns where the terminal is narrow', () => {
    assert.deepEqual(printTable(COLUMNS, ROWS, 17), {
      header: '      Name  Calls',
      lines: ['a-long-na…      3', '     short     12'],
    });
  });

  it('never cut a title or another column', () => {
    assert.equal(printTable(COLUMNS, ROWS, 1).header, 'Name  Calls');
    assert.deepEqual(printTable(COLUMNS, ROWS, 1).lines, ['a-l…      3', 'sho…     12']);
  });

  it('break long lines at blanks', () => {
    assert.deepEqual(wrap('  one two three', 11), ['  one two', '        three']);
    assert.deepEqual(wrap('one  two', 80), ['one  two']);
    assert.deepEqual(wrap('unbreakable', 4), ['unbreakable']);
    assert.deepEqual(wrap('', 80), ['']);
  });
});
