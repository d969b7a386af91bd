/** The tasks of a run: what was leased to whom, and how it went. */
import { useMemo, useState } from 'react';
import type { Run } from '../../../shared/protocol/rest/runs.ts';
import type { Task } from '../../../shared/protocol/rest/tasks.ts';
import { FilterInput } from '../../ui/filter-input.tsx';
import { useMessages } from '../../ui/i18n.ts';
import { Toolbar } from '../../ui/page.tsx';
import { EmptyState, ErrorState, Skeleton } from '../../ui/states.tsx';
import { Count, Status } from '../../ui/status.tsx';
import { Table, type Column } from '../../ui/table.tsx';
import { Duration } from '../../ui/time.tsx';
import { useViewState } from '../../ui/view-state.ts';
import { messages } from './messages.ts';
import { TaskDialog } from './task-dialog.tsx';
import { TaskName } from './task-name.tsx';
import { TASK_TONES } from './task-tones.ts';
import { useTasks } from './use-tasks.ts';

/** What goes wrong first, then what is under way. */
const RANK: Record<Task['status'], number> = {
  failed: 0,
  timeout: 0,
  running: 1,
  assigned: 2,
  pending: 3,
  completed: 4,
  cancelled: 5,
};
const VIEW = { tasks: '', task: '' } as const;

export function TasksTab({ run }: { run: Run }) {
  const t = useMessages(messages);
  const { data: tasks, error, refetch } = useTasks(run.id);
  const [view, setView] = useViewState<Record<keyof typeof VIEW, string>>(VIEW);
  const [opened, setOpened] = useState<string | null>(view.task === '' ? null : view.task);
  const columns = useMemo(
    (): Column<Task>[] => [
      {
        id: 'state',
        head: t('state'),
        width: '130px',
        cell: (task) => <Status tone={TASK_TONES[task.status]}>{t(task.status)}</Status>,
      },
      { id: 'task', head: t('task'), cell: (task) => <TaskName task={task} /> },
      { id: 'worker', head: t('worker'), width: '160px', wideOnly: true, cell: (task) => task.worker ?? '' },
      {
        id: 'tests',
        head: t('tests'),
        width: '150px',
        wideOnly: true,
        cell: (task) => (
          <>
            <Count tone="failed" n={task.failed} label={t('failed')} />{' '}
            <Count tone="passed" n={task.passed} label={t('completed')} />
          </>
        ),
      },
      {
        id: 'attempts',
        head: t('attempts'),
        width: '80px',
        align: 'end',
        wideOnly: true,
        cell: (task) => task.attempts.length || '',
      },
      {
        id: 'duration',
        head: t('duration'),
        width: '100px',
        align: 'end',
        cell: (task) =>
          task.status === 'running' && task.started_at !== null ? (
            <Duration since={task.started_at} />
          ) : (
            <Duration value={task.duration_ms} />
          ),
      },
      { id: 'reason', head: t('reason'), wideOnly: true, cell: (task) => task.ask ?? task.reason ?? '' },
    ],
    [t],
  );
  const rows = useMemo(() => {
    const wanted = view.tasks.toLowerCase();
    const told = (task: Task) => [task.worker, t(task.status), task.reason, task.ask, task.error_message].join(' ');
    return (tasks ?? [])
      .filter((task) => wanted === '' || told(task).toLowerCase().includes(wanted))
      .sort((a, b) => RANK[a.status] - RANK[b.status]);
  }, [tasks, view.tasks, t]);
  if (!tasks) return error ? <ErrorState error={error} onRetry={() => void refetch()} /> : <Skeleton rows={8} />;
  if (tasks.length === 0) {
    return (
      <EmptyState title={t('empty')} command={`npx playfleet status ${run.number}`}>
        <p className="muted">{t('emptyWhy')}</p>
      </EmptyState>
    );
  }
  const shown = tasks.find(({ id }) => id === opened);
  const open = (id: string | null) => {
    setOpened(id);
    setView({ task: id ?? '' });
  };
  return (
    <>
      <Toolbar>
        <FilterInput
          value={view.tasks}
          onChange={(text) => setView({ tasks: text })}
          label={t('filter')}
          placeholder={t('filterHint')}
        />
      </Toolbar>
      <Table
        label={t('tasks')}
        columns={columns}
        rows={rows}
        keyOf={(task) => task.id}
        onOpen={(task) => open(task.id)}
        keys
      />
      {shown && <TaskDialog task={shown} onClose={() => open(null)} />}
    </>
  );
}
