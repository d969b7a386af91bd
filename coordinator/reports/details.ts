/**
 * Playwright's merge holds every event in memory and writes report.json as one string, so a run beyond some hundred megabytes of events
 * would end without any report. Steps and output are the bulk of it; what a reader misses least goes first.
 */

/** full · failed: attempts that ended as expected lose their steps and output · none: all attempts do. */
export type Details = 'full' | 'failed' | 'none';

/** Bytes of events for each megabyte of heap: 450 MB of heap were enough for 117 MB, 300 were not. */
export const EVENT_BYTES_PER_HEAP_MB = 200_000;

/** About what is left of an attempt without its details. */
const BARE_ATTEMPT_BYTES = 700;

export function chooseDetails(attempts: Iterable<{ ok: boolean; bytes: number }>, maxBytes: number): Details {
  let full = 0;
  let failed = 0;
  for (const { ok, bytes } of attempts) {
    full += bytes;
    failed += ok ? Math.min(bytes, BARE_ATTEMPT_BYTES) : bytes;
  }
  if (full <= maxBytes) return 'full';
  return failed <= maxBytes ? 'failed' : 'none';
}

const DETAILS = ['{"method":"onStepBegin"', '{"method":"onStepEnd"', '{"method":"onStdIO"'];

/** The events of an attempt, one a line as folding writes them, without steps and output. */
export const withoutDetails = (lines: string): string =>
  lines
    .split('\n')
    .filter((line) => !DETAILS.some((start) => line.startsWith(start)))
    .join('\n');

export const sayDetails: Record<Details, string | null> = {
  full: null,
  failed:
    'The steps and output of attempts that ended as expected are left out: the report would be too large with them.',
  none: 'Steps and output are left out: the report would be too large with them.',
};
