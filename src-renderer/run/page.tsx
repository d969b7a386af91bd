/** A run: how it stands, its tests, how it lay on the slots of its workers, what it printed, its tasks, what it was told to do. */
import { useParams } from '@tanstack/react-router';
import { runLabel } from '../../shared/model/run-label.ts';
import { lazy, Suspense, useMemo, useState, type ComponentType } from 'react';
import type { Run } from '../../shared/protocol/rest/runs.ts';
import { useRun } from '../fleet/runs.ts';
import { RunStatus } from '../parts/standing.tsx';
import { useMessages } from '../ui/i18n.ts';
import { Link } from '../ui/link.tsx';
import { Page as Frame } from '../ui/page.tsx';
import { ErrorState, Skeleton } from '../ui/states.tsx';
import { Tabs } from '../ui/tabs.tsx';
import { useViewState } from '../ui/view-state.ts';
import { Actions } from './head/actions.tsx';
import { Head } from './head/head.tsx';
import { messages } from './messages.ts';
import styles from './page.module.css';
import { TestsTab } from './tests/tests-tab.tsx';
import { useTestList } from './tests/use-test-list.ts';

/** Loaded when first shown: most who come want the tests. */
const later = <P,>(load: () => Promise<ComponentType<P>>) => lazy(() => load().then((part) => ({ default: part })));
const ScheduleTab = later(() => import('./schedule/schedule-tab.tsx').then(({ ScheduleTab }) => ScheduleTab));
const LogsTab = later(() => import('./logs/logs-tab.tsx').then(({ LogsTab }) => LogsTab));
const TasksTab = later(() => import('./tasks/tasks-tab.tsx').then(({ TasksTab }) => TasksTab));
const DetailsTab = later(() => import('./details/details-tab.tsx').then(({ DetailsTab }) => DetailsTab));

export function Page() {
  const t = useMessages(messages);
  const { run: id = '' } = useParams({ strict: false });
  const { run, error, refetch } = useRun(id);
  if (run) return <RunPage key={run.id} run={run} />;
  return (
    <Frame
      title={t('title')}
      breadcrumbs={[
        <Link key="runs" to="/runs">
          {t('runs')}
        </Link>,
      ]}
    >
      {error ? <ErrorState error={error} onRetry={() => void refetch()} /> : <Skeleton rows={10} />}
    </Frame>
  );
}

const TABS = ['tests', 'schedule', 'logs', 'tasks', 'details'] as const;
const VIEW = { tab: 'tests' } as const;

function RunPage({ run }: { run: Run }) {
  const t = useMessages(messages);
  const [view, setView] = useViewState<Record<'tab', string>>(VIEW);
  const tests = useTestList(run.id);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const selected = useMemo(() => [...chosen], [chosen]);
  const tab = TABS.find((one) => one === view.tab) ?? 'tests';
  const content = {
    tests: <TestsTab run={run} tests={tests} selected={chosen} onSelect={setChosen} />,
    schedule: <ScheduleTab run={run} rows={tests.rows} />,
    logs: <LogsTab run={run} />,
    tasks: <TasksTab run={run} />,
    details: <DetailsTab run={run} />,
  };
  return (
    <Frame
      title={`#${runLabel(run.number)} ${run.name}`}
      beside={<RunStatus run={run} />}
      breadcrumbs={[
        <Link key="runs" to="/runs">
          {t('runs')}
        </Link>,
      ]}
      actions={<Actions run={run} selected={selected} />}
    >
      <Head run={run} />
      <Tabs
        label={t('parts')}
        value={tab}
        onChange={(next) => setView({ tab: next })}
        tabs={TABS.map((id) => ({
          id,
          label: t(id),
          content: (
            <div className={styles.part}>
              <Suspense fallback={<Skeleton rows={8} />}>{content[id]}</Suspense>
            </div>
          ),
        }))}
      />
    </Frame>
  );
}
