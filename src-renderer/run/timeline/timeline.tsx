/** The timeline with its legend, or the same as a table. */
import { useNavigate } from '@tanstack/react-router';
import { useMemo } from 'react';
import type { Run } from '../../../shared/protocol/rest/runs.ts';
import { isOver } from '../../fleet/run-row.ts';
import { useMessages } from '../../ui/i18n.ts';
import { Section } from '../../ui/page.tsx';
import { EmptyState, ErrorState, Skeleton } from '../../ui/states.tsx';
import { Switch } from '../../ui/field.tsx';
import { Sign, type Tone } from '../../ui/status.tsx';
import { Table, type Column } from '../../ui/table.tsx';
import { Duration } from '../../ui/time.tsx';
import { useViewState } from '../../ui/view-state.ts';
import type { TestRow } from '../tests/row.ts';
import { Gantt } from './gantt.tsx';
import type { Bar, Lane } from './lay-out.ts';
import { Legend } from './legend.tsx';
import { messages } from './messages.ts';
import { useTimeline } from './use-timeline.ts';

const VIEW = { as: 'chart' } as const;

export function TimelineSection({ run, rows }: { run: Run; rows: readonly TestRow[] }) {
  const t = useMessages(messages);
  const navigate = useNavigate();
  const [view, setView] = useViewState<Record<'as', string>>(VIEW);
  const { shown, error, retry } = useTimeline(run);
  const titles = useMemo(() => new Map(rows.map((row) => [row.id, row.title])), [rows]);
  const titleOf = (id: string) => titles.get(id) ?? id;
  const open = (test: string) => void navigate({ to: '/runs/$run/tests/$test', params: { run: run.id, test } });
  const steals = useMemo(
    () =>
      (shown?.timeline.steals ?? []).flatMap(({ at, worker_id, task_id }) => {
        const lane = shown!.lanes.findIndex(
          (one) => one.workerId === worker_id && one.grants.some((grant) => grant.task_id === task_id),
        );
        return lane === -1 ? [] : [{ at, lane }];
      }),
    [shown],
  );
  if (!shown) {
    return error ? <ErrorState error={error} onRetry={retry} /> : <Skeleton rows={6} />;
  }
  if (shown.timeline.span === null || shown.lanes.length === 0) {
    return (
      <EmptyState title={t('empty')} command={`npx playfleet status ${run.number}`}>
        <p className="muted">{t('emptyWhy')}</p>
      </EmptyState>
    );
  }
  return (
    <Section
      title={t('timeline')}
      actions={
        <>
          <span className="muted">{t('summary', { attempts: shown.attempts, slots: shown.lanes.length })}</span>
          <Switch
            label={t('table')}
            checked={view.as === 'table'}
            onChange={(on) => setView({ as: on ? 'table' : 'chart' })}
          />
        </>
      }
    >
      {view.as === 'table' ? (
        <AttemptTable lanes={shown.lanes} zero={shown.timeline.span.from} titleOf={titleOf} onOpen={open} />
      ) : (
        <>
          <Gantt
            lanes={shown.lanes}
            span={shown.timeline.span}
            steals={steals}
            live={!isOver(run.status)}
            titleOf={titleOf}
            onOpen={open}
          />
          <Legend />
        </>
      )}
    </Section>
  );
}

interface BarRow {
  bar: Bar;
  lane: Lane;
  title: string;
}

const TONE: Record<Bar['attempt']['status'], Tone> = {
  passed: 'passed',
  failed: 'failed',
  timedOut: 'failed',
  interrupted: 'flaky',
  skipped: 'skipped',
};

interface AttemptTableProps {
  lanes: readonly Lane[];
  zero: number;
  titleOf: (id: string) => string;
  onOpen: (id: string) => void;
}

function AttemptTable({ lanes, zero, titleOf, onOpen }: AttemptTableProps) {
  const t = useMessages(messages);
  const rows = lanes
    .flatMap((lane): BarRow[] => lane.bars.map((bar) => ({ bar, lane, title: titleOf(bar.attempt.test_id) })))
    .sort((a, b) => a.bar.from - b.bar.from);
  const columns = useMemo(
    (): Column<BarRow>[] => [
      {
        id: 'test',
        head: t('test'),
        cell: ({ bar: { attempt }, title }) => (
          <>
            <Sign tone={TONE[attempt.status]} /> {title}
          </>
        ),
      },
      {
        id: 'state',
        head: t('state'),
        width: '130px',
        cell: ({ bar: { attempt } }) => t(attempt.status) + (attempt.counted ? '' : `, ${t('not_counted')}`),
        wideOnly: true,
      },
      { id: 'worker', head: t('worker'), width: '160px', cell: ({ lane }) => lane.worker, wideOnly: true },
      { id: 'slot', head: t('slot'), width: '60px', align: 'end', cell: ({ lane }) => lane.slot },
      {
        id: 'start',
        head: t('start'),
        width: '100px',
        align: 'end',
        cell: ({ bar }) => <Duration value={bar.from - zero} />,
      },
      {
        id: 'duration',
        head: t('duration'),
        width: '100px',
        align: 'end',
        cell: ({ bar }) => <Duration value={bar.attempt.duration_ms} />,
      },
    ],
    [t, zero],
  );
  return (
    <Table
      label={t('timeline')}
      columns={columns}
      rows={rows}
      keyOf={({ bar }) => String(bar.attempt.id)}
      onOpen={({ bar }) => onOpen(bar.attempt.test_id)}
      keys
    />
  );
}
