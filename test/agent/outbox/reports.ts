import type { Report } from '../../../shared/protocol/link.ts';

/** A report that can be told from all others by `n`, with so many bytes of output. */
export function reportNo(n: number, padding = 0): Report {
  const attempt = {
    testId: `test ${n}`,
    retry: 0,
    status: 'passed' as const,
    startedAt: 0,
    durationMs: 1,
    errors: [],
    steps: [],
    annotations: [],
    stdout: 'x'.repeat(padding),
    stderr: '',
    workerIndex: 0,
    parallelIndex: 0,
    attachments: [],
  };
  return { taskId: `task-${n}`, attempt: 1, fence: n, kind: 'results', attempts: [attempt], settled: [], errors: [] };
}
