import type { ReactNode } from 'react';
import { cx } from '../../ui/class-names.ts';
import styles from './plain-table.module.css';

interface PlainTableProps {
  label: string;
  heads: readonly string[];
  /** Columns of figures, by their position. */
  numbers?: readonly number[];
  rows: readonly (readonly ReactNode[])[];
}

/** A small table of figures: as wide as they are, and scrolled in itself where the screen is narrower. */
export function PlainTable({ label, heads, numbers = [], rows }: PlainTableProps) {
  const look = (index: number) => cx(numbers.includes(index) && styles.number);
  return (
    <div className={styles.frame} tabIndex={0} role="region" aria-label={label}>
      <table className={styles.table}>
        <thead>
          <tr>
            {heads.map((head, index) => (
              <th key={head} scope="col" className={look(index)}>
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((cells, row) => (
            <tr key={row}>
              {cells.map((cell, index) => (
                <td key={index} className={look(index)}>
                  {cell}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
