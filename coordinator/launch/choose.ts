/** Tries a choice on a suite within bounded time: expressions come from people, and one that backtracks for ever would stop everybody. */
import { createContext, Script } from 'node:vm';
import { chooser } from '../../shared/model/choose-tests.ts';
import type { TestChoice } from '../../shared/protocol/rest/launch.ts';
import { badField } from '../http/refusal.ts';
import type { KnownTest } from './suite.ts';

/** 10,000 tests take some milliseconds; the event loop stands still meanwhile. */
const MOST_MS = 150;

/** Only its time-out is needed: what runs in it is our own function, called from there. */
const bounded = new Script('run()');

/** Throws a Refusal for an expression that cannot be read, or that takes too long. */
export function choose(tests: readonly KnownTest[], choice: TestChoice): KnownTest[] {
  const chosen = chooser(choice);
  if (chosen.problem) throw badField(chosen.problem.field, chosen.problem.message);
  const { takes } = chosen;
  let found: KnownTest[] = [];
  const run = (): void => {
    found = tests.filter(takes);
  };
  try {
    bounded.runInContext(createContext({ run }), { timeout: MOST_MS });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error;
    const field = choice.grep !== undefined ? 'grep' : choice.grep_invert !== undefined ? 'grep_invert' : 'files';
    throw badField(field, 'takes too long to try: leave out what repeats what repeats, such as (a+)+');
  }
  return found;
}
