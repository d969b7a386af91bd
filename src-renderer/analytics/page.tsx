/** How runs, tests and workers did over time. All that is chosen stands in the address. */
import { useEffect, useMemo } from 'react';
import { useFiguresFollowRuns } from '../fleet/metrics.ts';
import { useProjects } from '../fleet/projects.ts';
import { Field, Input, Select } from '../ui/field.tsx';
import { useMessages } from '../ui/i18n.ts';
import { Page as Frame, Toolbar } from '../ui/page.tsx';
import { ErrorState, Skeleton } from '../ui/states.tsx';
import { useNow } from '../ui/time.tsx';
import { ownTimeZone } from '../ui/time-text.ts';
import { useViewState } from '../ui/view-state.ts';
import styles from './analytics.module.css';
import { FailurePatternsChart, DurationChart, SuccessChart } from './run-charts.tsx';
import { messages } from './messages.ts';
import { knownZone, RANGES, spanOf } from './range.ts';
import { TestsChart } from './test-charts.tsx';
import type { ChartContext } from './context.ts';
import { HeatChart, SpreadChart } from './worker-charts.tsx';

const VIEW = { range: '30d', from: '', to: '', project: '', zone: '', tables: '', worker: '' } as const;
const MINUTE_MS = 60_000;

export function Page() {
  const t = useMessages(messages);
  const [view, change] = useViewState(VIEW);
  const projects = useProjects();
  useFiguresFollowRuns();
  const now = useNow(MINUTE_MS);
  const zone = knownZone(view.zone);
  const { range, from, to } = view;
  const asked = spanOf({ range, from, to, zone }, now);
  // The same object as long as it means the same.
  const key = JSON.stringify(asked);
  const span = useMemo(() => JSON.parse(key) as typeof asked, [key]);
  const zones = useMemo(() => [...new Set([ownTimeZone(), 'UTC', ...Intl.supportedValuesOf('timeZone')])], []);
  const loaded = projects.data !== undefined;
  useEffect(() => {
    // The address may name a chart, which is only now there.
    if (loaded && location.hash !== '') document.getElementById(location.hash.slice(1))?.scrollIntoView();
  }, [loaded]);

  const title = t('title');
  if (projects.error)
    return (
      <Frame title={title}>
        <ErrorState error={projects.error} onRetry={() => void projects.refetch()} />
      </Frame>
    );
  if (!projects.data)
    return (
      <Frame title={title}>
        <Skeleton rows={10} />
      </Frame>
    );
  const tables = new Set(view.tables.split(',').filter((id) => id !== ''));
  const card = (id: string): ChartContext => ({
    asTable: tables.has(id),
    onTable: (asTable) => {
      const next = new Set(tables);
      if (asTable) next.add(id);
      else next.delete(id);
      change({ tables: [...next].sort().join(',') });
    },
  });
  const names = [...new Set(projects.data.map(({ name }) => name))];
  const newest = projects.data
    .toSorted((a, b) => (b.last_run_at ?? '').localeCompare(a.last_run_at ?? ''))
    .map(({ name }) => name);
  const of = view.project === '' ? [...new Set(newest)] : [view.project];
  const common = { span, zone, ...(view.project === '' ? {} : { project: view.project }) };
  return (
    <Frame title={title}>
      <Toolbar>
        <Field label={t('range')}>
          <Select
            value={range}
            onChange={(chosen) => change({ range: chosen })}
            options={RANGES.map((one) => ({ value: one, label: t(`range_${one}`) }))}
          />
        </Field>
        {range === 'own' && (
          <>
            <Field label={t('from')}>
              <Input type="date" value={from} onChange={(event) => change({ from: event.target.value })} />
            </Field>
            <Field label={t('to')}>
              <Input type="date" value={to} onChange={(event) => change({ to: event.target.value })} />
            </Field>
          </>
        )}
        <Field label={t('project')}>
          <Select
            value={view.project}
            onChange={(project) => change({ project })}
            options={[
              { value: '', label: t('allProjects') },
              ...names.sort((a, b) => a.localeCompare(b)).map((name) => ({ value: name, label: name })),
            ]}
          />
        </Field>
        <Field label={t('zone')}>
          <Select
            value={zone}
            onChange={(chosen) => change({ zone: chosen === ownTimeZone() ? '' : chosen })}
            options={zones.map((one) => ({ value: one, label: one }))}
          />
        </Field>
      </Toolbar>
      <div className={styles.grid}>
        <DurationChart {...common} {...card('duration')} />
        <SuccessChart {...common} {...card('success')} />
        <TestsChart id="slowest" sort="slow" projects={of} span={span} {...card('slowest')} />
        <TestsChart id="flakiest" sort="flaky" projects={of} span={span} {...card('flakiest')} />
        <HeatChart
          span={span}
          zone={zone}
          filtered={view.project !== ''}
          worker={view.worker}
          onWorker={(worker) => change({ worker })}
          {...card('use')}
        />
        <SpreadChart span={span} zone={zone} filtered={view.project !== ''} {...card('spread')} />
        <FailurePatternsChart {...common} {...card('failures')} />
      </div>
    </Frame>
  );
}
