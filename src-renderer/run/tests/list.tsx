/** The lines of which the window shows some: only these are drawn. j/k move, Enter opens, x selects. */
import { useNavigate } from '@tanstack/react-router';
import { useWindowVirtualizer } from '@tanstack/react-virtual';
import { useCallback, useLayoutEffect, useRef, useState } from 'react';
import { useMessages } from '../../ui/i18n.ts';
import { useKeys } from '../../ui/keys.ts';
import type { Line } from './arrange.ts';
import { HeadLineView, TestLineView } from './lines.tsx';
import styles from './list.module.css';
import { messages } from './messages.ts';
import type { NewFailures } from './use-new-failures.ts';

const LINE_PX = 30;
const COARSE_LINE_PX = 40;
const ERROR_HEAD_PX = 50;
const OVERSCAN = 12;

interface ListProps {
  runId: string;
  lines: readonly Line[];
  newFailures: NewFailures | null;
  onToggleGroup: (key: string) => void;
  /** Ids of tests. null: there is nothing to select for. */
  selected: ReadonlySet<string> | null;
  onSelect: (selected: ReadonlySet<string>) => void;
}

const keyOf = (line: Line): string => (line.type === 'head' ? `head ${line.key}` : line.row.id);

export function TestLines({ runId, lines, newFailures, onToggleGroup, selected, onSelect }: ListProps) {
  const t = useMessages(messages);
  const navigate = useNavigate();
  const frame = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const [markedKey, setMarkedKey] = useState<string | null>(null);
  const linePx = matchMedia('(pointer: coarse)').matches ? COARSE_LINE_PX : LINE_PX;
  const heightOf = (line: Line) => (line.type === 'head' && line.kind === 'error' ? ERROR_HEAD_PX : linePx);

  // After each layout: whatever is above may have become higher.
  // eslint-disable-next-line react-hooks/exhaustive-deps -- it sets the state only where the place is another
  useLayoutEffect(() => {
    const now = Math.round((frame.current?.getBoundingClientRect().top ?? 0) + window.scrollY);
    if (now !== top) setTop(now);
  });

  const virtualizer = useWindowVirtualizer({
    count: lines.length,
    estimateSize: (index) => heightOf(lines[index]!),
    getItemKey: (index) => keyOf(lines[index]!),
    overscan: OVERSCAN,
    scrollMargin: top,
  });
  // Lines that came or went move the others: sizes are by kind, so this only adds up anew.
  const shape = lines.length;
  useLayoutEffect(() => virtualizer.measure(), [virtualizer, shape, lines]);

  const marked = markedKey === null ? -1 : lines.findIndex((line) => keyOf(line) === markedKey);
  const move = (step: number) => {
    const next = Math.min(Math.max(marked + step, 0), lines.length - 1);
    const line = lines[next];
    if (!line) return;
    setMarkedKey(keyOf(line));
    virtualizer.scrollToIndex(next, { align: 'auto' });
  };
  const toggleTest = useLatest((id: string) => {
    if (selected) onSelect(toggled(selected, [id]));
  });
  const toggleGroup = useLatest(onToggleGroup);
  const line = lines[marked];
  useKeys({
    j: () => move(1),
    k: () => move(-1),
    Enter: () => {
      if (line?.type === 'head') onToggleGroup(line.key);
      else if (line) void navigate({ to: '/runs/$run/tests/$test', params: { run: runId, test: line.row.id } });
    },
    x: () => {
      if (!line || !selected) return;
      const rows = line.type === 'head' ? line.rows : [line.row];
      onSelect(
        toggled(
          selected,
          rows.filter(({ supporting }) => !supporting).map(({ id }) => id),
        ),
      );
    },
  });

  return (
    <div role="table" aria-label={t('list')} aria-rowcount={lines.length} className={styles.table}>
      <div ref={frame} role="rowgroup" className={styles.lines} style={{ height: virtualizer.getTotalSize() }}>
        {virtualizer.getVirtualItems().map((item) => {
          const one = lines[item.index];
          if (!one) return null;
          return (
            <div
              key={item.key}
              role="presentation"
              className={styles.item}
              style={{ height: item.size, transform: `translateY(${item.start - top}px)` }}
            >
              {one.type === 'head' ? (
                <HeadLineView
                  head={one}
                  index={item.index}
                  marked={item.index === marked}
                  newFailures={newFailures}
                  onToggle={toggleGroup}
                />
              ) : (
                <TestLineView
                  row={one.row}
                  runId={runId}
                  index={item.index}
                  marked={item.index === marked}
                  selected={selected === null ? undefined : selected.has(one.row.id)}
                  isNew={newFailures?.testIds.has(one.row.id) ?? false}
                  onToggle={toggleTest}
                />
              )}
            </div>
          );
        })}
      </div>
    </div>
  );
}

/** With these, or without them where all were in it. */
function toggled(selected: ReadonlySet<string>, ids: readonly string[]): ReadonlySet<string> {
  const next = new Set(selected);
  const all = ids.every((id) => next.has(id));
  for (const id of ids)
    if (all) next.delete(id);
    else next.add(id);
  return next;
}

/** Always the same function, which does what `call` did at the last drawing: lines need not be drawn again for it. */
function useLatest<A extends unknown[]>(call: (...values: A) => void): (...values: A) => void {
  const latest = useRef(call);
  useLayoutEffect(() => {
    latest.current = call;
  });
  return useCallback((...values: A) => latest.current(...values), []);
}
