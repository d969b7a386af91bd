/**
 * A list of things of one kind, one line each. Long ones draw only the rows in sight, with the page itself as what scrolls. Keys: j and k
 * move the mark, Enter opens what is marked, x selects it.
 */
import { useWindowVirtualizer } from '@tanstack/react-virtual';
import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState, type ReactNode } from 'react';
import { cx } from './class-names.ts';
import { useKeys } from './keys.ts';
import { COARSE, NARROW, useMedia } from './media.ts';
import { Head, SelectAll } from './table-head.tsx';
import { Row } from './table-row.tsx';
import type { Column, Selection, Sorting } from './table-shapes.ts';
import styles from './table.module.css';

export type { Column, Selection, Sorting } from './table-shapes.ts';

interface TableProps<Row> {
  /** What the list holds, for who does not see it. */
  label: string;
  /** Declare them outside of rendering, or with useMemo: rows whose object and columns stay the same are not drawn again. */
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  keyOf: (row: Row) => string;
  onOpen?: (row: Row) => void;
  selection?: Selection<Row>;
  sorting?: Sorting;
  onSort?: (sorting: Sorting) => void;
  /** Of all rows, where not all are loaded yet. */
  total?: number;
  /** Called when the end comes into sight: load more. */
  onEnd?: () => void;
  /** It listens to the keys of the page; one table of a page. */
  keys?: boolean;
  /** On narrow screens this takes the place of all columns: two lines for each row. */
  compact?: (row: Row) => ReactNode;
}

const ROW_PX = 30;
const COARSE_ROW_PX = 40;
const COMPACT_ROW_PX = 58;
const OVERSCAN = 12;
/** Fewer rows are simply drawn. */
const VIRTUAL_FROM = 60;

export function Table<Row>(props: TableProps<Row>) {
  const { label, rows, keyOf, onOpen, selection, sorting, onSort, total, onEnd, keys = false } = props;
  const { columns, rowPx, isCompact } = useLayout(props);
  const frame = useRef<HTMLTableElement>(null);
  const [marked, setMarked] = useState(-1);
  const [offset, setOffset] = useState(0);
  const virtual = rows.length >= VIRTUAL_FROM;
  const isEmpty = rows.length === 0;

  useLayoutEffect(() => {
    const top = frame.current?.tBodies[0]?.getBoundingClientRect().top ?? 0;
    setOffset(Math.round(top + window.scrollY));
  }, [virtual, isEmpty]);

  const virtualizer = useWindowVirtualizer({
    count: virtual ? rows.length : 0,
    estimateSize: () => rowPx,
    overscan: OVERSCAN,
    scrollMargin: offset,
    getItemKey: (index) => keyOf(rows[index]!),
  });
  const items = virtualizer.getVirtualItems();
  const first = virtual ? (items[0]?.index ?? 0) : 0;
  const last = virtual ? (items.at(-1)?.index ?? -1) : rows.length - 1;
  const before = virtual ? first * rowPx : 0;
  const after = virtual ? (rows.length - 1 - last) * rowPx : 0;

  const reachesEnd = last >= rows.length - 1 - OVERSCAN;
  const atEnd = useRef(onEnd);
  useEffect(() => {
    atEnd.current = onEnd;
  });
  useEffect(() => {
    if (reachesEnd) atEnd.current?.();
  }, [reachesEnd, rows.length]);

  const move = (step: number) => {
    const next = Math.min(Math.max(marked + step, 0), rows.length - 1);
    setMarked(next);
    if (virtual) virtualizer.scrollToIndex(next, { align: 'auto' });
    else frame.current?.tBodies[0]?.rows[next]?.scrollIntoView({ block: 'nearest' });
  };
  const toggle = useToggle(selection);
  useKeys(
    {
      j: () => move(1),
      k: () => move(-1),
      Enter: () => rows[marked] !== undefined && onOpen?.(rows[marked]),
      x: () => rows[marked] !== undefined && toggle(keyOf(rows[marked])),
    },
    keys,
  );

  return (
    <table
      className={cx(styles.table, isCompact && styles.compact)}
      ref={frame}
      aria-label={label}
      aria-rowcount={(total ?? rows.length) + 1}
    >
      <colgroup>
        {selection && <col className={styles.box} />}
        {columns.map((column) => (
          <col key={column.id} style={column.width === undefined ? undefined : { width: column.width }} />
        ))}
      </colgroup>
      <thead>
        <tr aria-rowindex={1}>
          {selection && (
            <th className={styles.box}>
              <SelectAll selection={selection} keys={rows.map(keyOf)} />
            </th>
          )}
          {columns.map((column) => (
            <Head key={column.id} column={column} sorting={sorting} onSort={onSort} />
          ))}
        </tr>
      </thead>
      <tbody>
        {before > 0 && <Gap height={before} />}
        {rows.slice(first, last + 1).map((row, position) => {
          const index = first + position;
          const key = keyOf(row);
          return (
            <Row
              key={key}
              row={row}
              rowKey={key}
              index={index}
              columns={columns as readonly Column<unknown>[]}
              marked={index === marked}
              onOpen={onOpen as ((row: unknown) => void) | undefined}
              selected={selection ? selection.keys.has(key) : undefined}
              label={selection?.labelOf(row) ?? ''}
              onToggle={toggle}
            />
          );
        })}
        {after > 0 && <Gap height={after} />}
      </tbody>
    </table>
  );
}

/** What is shown of the columns in a window as wide as this one. */
function useLayout<Row>({ label, columns, compact }: Pick<TableProps<Row>, 'label' | 'columns' | 'compact'>): {
  columns: readonly Column<Row>[];
  rowPx: number;
  isCompact: boolean;
} {
  const narrow = useMedia(NARROW);
  const coarse = useMedia(COARSE);
  return useMemo(() => {
    if (narrow && compact) {
      return { columns: [{ id: 'compact', head: label, cell: compact }], rowPx: COMPACT_ROW_PX, isCompact: true };
    }
    const shown = narrow ? columns.filter((column) => !column.wideOnly) : columns;
    return { columns: shown, rowPx: coarse ? COARSE_ROW_PX : ROW_PX, isCompact: false };
  }, [narrow, coarse, columns, compact, label]);
}

/** Stays the same function, so that rows need not be drawn again for it. */
function useToggle(selection: Pick<Selection<unknown>, 'keys' | 'onChange'> | undefined): (key: string) => void {
  const latest = useRef(selection);
  useEffect(() => {
    latest.current = selection;
  });
  return useCallback((key: string) => {
    if (!latest.current) return;
    const keys = new Set(latest.current.keys);
    if (!keys.delete(key)) keys.add(key);
    latest.current.onChange(keys);
  }, []);
}

/** One cell alone: one that spans all columns would bring those back that narrow screens leave out. */
function Gap({ height }: { height: number }) {
  return (
    <tr aria-hidden className={styles.gap} style={{ height }}>
      <td />
    </tr>
  );
}
