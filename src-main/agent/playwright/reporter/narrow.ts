/** Two ways in which a run is narrowed to its order: by exclusion, public since Playwright 1.62, and by passing over, for those before. */
import type { Suite } from '@playwright/test/reporter';
import { modeOf, type AnyTestRun } from './internals.ts';
import { supportingSuites, testsOf } from './suites.ts';
import { groupByUnit } from './units.ts';

/** To be called from `preprocess`. Supporting projects stay as they are: Playwright lets nobody exclude them, and drops those not needed. */
export function excludeOthers(wanted: ReadonlySet<string>, ordinary: readonly Suite[], testRun: AnyTestRun): void {
  for (const project of ordinary) {
    if (project.allTests().some((test) => wanted.has(test.id))) excludeAllBut(wanted, project, testRun);
    else testRun.exclude(project);
  }
}

/**
 * To be called from `onBegin`. Playwright does not start a group of tests that are all expected to be skipped (seen in 1.40–1.65). Returns
 * the ids of which nothing is to be told: what is passed over, and what runs only because it shares a file with something ordered.
 */
export function passOverOthers(wanted: ReadonlySet<string>, root: Suite): Set<string> {
  const supporting = supportingSuites(root);
  const ordinary = root.suites.filter((project) => !supporting.has(project));
  const asked = ordinary.filter((project) => project.allTests().some((test) => wanted.has(test.id)));
  const needed = supportingSuites(root, asked);
  const others = new Set<string>();
  for (const unit of groupByUnit(testsOf(ordinary), (suite) => modeOf(suite, null))) {
    const isOrdered = unit.some((test) => wanted.has(test.id));
    for (const test of unit) {
      if (!isOrdered) test.expectedStatus = 'skipped';
      if (!wanted.has(test.id)) others.add(test.id);
    }
  }
  for (const test of testsOf([...supporting].filter((project) => !needed.has(project)))) {
    test.expectedStatus = 'skipped';
    others.add(test.id);
  }
  return others;
}

function excludeAllBut(wanted: ReadonlySet<string>, suite: Suite, testRun: AnyTestRun): void {
  for (const entry of [...suite.entries()]) {
    if (entry.type === 'test') {
      if (!wanted.has(entry.id)) testRun.exclude(entry);
    } else if (entry.allTests().some((test) => wanted.has(test.id))) {
      excludeAllBut(wanted, entry, testRun);
    } else {
      testRun.exclude(entry);
    }
  }
}
