/** What a table (table.tsx) is told: its columns, its order, what is selected in it. */
import type { ReactNode } from 'react';

export interface Column<Row> {
  /** Also names it for sorting. */
  id: string;
  head: string;
  cell: (row: Row) => ReactNode;
  /** CSS; columns without one share what is left. */
  width?: string;
  align?: 'end';
  sortable?: boolean;
  /** Not on narrow screens. */
  wideOnly?: boolean;
}

export interface Sorting {
  column: string;
  descending: boolean;
}

/** Which rows are selected, by key. */
export interface Selection<Row> {
  keys: ReadonlySet<string>;
  onChange: (keys: ReadonlySet<string>) => void;
  /** Says which row a box belongs to. */
  labelOf: (row: Row) => string;
}
