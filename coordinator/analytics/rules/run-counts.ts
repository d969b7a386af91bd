/** What the runs of some time come to. */
import { durationFigures } from '../../../shared/model/percentiles.ts';
import type { RunCounts } from '../../../shared/protocol/rest/analytics.ts';
import type { Range } from './range.ts';

/** A run that has ended. */
export interface EndedRun {
  completed_at: number;
  started_at: number | null;
  state: 'completed' | 'failed' | 'cancelled';
  outcome: 'passed' | 'failed' | null;
  expected: number;
  unexpected: number;
  flaky: number;
  skipped: number;
}

export class RunCounter {
  readonly #durations: number[] = [];
  readonly #counts = {
    passed: 0,
    failed: 0,
    broken: 0,
    cancelled: 0,
    expected: 0,
    unexpected: 0,
    flaky: 0,
    skipped: 0,
  };

  add(run: EndedRun): void {
    const counts = this.#counts;
    if (run.state === 'cancelled') counts.cancelled++;
    else if (run.state === 'failed') counts.broken++;
    else counts[run.outcome ?? 'failed']++;
    if (run.state === 'completed' && run.started_at !== null) this.#durations.push(run.completed_at - run.started_at);
    for (const key of ['expected', 'unexpected', 'flaky', 'skipped'] as const) counts[key] += run[key];
  }

  get counts(): RunCounts {
    const { passed, failed, broken, cancelled, expected, unexpected, flaky, skipped } = this.#counts;
    const figures = durationFigures(this.#durations);
    const judged = passed + failed + broken;
    const tried = expected + unexpected + flaky;
    return {
      runs: judged + cancelled,
      passed,
      failed,
      broken,
      cancelled,
      success_rate: judged === 0 ? null : passed / judged,
      tests: tried + skipped,
      tests_expected: expected,
      tests_unexpected: unexpected,
      tests_flaky: flaky,
      tests_skipped: skipped,
      tests_success_rate: tried === 0 ? null : (expected + flaky) / tried,
      mean_ms: figures?.mean_ms ?? null,
      p50_ms: figures?.p50_ms ?? null,
      p95_ms: figures?.p95_ms ?? null,
    };
  }
}

/** Counts each run in all of the spans in which it ended; spans may overlap. Add in any order. */
export class SpanCounter {
  readonly #spans: readonly { span: Range; counter: RunCounter }[];

  constructor(spans: readonly Range[]) {
    this.#spans = spans.map((span) => ({ span, counter: new RunCounter() }));
  }

  add(run: EndedRun): void {
    for (const { span, counter } of this.#spans) {
      if (run.completed_at >= span.from && run.completed_at < span.to) counter.add(run);
    }
  }

  get counts(): RunCounts[] {
    return this.#spans.map(({ counter }) => counter.counts);
  }
}

/** The place of the span that holds `at`, of spans in order without gaps; -1 outside all. */
export function spanOf(spans: readonly Range[], at: number): number {
  let low = 0;
  let high = spans.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((spans[middle]?.to ?? Infinity) <= at) low = middle + 1;
    else high = middle;
  }
  const span = spans[low];
  return span && span.from <= at ? low : -1;
}
