/** Why an attempt could not be carried out, as the coordinator is told it. */
import { ReportTooLarge } from '../outbox/outbox.ts';
import { PlaywrightRefusal } from '../playwright/resolve-playwright.ts';
import { WorkspaceError } from '../workspace/errors.ts';

export interface AttemptFailure {
  message: string;
  /** The same would happen everywhere, and again. */
  isPermanent: boolean;
  /** null: it is known to go wrong, and the message is for people. Anything else is a fault of ours. */
  stack: string | null;
}

const MOST_STACK = 100_000;

export function failureOf(error: unknown): AttemptFailure {
  if (error instanceof WorkspaceError) return { message: error.message, isPermanent: error.permanent, stack: null };
  if (error instanceof PlaywrightRefusal) {
    const isPermanent = error.code === 'noPlaywright' || error.code === 'tooOld';
    return { message: error.message, isPermanent, stack: null };
  }
  if (error instanceof ReportTooLarge) return { message: error.message, isPermanent: true, stack: null };
  const { message, stack } = error as Error;
  return { message, isPermanent: false, stack: stack?.slice(0, MOST_STACK) ?? null };
}
