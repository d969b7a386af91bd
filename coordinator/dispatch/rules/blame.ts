/** Whether a machine or a test (or its suite) is to blame for an attempt that ended without an answer. */
import type { ProcessEnd } from '../../../shared/protocol/work.ts';

/** unclear: nothing speaks for either yet. It counts against the machine until it is known better. */
export type Blame = 'machine' | 'test' | 'unclear';

export interface FailureFacts {
  /** The worker said that a further try cannot help anywhere. */
  permanent: boolean;
  /** Other machines on which the same task, or a test that ran now, ended so as well. */
  failedElsewhere: number;
  /** Another machine has run the same work to its end since. */
  passedElsewhere: boolean;
  /** Other tasks that ended so on this machine lately and are not known to be bad themselves. */
  othersFailedHere: number;
}

export function blameFor(facts: FailureFacts): Blame {
  if (facts.permanent) return 'test';
  if (facts.passedElsewhere) return 'machine';
  if (facts.failedElsewhere > 0) return facts.failedElsewhere >= facts.othersFailedHere ? 'test' : 'machine';
  return facts.othersFailedHere > 0 ? 'machine' : 'unclear';
}

/** Ends for which a machine can be to blame at all. Tests that fail, or that Playwright did not report, are an answer of the suite. */
export function isIncident(how: ProcessEnd['how'] | 'lost' | 'expired'): boolean {
  return how !== 'finished' && how !== 'cancelled';
}
