import path from 'node:path';
import type { Suite, TestCase } from '@playwright/test/reporter';
import type { PlannedTest } from '../../../../shared/protocol/playwright.ts';
import { clip } from './clip.ts';
import { neededBy } from './internals.ts';

/**
 * Which projects' suites only serve others (setup, teardown): Playwright runs them whole in each process and lets no reporter exclude
 * them. `roots` are the suites that count as asked for; a suite that serves one of them is supporting even when asked for itself.
 */
export function supportingSuites(root: Suite, roots: Suite[] = root.suites): Set<Suite> {
  const supporting = new Set<Suite>();
  const visit = (suite: Suite) => {
    for (const needed of neededBy(suite, root.suites)) {
      if (supporting.has(needed)) continue;
      supporting.add(needed);
      visit(needed);
    }
  };
  for (const suite of roots) visit(suite);
  return supporting;
}

export function testsOf(suites: Iterable<Suite>): TestCase[] {
  return [...suites].flatMap((suite) => suite.allTests());
}

/** POSIX and relative to the root dir, also for files beside it; absolute only where another drive leaves no choice. */
export function relativeFile(rootDir: string, file: string): string {
  return clip(path.relative(rootDir, file).split(path.sep).join('/'), 1000);
}

export function projectName(suite: Suite): string {
  return clip(suite.project()?.name ?? '', 500);
}

export function planned(test: TestCase, rootDir: string): PlannedTest {
  // Root, project and file come first.
  const titles = test.titlePath().slice(3);
  return {
    id: test.id,
    project: projectName(test.parent),
    file: relativeFile(rootDir, test.location.file),
    line: test.location.line,
    column: test.location.column,
    titlePath: titles.slice(-50).map((title) => clip(title, 5000)),
    tags: (test.tags ?? []).slice(0, 100).map((tag) => clip(tag, 200)),
    annotations: annotations(test.annotations, 100),
    expectedStatus: test.expectedStatus,
    timeout: test.timeout,
    retries: Math.min(test.retries, 1000),
  };
}

export function annotations(
  list: { type: string; description?: string }[],
  max: number,
): { type: string; description?: string }[] {
  return list.slice(0, max).map(({ type, description }) => ({
    type: clip(type, 500),
    // Suites give numbers and objects here in spite of the types.
    ...(description === undefined ? {} : { description: clip(String(description), 10_000) }),
  }));
}
