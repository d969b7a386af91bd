import type { TestAttempt } from '../../../shared/protocol/playwright.ts';

/** A report must fit into one frame of the link, and an attempt into a report. */
const MOST_BYTES = 8 * 1024 * 1024;
const KEPT_TEXT = 200_000;
const KEPT_ERRORS = 10;

/** The attempt, cut down where it is monstrous (each of its texts is bounded, their sum is not), and its size as JSON in bytes. */
export function slim(attempt: TestAttempt): { attempt: TestAttempt; bytes: number } {
  const bytes = sizeOf(attempt);
  if (bytes <= MOST_BYTES) return { attempt, bytes };
  const note = {
    type: 'playfleet',
    description: `this attempt was too large to keep whole (${bytes} bytes): steps, output and errors are cut`,
  };
  const cut: TestAttempt = {
    ...attempt,
    steps: [],
    errors: attempt.errors.slice(0, KEPT_ERRORS).map((error) => ({
      ...error,
      message: error.message.slice(0, KEPT_TEXT),
      stack: error.stack?.slice(0, KEPT_TEXT),
    })),
    stdout: attempt.stdout.slice(-KEPT_TEXT),
    stderr: attempt.stderr.slice(-KEPT_TEXT),
    annotations: [...attempt.annotations.slice(0, 20), note],
  };
  return { attempt: cut, bytes: sizeOf(cut) };
}

const sizeOf = (attempt: TestAttempt): number => Buffer.byteLength(JSON.stringify(attempt));
