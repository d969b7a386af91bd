/** From answers of the API to what charts draw. Pure: words come from outside. */
import type { FailurePatterns, Trends, WorkerUse } from '../../shared/protocol/rest/analytics.ts';
import type { TestSort } from '../../shared/protocol/rest/tests.ts';
import type { ProjectTest } from '../fleet/metrics.ts';
import type { DataColumn, Dataset } from './dataset.ts';

/** Heads of columns by their id. */
export type Words = (id: string) => string;

const column = (words: Words, id: string, kind: DataColumn['kind']): DataColumn => ({ id, head: words(id), kind });

/** `label`: what a piece of time is called. */
export function durationData({ buckets }: Trends, label: (from: string) => string, words: Words): Dataset {
  return {
    columns: [
      column(words, 'from', 'text'),
      column(words, 'median', 'duration'),
      column(words, 'p95', 'duration'),
      column(words, 'runs', 'count'),
    ],
    rows: buckets.map(({ from, p50_ms, p95_ms, runs }) => ({ cells: [label(from), p50_ms, p95_ms, runs] })),
  };
}

export function successData({ buckets }: Trends, label: (from: string) => string, words: Words): Dataset {
  return {
    columns: [
      column(words, 'from', 'text'),
      column(words, 'success', 'rate'),
      column(words, 'testSuccess', 'rate'),
      column(words, 'passed', 'count'),
      column(words, 'failed', 'count'),
      column(words, 'broken', 'count'),
      column(words, 'flakyTests', 'count'),
    ],
    rows: buckets.map((bucket) => ({
      cells: [
        label(bucket.from),
        bucket.success_rate,
        bucket.tests_success_rate,
        bucket.passed,
        bucket.failed,
        bucket.broken,
        bucket.tests_flaky,
      ],
    })),
  };
}

const COMPARE: Record<'slow' | 'flaky', (a: ProjectTest, b: ProjectTest) => number> = {
  slow: (a, b) => (b.mean_ms ?? 0) - (a.mean_ms ?? 0),
  flaky: (a, b) => (b.flaky_rate ?? 0) - (a.flaky_rate ?? 0) || b.unexpected - a.unexpected,
};

/** The first `most` of the tests of several projects. */
export function testsData(
  tests: readonly ProjectTest[],
  sort: TestSort & ('slow' | 'flaky'),
  most: number,
  words: Words,
): Dataset {
  const shown = tests
    .filter((test) => (sort === 'slow' ? test.mean_ms !== null : test.flaky > 0))
    .toSorted(COMPARE[sort])
    .slice(0, most);
  const columns = [
    column(words, 'test', 'text'),
    column(words, 'project', 'text'),
    column(words, 'file', 'text'),
    ...(sort === 'slow'
      ? [column(words, 'mean', 'duration'), column(words, 'p95', 'duration'), column(words, 'runs', 'count')]
      : [column(words, 'flakyRate', 'rate'), column(words, 'failureRate', 'rate'), column(words, 'runs', 'count')]),
  ];
  return {
    columns,
    rows: shown.map((test) => ({
      cells: [
        test.title,
        [test.of, test.project].filter((name) => name !== '').join(' · '),
        test.file,
        ...(sort === 'slow' ? [test.mean_ms, test.p95_ms, test.runs] : [test.flaky_rate, test.failure_rate, test.runs]),
      ],
      ...(test.last ? { link: { run: String(test.last.number), test: test.test_id } } : {}),
    })),
  };
}

const HOURS = 24;
const DAYS = 7;

/** Mean use of each hour of the day over the week; null where it was never online then. */
export function byHourOfDay(heat: readonly (number | null)[]): (number | null)[] {
  return Array.from({ length: HOURS }, (_, hour) => {
    const known = Array.from({ length: DAYS }, (_, day) => heat[day * HOURS + hour] ?? null).filter(
      (use) => use !== null,
    );
    return known.length === 0 ? null : known.reduce((sum, use) => sum + use, 0) / known.length;
  });
}

/** One line per worker, one column per hour of the day. */
export function heatData({ workers }: WorkerUse, words: Words): Dataset {
  return {
    columns: [
      column(words, 'worker', 'text'),
      ...Array.from({ length: HOURS }, (_, hour): DataColumn => {
        const name = String(hour).padStart(2, '0');
        return { id: name, head: name, kind: 'rate' };
      }),
    ],
    rows: workers.map(({ worker, worker_id, heat, removed }) => ({
      cells: [worker, ...byHourOfDay(heat)],
      ...(removed ? {} : { link: { worker: worker_id } }),
    })),
  };
}

/** One line per day of the week of one worker. `days`: their names, Monday first. */
export function weekData(heat: readonly (number | null)[], days: readonly string[], words: Words): Dataset {
  return {
    columns: [
      column(words, 'day', 'text'),
      ...Array.from({ length: HOURS }, (_, hour): DataColumn => {
        const name = String(hour).padStart(2, '0');
        return { id: name, head: name, kind: 'rate' };
      }),
    ],
    rows: days.map((day, i) => ({ cells: [day, ...heat.slice(i * HOURS, (i + 1) * HOURS)] })),
  };
}

export function spreadData({ workers }: WorkerUse, words: Words): Dataset {
  return {
    columns: [
      column(words, 'worker', 'text'),
      column(words, 'share', 'rate'),
      column(words, 'use', 'rate'),
      column(words, 'tests', 'count'),
      column(words, 'failedTests', 'count'),
      column(words, 'tasks', 'count'),
      column(words, 'failedTasks', 'count'),
      column(words, 'testTime', 'duration'),
    ],
    rows: workers
      .toSorted((a, b) => b.share - a.share)
      .map((one) => ({
        cells: [
          one.worker,
          one.share,
          one.use,
          one.tests,
          one.tests_unexpected,
          one.tasks,
          one.tasks_failed,
          one.tests_ms,
        ],
        ...(one.removed ? {} : { link: { worker: one.worker_id } }),
      })),
  };
}

export function patternData({ items }: FailurePatterns, label: (at: string) => string, words: Words): Dataset {
  return {
    columns: [
      column(words, 'error', 'text'),
      column(words, 'failures', 'count'),
      column(words, 'flakyTests', 'count'),
      column(words, 'runs', 'count'),
      column(words, 'projects', 'text'),
      column(words, 'last', 'text'),
    ],
    rows: items.map((item) => ({
      cells: [
        item.title,
        item.unexpected + item.flaky,
        item.flaky,
        item.runs,
        item.projects.join(', '),
        label(item.last_at),
      ],
      ...(item.last_run ? { link: { run: String(item.last_run.number) } } : {}),
    })),
  };
}
