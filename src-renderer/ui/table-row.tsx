import { memo, type MouseEvent } from 'react';
import { cx } from './class-names.ts';
import { useMessages } from './i18n.ts';
import { messages } from './messages.ts';
import type { Column } from './table-shapes.ts';
import styles from './table.module.css';

interface RowProps {
  row: unknown;
  rowKey: string;
  index: number;
  columns: readonly Column<unknown>[];
  marked: boolean;
  onOpen: ((row: unknown) => void) | undefined;
  /** undefined: rows are not to be selected. */
  selected: boolean | undefined;
  label: string;
  onToggle: (key: string) => void;
}

/** Drawn again only when something of it is another. */
export const Row = memo(function Row({
  row,
  rowKey,
  index,
  columns,
  marked,
  onOpen,
  selected,
  label,
  onToggle,
}: RowProps) {
  const t = useMessages(messages);
  const open = (event: MouseEvent) => {
    // What lies in the row and can be pressed itself keeps its clicks; so does marking text.
    if ((event.target as Element).closest('a, button, input, label') || getSelection()?.isCollapsed === false) return;
    onOpen?.(row);
  };
  return (
    <tr
      className={cx(styles.row, marked && styles.marked, selected && styles.selected, onOpen && styles.opens)}
      aria-rowindex={index + 2}
      onClick={open}
    >
      {selected !== undefined && (
        <td className={styles.box}>
          <input
            type="checkbox"
            checked={selected}
            aria-label={`${t('selectRow')}: ${label}`}
            onChange={() => onToggle(rowKey)}
          />
        </td>
      )}
      {columns.map((column) => (
        <td key={column.id} className={cx(column.align && styles.end)}>
          {column.cell(row)}
        </td>
      ))}
    </tr>
  );
});
