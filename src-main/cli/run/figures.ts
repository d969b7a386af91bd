/** The numbers of a followed run, wherever they come from. */
import { isFinal } from '../../../shared/model/run-view.ts';
import type { RunState } from '../../../shared/protocol/rest/runs.ts';
import type { Followed } from './follow.ts';

export interface Figures {
  state: RunState;
  reason: string | null;
  outcome: 'passed' | 'failed' | null;
  /** 0 while unknown. */
  total: number;
  settled: number;
  passed: number;
  failed: number;
  flaky: number;
  skipped: number;
  /** Since the run began, milliseconds; null before. */
  elapsedMs: number | null;
  /** At the pace so far, milliseconds; null while too little is known. */
  remainingMs: number | null;
}

/** `now`: by the coordinator's clock, milliseconds since the epoch. */
export function figuresOf({ view, polled }: Followed, now: number): Figures {
  const { expected, unexpected, flaky, skipped } = polled?.tests ?? view.counts;
  const settled = expected + unexpected + flaky + skipped;
  const total = Math.max(settled, polled?.tests.total ?? view.tests_total);
  const startedAt = polled ? millis(polled.started_at) : view.started_at;
  const endedAt = polled ? millis(polled.completed_at) : view.completed_at;
  const elapsedMs = startedAt === null ? null : Math.max(0, (endedAt ?? now) - startedAt);
  const state = polled?.status ?? view.state;
  return {
    state,
    reason: polled ? polled.reason : view.reason,
    outcome: polled ? polled.outcome : view.outcome,
    total,
    settled,
    passed: expected,
    failed: unexpected,
    flaky,
    skipped,
    elapsedMs,
    remainingMs: isFinal(state) || elapsedMs === null ? null : remaining(elapsedMs, settled, total),
  };
}

/** A tenth of the tests, and at least five, must have told how fast they are. */
function remaining(elapsedMs: number, settled: number, total: number): number | null {
  if (settled < Math.max(5, total / 10)) return null;
  return (elapsedMs / settled) * (total - settled);
}

const millis = (iso: string | null): number | null => (iso === null ? null : Date.parse(iso));
