/** Runs and outcomes of tests, each with its sign, the same on every page. */
import type { TestOutcome } from '../../shared/protocol/playwright.ts';
import type { Run } from '../../shared/protocol/rest/runs.ts';
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
