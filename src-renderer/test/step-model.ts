import type { TestStep } from '../../shared/protocol/playwright.ts';

/** Whether it or anything in it failed. */
export function hasFailed(step: TestStep): boolean {
  return step.error !== undefined || (step.steps ?? []).some(hasFailed);
}
