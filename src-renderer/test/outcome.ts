/** The words and tones of the statuses of attempts. */
import type { TestStatus } from '../../shared/protocol/playwright.ts';
import type { Tone } from '../ui/status.tsx';

export const STATUSES = {
  passed: { tone: 'passed', word: 'passed' },
  failed: { tone: 'failed', word: 'failed' },
  timedOut: { tone: 'failed', word: 'timedOut' },
  interrupted: { tone: 'failed', word: 'interrupted' },
  skipped: { tone: 'skipped', word: 'statusSkipped' },
} as const satisfies Record<TestStatus, { tone: Tone; word: string }>;
