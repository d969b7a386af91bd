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

export function passed(grant: Grant, testIds: readonly string[]): Report {
  return {
    kind: 'results',
    ...heldOf(grant),
    attempts: testIds.map((testId) => ({
      testId,
      retry: 0,
      status: 'passed' as const,
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
    settled: testIds.map((testId) => ({ testId, outcome: 'expected' as const, attempts: 1 })),
    errors: [],
  };
}
