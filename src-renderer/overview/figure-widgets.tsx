/** Widgets of how it has been going: success, failures, flaky and slow tests. */
import { useMemo } from 'react';
import { runLabel } from '../../shared/model/run-label.ts';
import type { Performance, RunCounts as Counts } from '../../shared/protocol/rest/analytics.ts';
import type { Run } from '../../shared/protocol/rest/runs.ts';
import { useFailureClusters, usePerformance, useTestStandings, useTrends, type ProjectTest } from '../fleet/metrics.ts';
import { useProjects } from '../fleet/projects.ts';
import { useLanguage, useMessages } from '../ui/i18n.ts';
import { Link } from '../ui/link.tsx';
import { Sparkline } from '../ui/sparkline.tsx';
import { ErrorState, Skeleton } from '../ui/states.tsx';
import { Count, Sign } from '../ui/status.tsx';
import { RelativeTime } from '../ui/time.tsx';
import { durationText, ownTimeZone } from '../ui/time-text.ts';
import { messages } from './messages.ts';
import styles from './overview.module.css';

const percent = (rate: number | null, language: string): string =>
  rate === null ? '–' : rate.toLocaleString(language, { style: 'percent', maximumFractionDigits: 1 });

export function SuccessWidget() {
  const t = useMessages(messages);
  const { data, error, refetch } = usePerformance();
  if (!data) return error ? <ErrorState error={error} onRetry={() => void refetch()} /> : <Skeleton rows={3} />;
  return (
    <table className={styles.figures}>
      <thead>
        <tr>
          <td />
          <th scope="col">{t('day')}</th>
          <th scope="col">{t('week')}</th>
        </tr>
      </thead>
      <tbody>
        <FigureRow name={t('successRate')} data={data} of={(counts) => counts.success_rate} kind="rate" better="more" />
        <FigureRow name={t('runs')} data={data} of={(counts) => counts.runs} kind="count" />
        <FigureRow name={t('runsFailed')} data={data} of={(c) => c.failed + c.broken} kind="count" better="less" />
        <FigureRow name={t('tests')} data={data} of={(counts) => counts.tests} kind="count" />
        <FigureRow name={t('testsFlaky')} data={data} of={(c) => c.tests_flaky} kind="count" better="less" />
        <FigureRow name={t('median')} data={data} of={(counts) => counts.p50_ms} kind="time" better="less" />
      </tbody>
    </table>
  );
}

interface FigureRowProps {
  name: string;
  data: Performance;
  of: (counts: Counts) => number | null;
  kind: 'rate' | 'count' | 'time';
  better?: 'more' | 'less';
}

function FigureRow({ name, data, of, kind, better }: FigureRowProps) {
  return (
    <tr>
      <th scope="row">{name}</th>
      {[data.last_24_hours, data.last_7_days].map(({ now, before }, i) => (
        <td key={i}>
          <Figure now={of(now)} before={before.runs === 0 ? null : of(before)} kind={kind} better={better} />
        </td>
      ))}
    </tr>
  );
}

interface FigureProps {
  now: number | null;
  before: number | null;
  kind: FigureRowProps['kind'];
  better: 'more' | 'less' | undefined;
}

function Figure({ now, before, kind, better }: FigureProps) {
  const t = useMessages(messages);
  const language = useLanguage();
  const text = (value: number | null) => {
    if (value === null) return '–';
    if (kind === 'rate') return percent(value, language);
    return kind === 'time' ? durationText(value, language) : value.toLocaleString(language);
  };
  // Nothing to compare with: an arrow up from nothing says nothing.
  if (before === null) return text(now);
  const change = now === null ? 0 : Math.sign(now - before);
  const tone = better === undefined || change === 0 ? undefined : change > 0 === (better === 'more');
  return (
    <>
      {text(now)}{' '}
      <small
        className={tone === undefined ? 'muted' : tone ? styles.better : styles.worse}
        title={t('before', { value: text(before) })}
      >
        <span aria-hidden>{change > 0 ? '↑' : change < 0 ? '↓' : '='}</span>{' '}
        <span className="visually-hidden">{t('beforeShort')} </span>
        {text(before)}
      </small>
    </>
  );
}

const DAY_MS = 86_400_000;

export function TrendWidget() {
  const t = useMessages(messages);
  const language = useLanguage();
  const zone = ownTimeZone();
  // From midnight UTC, so that the question stays the same all day long.
  const from = new Date(Math.floor(Date.now() / DAY_MS) * DAY_MS - 29 * DAY_MS).toISOString();
  const { data, error, refetch } = useTrends({ from, bucket: 'day', time_zone: zone });
  if (!data) return error ? <ErrorState error={error} onRetry={() => void refetch()} /> : <Skeleton rows={2} />;
  const rates = data.buckets.map(({ success_rate }) => success_rate);
  const durations = data.buckets.map(({ p50_ms }) => p50_ms);
  return (
    <dl className={styles.trends}>
      <dt>{t('successRate')}</dt>
      <dd>
        <Sparkline values={rates} max={1} width={160} label={t('trendRate')} />{' '}
        {percent(data.totals.success_rate, language)}
      </dd>
      <dt>{t('median')}</dt>
      <dd>
        <Sparkline values={durations} width={160} label={t('trendDuration')} />{' '}
        {data.totals.p50_ms === null ? '–' : durationText(data.totals.p50_ms, language)}
      </dd>
    </dl>
  );
}

const MOST_RUNS = 5;
const MOST_CLUSTERS = 6;

/** Of the newest runs that failed, the errors behind them: one line for each error, however many tests it broke. */
export function FailuresWidget({ runs }: { runs: readonly Run[] }) {
  const t = useMessages(messages);
  const failed = useMemo(
    () => runs.filter(({ tests, completed_at }) => completed_at !== null && tests.unexpected > 0).slice(0, MOST_RUNS),
    [runs],
  );
  const { runs: clustered, isPending, error, refetch } = useFailureClusters(failed.map(({ id }) => id));
  const errors = useMemo(() => {
    const known = new Map<string, { title: string; tests: number; runs: number[]; newest: Run; first: string }>();
    for (const run of failed) {
      const clusters = clustered.find(({ test_run_id }) => test_run_id === run.id)?.clusters ?? [];
      for (const { cluster, title, unexpected, tests } of clusters) {
        if (unexpected === 0) continue;
        const entry = known.get(cluster);
        if (entry) {
          entry.tests += unexpected;
          entry.runs.push(run.number);
        } else {
          known.set(cluster, {
            title,
            tests: unexpected,
            runs: [run.number],
            newest: run,
            first: tests[0]?.title ?? '',
          });
        }
      }
    }
    return [...known].map(([id, entry]) => ({ id, ...entry }));
  }, [failed, clustered]);
  if (failed.length === 0) return <p className="muted">{t('failuresNone')}</p>;
  if (error) return <ErrorState error={error} onRetry={refetch} />;
  if (isPending && errors.length === 0) return <Skeleton rows={4} />;
  return (
    <ul className={styles.rows}>
      {errors.slice(0, MOST_CLUSTERS).map(({ id, title, tests, runs: numbers, newest, first }) => (
        <li key={id} className={styles.run}>
          <Link to="/runs/$run" params={{ run: String(newest.number) }} className={styles.error}>
            <Sign tone="failed" /> {title === '' ? first : title}
          </Link>
          <span className="muted">
            {t('failedTests', { n: tests })} · {newest.project} ·{' '}
            {numbers.map((number) => `#${runLabel(number)}`).join(', ')} ·{' '}
            <RelativeTime at={newest.completed_at ?? newest.created_at} />
          </span>
        </li>
      ))}
    </ul>
  );
}

const MOST_PROJECTS = 5;
const MOST_TESTS = 8;

/** The projects with the newest runs: those that somebody works on. */
function useNewestProjects(): readonly string[] | undefined {
  const { data } = useProjects();
  return useMemo(
    () =>
      data
        ?.toSorted((a, b) => (b.last_run_at ?? '').localeCompare(a.last_run_at ?? ''))
        .slice(0, MOST_PROJECTS)
        .map(({ name }) => name),
    [data],
  );
}

export function FlakyWidget() {
  const t = useMessages(messages);
  return (
    <TestsWidget
      sort="flaky"
      none={t('flakyNone')}
      compare={(a, b) => (b.flaky_rate ?? 0) - (a.flaky_rate ?? 0) || b.unexpected - a.unexpected}
      keep={({ flaky }) => flaky > 0}
    />
  );
}

export function SlowestWidget() {
  const t = useMessages(messages);
  return (
    <TestsWidget
      sort="slow"
      none={t('slowestNone')}
      compare={(a, b) => (b.mean_ms ?? 0) - (a.mean_ms ?? 0)}
      keep={({ mean_ms }) => mean_ms !== null}
    />
  );
}

interface TestsWidgetProps {
  sort: 'flaky' | 'slow';
  none: string;
  compare: (a: ProjectTest, b: ProjectTest) => number;
  keep: (test: ProjectTest) => boolean;
}

function TestsWidget({ sort, none, compare, keep }: TestsWidgetProps) {
  const t = useMessages(messages);
  const language = useLanguage();
  const projects = useNewestProjects();
  const { tests, isPending, error, refetch } = useTestStandings(projects ?? [], { sort, limit: MOST_TESTS });
  if (error) return <ErrorState error={error} onRetry={refetch} />;
  if (!projects || isPending) return <Skeleton rows={4} />;
  const shown = tests.filter(keep).toSorted(compare).slice(0, MOST_TESTS);
  if (shown.length === 0) return <p className="muted">{none}</p>;
  return (
    <ul className={styles.rows}>
      {shown.map((test) => (
        <li key={`${test.of} ${test.test_id}`} className={styles.line}>
          {test.last ? (
            <Link
              to="/runs/$run/tests/$test"
              params={{ run: String(test.last.number), test: test.test_id }}
              className={styles.name}
            >
              {test.title}
            </Link>
          ) : (
            <span className={styles.name}>{test.title}</span>
          )}
          <span className="muted">{[test.of, test.project].filter(Boolean).join(' · ')}</span>
          {sort === 'flaky' ? (
            <>
              <span>{percent(test.flaky_rate, language)}</span>
              <Count tone="flaky" n={test.flaky} label={t('flaky')} />
              <Count tone="failed" n={test.unexpected} label={t('failed')} />
            </>
          ) : (
            <span>{durationText(test.mean_ms ?? 0, language)}</span>
          )}
        </li>
      ))}
    </ul>
  );
}
