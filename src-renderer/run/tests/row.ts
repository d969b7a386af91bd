/** A test in the list of a run: what is shown of it and found by filters. Rows are replaced, never changed, so that unchanged ones are not drawn again. */
import { failureCluster } from '../../../shared/model/failure-cluster.ts';
import type { SettledTestEvent } from '../../../shared/protocol/events.ts';
import type { TestOutcome } from '../../../shared/protocol/playwright.ts';
import type { TestSummary } from '../../../shared/protocol/rest/results.ts';

/** How a test stands: its outcome once it has one. open: nobody has begun it. */
export type Standing = TestOutcome | 'running' | 'open';

export interface TestRow {
  id: string;
  /** In the order in which it was read; rows that only events told of come last. */
  no: number;
  title: string;
  project: string;
  file: string;
  line: number;
  tags: readonly string[];
  supporting: boolean;
  outcome: TestOutcome | null;
  attempts: number;
  durationMs: number | null;
  error: string | null;
  note: string | null;
  worker: string | null;
  /** Since when it runs, milliseconds since the epoch by this browser's clock; null while it does not. */
  since: number | null;
  /** Of its error, of failed and flaky tests only: the id of what is the same error elsewhere. */
  cluster: string | null;
  clusterTitle: string | null;
  /** What plain words are looked for in, in small letters. */
  text: string;
}

/** Errors are kept as far as lists show them; the test's own page has all. */
const MOST_ERROR_CHARS = 2_000;

type Found = Omit<TestRow, 'cluster' | 'clusterTitle' | 'text'>;

function rowOf(found: Found): TestRow {
  const error = found.error === null ? null : found.error.slice(0, MOST_ERROR_CHARS);
  const failed = found.outcome === 'unexpected' || found.outcome === 'flaky';
  const said = error ?? found.note;
  // Of a flaky test the last attempt passed: lists know no error of it.
  const cluster = failed && said !== null ? failureCluster(said) : null;
  return {
    ...found,
    error,
    cluster: cluster?.id ?? null,
    clusterTitle: cluster?.title ?? null,
    text: `${found.title} ${found.file}:${found.line} ${found.project} ${found.tags.join(' ')}`.toLowerCase(),
  };
}

/** As the list of the API has it. */
export const rowOfSummary = (test: TestSummary, no: number, before: TestRow | undefined): TestRow =>
  rowOf({
    id: test.test_id,
    no,
    title: test.title_path.join(' › ') || test.title,
    project: test.project,
    file: test.file,
    line: test.line,
    tags: test.tags,
    supporting: test.supporting,
    outcome: test.outcome,
    attempts: test.attempts,
    durationMs: test.duration_ms,
    error: test.error,
    note: test.note,
    worker: test.worker,
    since: test.outcome === null ? (before?.since ?? null) : null,
  });

/** After its outcome was told. `worker`: the name of the one that told it. */
export function settledRow(
  before: TestRow | undefined,
  test: SettledTestEvent,
  worker: string | null,
  no: number,
): TestRow {
  return rowOf({
    id: test.test_id,
    no: before?.no ?? no,
    title: test.title,
    project: test.project,
    file: test.file,
    line: test.line,
    tags: before?.tags ?? [],
    supporting: before?.supporting ?? false,
    outcome: test.outcome,
    attempts: test.attempts,
    durationMs: test.duration_ms,
    error: test.attempts === 0 ? null : test.error,
    note: test.attempts === 0 ? test.error : null,
    worker: worker ?? before?.worker ?? null,
    since: null,
  });
}

export const standingOfTest = ({ outcome, since }: Pick<TestRow, 'outcome' | 'since'>): Standing =>
  outcome ?? (since === null ? 'open' : 'running');
