import type { Suite } from '@playwright/test/reporter';
import type { Mode } from './internals.ts';

/**
 * Brings what may run in any order into the order of `rank` (test id → place; smaller = earlier): files of a project, and what lies in
 * suites whose mode is parallel. Whatever the suite's author put in sequence stays so. Playwright goes through the entries as they stand
 * when reporters have had their say.
 */
export function putInOrder(project: Suite, rank: ReadonlyMap<string, number>, modeOf: (suite: Suite) => Mode): void {
  sortEntries(project, rank);
  for (const file of project.suites) visit(file, rank, modeOf);
}

function visit(suite: Suite, rank: ReadonlyMap<string, number>, modeOf: (suite: Suite) => Mode): void {
  if (modeOf(suite) !== 'parallel') return;
  sortEntries(suite, rank);
  for (const child of suite.suites) visit(child, rank, modeOf);
}

function sortEntries(suite: Suite, rank: ReadonlyMap<string, number>): void {
  const entries = suite.entries();
  const place = new Map<object, number>();
  for (const entry of entries) {
    const tests = entry.type === 'test' ? [entry] : entry.allTests();
    place.set(entry, Math.min(...tests.map((test) => rank.get(test.id) ?? Infinity)));
  }
  entries.sort((a, b) => (place.get(a) ?? Infinity) - (place.get(b) ?? Infinity) || 0);
}
