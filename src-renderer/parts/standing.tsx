/** Runs, workers and tests in one word with its sign, the same on every page. */
import type { TestOutcome } from '../../shared/protocol/playwright.ts';
import type { Run } from '../../shared/protocol/rest/runs.ts';
import type { WorkerStatus as WorkerStanding } from '../../shared/protocol/rest/workers.ts';
import { type RunStanding, standingOf } from '../fleet/standing.ts';
import { useMessages } from '../ui/i18n.ts';
import { Status, type Tone } from '../ui/status.tsx';
import { messages } from './messages.ts';

const RUN_TONES: Record<RunStanding, Tone> = {
  waiting: 'running',
  running: 'running',
  passed: 'passed',
  failed: 'failed',
  cancelled: 'skipped',
  broken: 'failed',
};

export function RunStatus({ run }: { run: Pick<Run, 'status' | 'outcome'> }) {
  const t = useMessages(messages);
  const standing = standingOf(run);
  return <Status tone={RUN_TONES[standing]}>{t(standing)}</Status>;
}

export const OUTCOME_TONES: Record<TestOutcome, Tone> = {
  expected: 'passed',
  unexpected: 'failed',
  flaky: 'flaky',
  skipped: 'skipped',
};

/** null: not settled yet. */
export function Outcome({ outcome }: { outcome: TestOutcome | null }) {
  const t = useMessages(messages);
  if (outcome === null) return <Status tone="running">{t('open')}</Status>;
  return <Status tone={OUTCOME_TONES[outcome]}>{t(outcome)}</Status>;
}

const WORKER_TONES: Record<WorkerStanding, Tone> = {
  idle: 'passed',
  busy: 'running',
  offline: 'failed',
  maintenance: 'flaky',
};

export function WorkerStatus({ status }: { status: WorkerStanding }) {
  const t = useMessages(messages);
  return <Status tone={WORKER_TONES[status]}>{t(status)}</Status>;
}
