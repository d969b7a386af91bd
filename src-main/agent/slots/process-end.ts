import type { Grant, ProcessEnd } from '../../../shared/protocol/work.ts';
import type { RunEnd } from '../playwright/run-process.ts';
import { verdict } from '../playwright/verdict.ts';

export interface EndFacts {
  work: Exclude<Grant['work'], { kind: 'discover' }>;
  /** Tests of the order that were taken back meanwhile. */
  revoked: ReadonlySet<string>;
  end: RunEnd;
  /** From the report stream. */
  planned: string[] | null;
  settled: string[];
  errors: string[];
  blob: { sha256: string; size: number } | null;
  /** Set where we stopped it. */
  stopped: { how: 'timeout' | 'cancelled'; reason: string } | null;
}

const MOST_MESSAGE = 100_000;
const MOST_NOT_RUN = 200_000;

/**
 * The last word about a Playwright process. `message` of one that finished says that something outside its tests went wrong, which keeps a
 * run from being called passed; what became of the tests is told by their results and by `notRun` alone.
 */
export function processEnd({ work, revoked, end, planned, settled, errors, blob, stopped }: EndFacts): ProcessEnd {
  const ordered = work.kind === 'units' ? work.testIds.filter((id) => !revoked.has(id)) : planned;
  const { complete, notRun, reason } = verdict({ ordered, settled, end, errors });
  // Its last word was that it was interrupted, and not by us: no better than a crash.
  const isCutOff = end.ended === null || end.ended.notRunReason === 'interrupted';
  const how = stopped?.how ?? (isCutOff && !complete ? 'crashed' : 'finished');
  const outside = errors.length > 0 ? errors.slice(0, 10).join('\n\n') : null;
  const message = stopped?.reason ?? (how === 'crashed' ? reason : outside);
  return {
    how,
    message: message?.slice(0, MOST_MESSAGE) ?? null,
    stack: null,
    exitCode: end.exitCode,
    notRun: notRun.slice(0, MOST_NOT_RUN),
    wallMs: Math.round(end.wallMs),
    peakMemoryBytes: end.peakMemoryBytes,
    meanCpuPercent: end.meanCpuPercent,
    blobSha256: blob?.sha256 ?? null,
    blobSize: blob?.size ?? null,
    permanent: false,
  };
}

/** Of an attempt that had no Playwright process to report on. */
export function endWithout(
  how: ProcessEnd['how'],
  message: string | null,
  wallMs: number,
  more: Partial<ProcessEnd> = {},
): ProcessEnd {
  return {
    how,
    message: message?.slice(0, MOST_MESSAGE) ?? null,
    stack: null,
    exitCode: null,
    notRun: [],
    wallMs: Math.round(wallMs),
    peakMemoryBytes: null,
    meanCpuPercent: null,
    blobSha256: null,
    blobSize: null,
    permanent: false,
    ...more,
  };
}
