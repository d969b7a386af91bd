import { memo } from 'react';
import type { Worker } from '../../shared/protocol/rest/workers.ts';
import { useRunningTests } from '../fleet/running-tests.ts';
import { cx } from '../ui/class-names.ts';
import { useMessages } from '../ui/i18n.ts';
import { messages } from './worker-messages.ts';
import styles from './slot-cells.module.css';
import { slotsOf } from './worker-standing.ts';

type Task = Worker['current_tasks'][number];

/** As many are drawn; larger machines get their figures alone behind these. */
const MOST_CELLS = 16;

/** One cell per slot, filled where a task holds it; what runs in it is its title. */
export const SlotCells = memo(function SlotCells({ worker }: { worker: Worker }) {
  const t = useMessages(messages);
  const { tasks, more, free } = slotsOf(worker);
  const busy = tasks.length + more;
  const off = worker.status === 'offline' || worker.status === 'maintenance';
  const drawn = [
    ...tasks.map((task) => <TaskCell key={task.id} task={task} />),
    ...cells(more, 'more', styles.busy),
    ...cells(free, 'free', off ? styles.off : undefined),
  ];
  return (
    <span className={styles.slots} role="img" aria-label={t('slotsBusy', { busy, all: busy + free })}>
      {drawn.slice(0, MOST_CELLS)}
      {drawn.length > MOST_CELLS && (
        <span className={styles.rest}>
          {busy}/{busy + free}
        </span>
      )}
    </span>
  );
});

const cells = (n: number, key: string, name: string | undefined) =>
  Array.from({ length: n }, (_, index) => <span key={`${key}${index}`} className={cx(styles.cell, name)} />);

function TaskCell({ task }: { task: Task }) {
  const t = useMessages(messages);
  const running = useRunningTests(task.id);
  const doing = running.length > 0 ? running.map(({ title }) => title).join('\n') : kindText(task.kind, t);
  return <span className={cx(styles.cell, task.status === 'running' ? styles.busy : styles.held)} title={doing} />;
}

export function kindText(kind: string, t: (key: 'discover' | 'shard' | 'units') => string): string {
  return kind === 'discover' || kind === 'shard' ? t(kind) : t('units');
}
