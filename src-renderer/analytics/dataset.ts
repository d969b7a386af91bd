/** What a chart shows, as the table beside it and the file to download have it. Pure. */

export interface DataColumn {
  id: string;
  head: string;
  /** duration: milliseconds. rate: 0–1. */
  kind: 'text' | 'count' | 'duration' | 'rate';
}

export interface DataRow {
  cells: readonly (string | number | null)[];
  /** What the first cell leads to. */
  link?: { run: string; test?: string } | { worker: string };
}

export interface Dataset {
  columns: readonly DataColumn[];
  rows: readonly DataRow[];
}

/** Comma-separated values by RFC 4180, for people's spreadsheets: texts that these would take for a formula are marked as text. */
export function csvOf({ columns, rows }: Dataset): string {
  const line = (cells: readonly (string | number | null)[]) => cells.map(csvCell).join(',');
  return [columns.map(({ id }) => id), ...rows.map(({ cells }) => cells)].map((cells) => `${line(cells)}\r\n`).join('');
}

function csvCell(cell: string | number | null): string {
  if (cell === null) return '';
  if (typeof cell === 'number') return String(cell);
  const safe = /^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
