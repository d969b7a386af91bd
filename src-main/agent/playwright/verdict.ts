import type { NotRunReason } from '../../../shared/protocol/ipc.ts';
import type { RunEnd } from './run-process.ts';

export interface VerdictInput {
  /** Ids the process was to run, without supporting tests: the order's, or for a shard those planned. Null where a shard was never planned. */
  ordered: Iterable<string> | null;
  /** Ids it settled. */
  settled: Iterable<string>;
  end: Pick<RunEnd, 'ended' | 'exitCode' | 'signal' | 'stopReason'>;
  /** Messages of errors outside tests, oldest first. */
  errors: string[];
}

export interface Verdict {
  /** Every ordered test has an outcome, or the suite itself chose not to begin it. */
  complete: boolean;
  /** Ordered tests that got neither: to be ordered again. */
  missing: string[];
  /** Ordered tests that the suite itself did not begin (failed setup, its own limits): running them again would do the same. */
  notRun: string[];
  /** Why anything is missing or was not run, for people; null where nothing is. */
  reason: string | null;
}

const NOT_RUN: Record<NotRunReason, string> = {
  interrupted: 'the process was interrupted',
  globalTimeout: "the suite's own globalTimeout passed",
  maxFailures: "the suite's own limit of failures was reached",
  setupFailed: 'a setup project failed',
  error: 'an error outside the tests stopped the run',
};

/** Compares what was ordered with what happened: an exit code of 0 proves nothing. */
export function verdict({ ordered, settled, end, errors }: VerdictInput): Verdict {
  const why = end.ended?.notRunReason ?? null;
  const ownChoice = why !== null && why !== 'interrupted' && end.stopReason === null;
  const chosen = new Set(ownChoice ? end.ended?.notRun : []);
  const done = new Set(settled);
  const open = [...(ordered ?? [])].filter((id) => !done.has(id));
  const missing = open.filter((id) => !chosen.has(id));
  const complete = ordered !== null && end.ended !== null && missing.length === 0;
  const clean = complete && open.length === 0;
  return {
    complete,
    missing,
    notRun: open.filter((id) => chosen.has(id)),
    reason: clean ? null : reasonOf(end, errors),
  };
}

function reasonOf(end: VerdictInput['end'], errors: string[]): string {
  const detail = errors[0] === undefined ? '' : `: ${errors[0]}`;
  if (end.stopReason !== null) return end.stopReason;
  if (end.signal !== null) return `Playwright was killed by ${end.signal}${detail}`;
  if (end.ended === null)
    return `Playwright ended with exit code ${end.exitCode} before its report was complete${detail}`;
  if (end.ended.notRunReason !== null) return NOT_RUN[end.ended.notRunReason] + detail;
  return errors[0] ?? 'Playwright ended without running all that was ordered';
}
