import type { Suite, TestCase } from '@playwright/test/reporter';
import { isFocused } from './internals.ts';
import { supportingSuites, testsOf } from './suites.ts';

export interface Focus {
  /** The tests that a run would count as its own, in order. */
  tests: Set<TestCase>;
  /** Project suites that run because those tests need them. */
  supporting: Set<Suite>;
}

/** Applies `.only` as a run does and `--list` does not: anything focused leaves only focused tests, and the projects they need. */
export function focus(root: Suite): Focus {
  const focused = root.suites.filter((project) => pick(project).length > 0);
  const roots = focused.length > 0 ? focused : root.suites;
  const supporting = supportingSuites(root, roots);
  const own = roots.filter((project) => !supporting.has(project));
  return { tests: new Set(focused.length > 0 ? own.flatMap(pick) : testsOf(own)), supporting };
}

/** A focused suite is kept whole unless something within it is focused. */
function pick(suite: Suite): TestCase[] {
  const within = suite.suites.flatMap((child) => {
    const picked = pick(child);
    return picked.length === 0 && isFocused(child) ? child.allTests() : picked;
  });
  return [...suite.tests.filter(isFocused), ...within];
}
