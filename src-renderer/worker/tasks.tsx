import { useMemo } from 'react';
import { runLabel } from '../../shared/model/run-label.ts';
import type { WorkerTask } from '../../shared/protocol/rest/tasks.ts';
import type { Worker } from '../../shared/protocol/rest/workers.ts';
import { useWorkerTasks } from '../fleet/worker-tasks.ts';
import { messages as partMessages } from '../parts/worker-messages.ts';
import { kindText } from '../parts/slot-cells.tsx';
import { useMessages, type Translate } from '../ui/i18n.ts';
import { Link } from '../ui/link.tsx';
import { EmptyState, ErrorState, Skeleton } from '../ui/states.tsx';
import { Status, type Tone } from '../ui/status.tsx';
import { Table, type Column } from '../ui/table.tsx';
import { Duration, RelativeTime } from '../ui/time.tsx';
import { messages } from './messages.ts';

/** What it was given, with what became of it. */
export function Tasks({ worker }: { worker: Worker }) {
  const t = useMessages(messages);
  const held = worker.current_tasks.map(({ id, status }) => `${id}${status}`).join(' ');
  const query = useWorkerTasks(worker.id, held);
  const columns = useColumns();
  const rows = useMemo(() => query.data?.pages.flatMap(({ items }) => items) ?? [], [query.data]);
  if (query.isPending) return <Skeleton rows={6} />;
  if (query.isError) return <ErrorState error={query.error} onRetry={() => void query.refetch()} />;
  if (rows.length === 0) return <EmptyState title={t('empty')} />;
  return (
    <Table
      keys
      label={t('tasksOfWorker')}
      columns={columns}
      rows={rows}
      keyOf={({ task_id, attempt, granted_at }) => `${task_id} ${attempt} ${granted_at}`}
      onEnd={() => {
        if (query.hasNextPage && !query.isFetching) void query.fetchNextPage();
      }}
    />
  );
}

function useColumns(): Column<WorkerTask>[] {
  const t = useMessages(messages);
  const words = useMessages(partMessages);
  return useMemo(
    () => [
      {
        id: 'run',
        head: t('what'),
        cell: ({ number, run_name, kind }) => (
          <>
            <Link to="/runs/$run" params={{ run: String(number) }}>{`#${runLabel(number)} ${run_name}`}</Link>{' '}
            <span className="muted">{kindText(kind, words)}</span>
          </>
        ),
      },
      {
        id: 'attempt',
        head: t('attempt'),
        width: '72px',
        align: 'end',
        wideOnly: true,
        cell: ({ attempt }) => attempt,
      },
      { id: 'ended', head: t('ended'), width: '45%', cell: (task) => <Ended task={task} /> },
      {
        id: 'took',
        head: t('duration'),
        width: '100px',
        align: 'end',
        wideOnly: true,
        cell: ({ granted_at, ended_at }) =>
          ended_at === null ? (
            <Duration since={granted_at} />
          ) : (
            <Duration value={Date.parse(ended_at) - Date.parse(granted_at)} />
          ),
      },
      {
        id: 'granted',
        head: t('granted'),
        width: '110px',
        wideOnly: true,
        cell: ({ granted_at }) => <RelativeTime at={granted_at} />,
      },
    ],
    [t, words],
  );
}

function Ended({ task }: { task: WorkerTask }) {
  const t = useMessages(messages);
  const { ended, reason, blame, why } = task;
  if (ended === null) return <Status tone="running">{t('now')}</Status>;
  const about = [reason, blame && blameText(blame, t), why].filter(Boolean).join('; ');
  return (
    <span title={about}>
      <Status tone={toneOf(ended)}>{ended}</Status> <span className="muted">{about}</span>
    </span>
  );
}

function toneOf(ended: string): Tone {
  if (ended === 'completed' || ended === 'finished') return 'passed';
  return ended === 'cancelled' || ended === 'released' ? 'skipped' : 'failed';
}

function blameText(blame: NonNullable<WorkerTask['blame']>, t: Translate<(typeof messages)['en']>): string {
  return { machine: t('blameMachine'), test: t('blameTest'), unclear: t('blameUnclear') }[blame];
}
