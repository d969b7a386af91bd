/** The head of a table: names of columns, by which it is sorted, and the box that selects all rows. */
import { useEffect, useRef } from 'react';
import { cx } from './class-names.ts';
import { useMessages } from './i18n.ts';
import { messages } from './messages.ts';
import type { Column, Selection, Sorting } from './table-shapes.ts';
import styles from './table.module.css';

export function SelectAll({
  selection,
  keys,
}: {
  selection: Pick<Selection<unknown>, 'keys' | 'onChange'>;
  keys: readonly string[];
}) {
  const t = useMessages(messages);
  const box = useRef<HTMLInputElement>(null);
  const chosen = keys.filter((key) => selection.keys.has(key)).length;
  useEffect(() => {
    if (box.current) box.current.indeterminate = chosen > 0 && chosen < keys.length;
  });
  return (
    <input
      ref={box}
      type="checkbox"
      aria-label={t('selectAll')}
      checked={chosen > 0 && chosen === keys.length}
      onChange={() => selection.onChange(new Set(chosen === keys.length ? [] : keys))}
    />
  );
}

interface HeadProps<Row> {
  column: Column<Row>;
  sorting: Sorting | undefined;
  onSort: ((sorting: Sorting) => void) | undefined;
}

export function Head<Row>({ column, sorting, onSort }: HeadProps<Row>) {
  const name = cx(column.align && styles.end);
  if (!column.sortable || !onSort) {
    return (
      <th scope="col" className={name}>
        {column.head}
      </th>
    );
  }
  const active = sorting?.column === column.id;
  const direction = sorting?.descending ? 'descending' : 'ascending';
  return (
    <th scope="col" className={name} aria-sort={active ? direction : 'none'}>
      <button
        type="button"
        className={styles.sort}
        onClick={() => onSort({ column: column.id, descending: active ? !sorting.descending : false })}
      >
        {column.head}
        <span aria-hidden className={styles.arrow}>
          {active ? (sorting.descending ? '↓' : '↑') : ''}
        </span>
      </button>
    </th>
  );
}
