export interface Column<R> {
  readonly title: string;
  readonly cell: (row: R) => string | number;
  /** Takes up what width is missing: its cells are cut. */
  readonly flexible?: boolean;
}

const GAP = '  ';

/**
 * A header line and one line per row, columns right-aligned. Where `width` is too small, the widest flexible column
 * shrinks first.
 */
export function printTable<R>(
  columns: readonly Column<R>[],
  rows: readonly R[],
  width: number,
): { readonly header: string; readonly lines: readonly string[] } {
  const cells = rows.map((row) => columns.map(({ cell }) => String(cell(row))));
  const widths = columns.map(({ title }, index) =>
    cells.reduce((widest, line) => Math.max(widest, (line[index] as string).length), title.length),
  );
  shrink(columns, widths, width - GAP.length * (columns.length - 1));
  const print = (line: readonly string[]): string =>
    line.map((text, index) => cut(text, widths[index] as number).padStart(widths[index] as number)).join(GAP);
  return { header: print(columns.map(({ title }) => title)), lines: cells.map(print) };
}

/** Narrows flexible columns, never below their titles. */
function shrink<R>(columns: readonly Column<R>[], widths: number[], width: number): void {
  let excess = widths.reduce((sum, each) => sum + each, 0) - width;
  while (excess > 0) {
    let widest = -1;
    columns.forEach(({ flexible, title }, index) => {
      const spare = (widths[index] as number) > title.length;
      if (flexible && spare && (widest < 0 || (widths[index] as number) > (widths[widest] as number))) widest = index;
    });
    if (widest < 0) return;
    widths[widest] = (widths[widest] as number) - 1;
    excess--;
  }
}

function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, width - 1)}…`;
}

/** Breaks a line at blanks so that it fits; continued lines are indented by 8. Words longer than the width stay whole. */
export function wrap(line: string, width: number): string[] {
  const lines: string[] = [];
  let current = '';
  for (const word of line.match(/ *[^ ]+/g) ?? []) {
    if (current === '' || current.length + word.length <= width) current += word;
    else {
      lines.push(current);
      current = `        ${word.trimStart()}`;
    }
  }
  return [...lines, current];
}
