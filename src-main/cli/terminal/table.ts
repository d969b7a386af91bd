/** Tables for people: as wide as what is in them, never wider than the terminal. */
import { fit, widthOf } from './width.ts';
import type { Style } from './style.ts';

export interface Column<T> {
  title: string;
  /** One line, foreign text already cleaned; may be coloured. */
  value: (row: T) => string;
  /** Numbers stand at the right. */
  right?: boolean;
  /** Gives up width first where the terminal is too narrow. */
  flexible?: boolean;
}

const GAP = 2;
const NARROWEST = 8;

/** The first line holds the titles. */
export function tableLines<T>(
  rows: readonly T[],
  columns: readonly Column<T>[],
  style: Style,
  width: number,
): string[] {
  const cells = rows.map((row) => columns.map((column) => column.value(row)));
  const wanted = columns.map((column, i) =>
    Math.max(widthOf(column.title), ...cells.map((line) => widthOf(line[i] ?? ''))),
  );
  const widths = squeezed(
    wanted,
    columns.map((column) => column.flexible === true),
    width,
  );
  const line = (texts: readonly string[]): string =>
    texts
      .map((text, i) => {
        const room = widths[i] ?? 0;
        const cell = fit(text, room, style.signs.ellipsis);
        return columns[i]?.right === true ? ' '.repeat(room - widthOf(cell.trimEnd())) + cell.trimEnd() : cell;
      })
      .join(' '.repeat(GAP))
      .trimEnd();
  return [style.paint('dim', line(columns.map((column) => column.title))), ...cells.map(line)];
}

function squeezed(wanted: readonly number[], flexible: readonly boolean[], width: number): number[] {
  const widths = [...wanted];
  let over = widths.reduce((sum, one) => sum + one + GAP, -GAP) - width;
  for (const [i, one] of widths.entries()) {
    if (over <= 0) break;
    if (!flexible[i]) continue;
    const cut = Math.min(over, Math.max(0, one - NARROWEST));
    widths[i] = one - cut;
    over -= cut;
  }
  return widths;
}
