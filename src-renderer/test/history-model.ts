/** What the history strip shows of a test's last runs. */
import type { TestHistory, TestResult } from '../../shared/protocol/rest/tests.ts';

export interface Bar {
  result: TestResult;
  /** 0–1 of the longest one shown. */
  height: number;
  /** The run that the page is about. */
  here: boolean;
}

/** To what the strip is narrowed: id of a machine, name of an environment (`-`: runs without one); empty: all. */
export interface Narrowing {
  worker: string;
  environment: string;
}

const environmentOf = ({ environment }: TestResult): string => environment ?? '-';

/** Oldest first, as one reads. */
export function barsOf(results: readonly TestResult[], runId: string, { worker, environment }: Narrowing): Bar[] {
  const shown = results
    .filter((result) => worker === '' || result.worker_id === worker)
    .filter((result) => environment === '' || environmentOf(result) === environment)
    .toReversed();
  const longest = Math.max(0, ...shown.map(({ duration_ms }) => duration_ms ?? 0));
  return shown.map((result) => ({
    result,
    height: longest === 0 ? 0 : (result.duration_ms ?? 0) / longest,
    here: result.run_id === runId,
  }));
}

/** Those that its runs tested against, by name. */
export const environmentsIn = (results: readonly TestResult[]): string[] =>
  [...new Set(results.map(environmentOf))].sort((a, b) => a.localeCompare(b));

/** Machines that ran it, by name. */
export function workersIn(results: readonly TestResult[]): { id: string; name: string }[] {
  const names = new Map<string, string>();
  for (const { worker_id, worker } of results) if (worker_id !== null) names.set(worker_id, worker ?? worker_id);
  return [...names].map(([id, name]) => ({ id, name })).sort((a, b) => a.name.localeCompare(b.name));
}

export type Standing = 'new_failure' | 'still_failing' | 'known_flaky' | 'fixed' | null;

/** Flaky or failed now and then before: as often as this, a failure is no news. */
const FLAKY_RATE = 0.05;

/** How its outcome in this run stands to the runs before it. */
export function standingOf(results: readonly TestResult[], runId: string): Standing {
  const at = results.findIndex((result) => result.run_id === runId);
  const now = results[at];
  const before = results.slice(at + 1).filter(({ outcome }) => outcome !== 'skipped');
  const last = before[0];
  if (now === undefined || last === undefined || now.outcome === 'skipped') return null;
  if (now.outcome === 'expected') return last.outcome === 'unexpected' ? 'fixed' : null;
  if (now.outcome === 'unexpected' && last.outcome === 'unexpected') return 'still_failing';
  const shaky = before.filter(({ outcome }) => outcome === 'flaky').length + changes(before);
  if (shaky / before.length >= FLAKY_RATE && shaky > 0) return 'known_flaky';
  return now.outcome === 'unexpected' ? 'new_failure' : null;
}

/** How often it failed between two runs in which it did not. */
function changes(results: readonly TestResult[]): number {
  let count = 0;
  for (let index = 1; index < results.length - 1; index++) {
    const isLone =
      results[index]!.outcome === 'unexpected' &&
      results[index - 1]!.outcome === 'expected' &&
      results[index + 1]!.outcome === 'expected';
    if (isLone) count++;
  }
  return count;
}

/** The run with which its failures began, seen from this run; null where it does not fail, or has always failed as far as is known. */
export function firstFailed(results: readonly TestResult[], runId: string): TestResult | null {
  const at = results.findIndex((result) => result.run_id === runId);
  if (at < 0 || results[at]!.outcome !== 'unexpected') return null;
  let first = results[at]!;
  for (const result of results.slice(at + 1)) {
    if (result.outcome === 'unexpected') first = result;
    else if (result.outcome !== 'skipped') return first;
  }
  return null;
}

/** For a bug report. */
export function historyText(history: TestHistory): string {
  const ran = history.runs - history.skipped;
  return `${history.unexpected} of the last ${ran} runs failed, ${history.flaky} ${history.flaky === 1 ? 'was' : 'were'} flaky`;
}
