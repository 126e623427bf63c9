/** What the benchmark found, as a table. */

export interface Result {
  readonly name: string;
  readonly value: number;
  /** `µs` is CPU time of one operation. */
  readonly unit: 'µs' | 'ms' | 's' | 'MiB';
  /** The same with the least Node can do for it: as many datagrams through bare sockets. */
  readonly floor?: number;
}

export interface Section {
  readonly title: string;
  readonly results: readonly Result[];
}

const HEADINGS = ['', 'each', 'per CPU-second', '× floor'];

/** Columns under a line for each section, or a table of Markdown. */
export function printTable(sections: readonly Section[], markdown: boolean): string {
  return markdown ? printMarkdown(sections) : printColumns(sections);
}

function printColumns(sections: readonly Section[]): string {
  const rows = sections.flatMap(({ title, results }) => [[title, ...HEADINGS.slice(1)], ...results.map(cells)]);
  const widths = HEADINGS.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) => row.map((cell, column) => pad(cell, widths[column] ?? 0, column)).join('  ');
  return sections
    .map(({ title, results }) => {
      const heading = line([title, ...HEADINGS.slice(1)]);
      return [heading, '-'.repeat(heading.length), ...results.map((result) => line(cells(result)).trimEnd())].join(
        '\n',
      );
    })
    .join('\n\n');
}

function printMarkdown(sections: readonly Section[]): string {
  const rows = [HEADINGS, ['---', '--:', '--:', '--:'], ...sections.flatMap(({ results }) => results.map(cells))];
  return rows.map((row) => `| ${row.join(' | ')} |`).join('\n');
}

function cells({ name, value, unit, floor }: Result): string[] {
  const rate = unit === 'µs' ? Math.round(1_000_000 / value).toLocaleString('en') : '';
  const ratio = floor === undefined ? '' : (value / floor).toFixed(1);
  return [name, `${value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0)} ${unit}`, rate, ratio];
}

/** Names to the left, figures to the right. */
function pad(cell: string, width: number, column: number): string {
  return column === 0 ? cell.padEnd(width) : cell.padStart(width);
}
