/** What an agent says of its grants, for tests and fault runs that speak for one. */
import type { Held, Report } from '../../shared/protocol/link.ts';
import type { Grant, ProcessEnd } from '../../shared/protocol/work.ts';

export const ended = (over: Partial<ProcessEnd> = {}): ProcessEnd => ({
  how: 'finished',
  message: null,
  stack: null,
  exitCode: 0,
  notRun: [],
  wallMs: 5,
  peakMemoryBytes: null,
  meanCpuPercent: null,
  blobSha256: null,
  blobSize: null,
  permanent: false,
  ...over,
});

export const heldOf = ({ taskId, attempt, fence }: Grant): Held => ({ taskId, attempt, fence });

export const passed = (grant: Grant, testIds: readonly string[]): Report => results(grant, testIds, 'passed');

export const failed = (grant: Grant, testIds: readonly string[]): Report => results(grant, testIds, 'failed');

function results(grant: Grant, testIds: readonly string[], status: 'passed' | 'failed'): Report {
  const outcome = status === 'passed' ? ('expected' as const) : ('unexpected' as const);
  return {
    kind: 'results',
    ...heldOf(grant),
    attempts: testIds.map((testId) => ({
      testId,
      retry: 0,
      status,
      startedAt: 0,
      durationMs: 10,
      errors: [],
      steps: [],
      annotations: [],
      stdout: '',
      stderr: '',
      workerIndex: 0,
      parallelIndex: 0,
      attachments: [],
    })),
    settled: testIds.map((testId) => ({ testId, outcome, attempts: 1 })),
    errors: [],
  };
}
