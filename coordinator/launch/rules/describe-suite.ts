import type { Suite } from '../../../shared/protocol/rest/launch.ts';
import type { KnownSuite } from '../suite.ts';

const MOST_FILES = 5_000;

/** What a suite consists of, counted. */
export function describeSuite(
  { basis: { createdAt, ...basis }, playwrightVersion, tests }: KnownSuite,
  now: number,
): Suite {
  const projects = count(tests.map(({ project }) => project));
  const files = count(tests.map(({ file }) => file));
  const tags = count(tests.flatMap((test) => [...new Set(test.tags)]));
  return {
    basis: { ...basis, age_ms: Math.max(0, now - createdAt) },
    tests: tests.length,
    projects,
    tags: tags.sort((a, b) => b.tests - a.tests || (a.name < b.name ? -1 : 1)),
    files: files.sort((a, b) => (a.name < b.name ? -1 : 1)).slice(0, MOST_FILES),
    playwright_version: playwrightVersion,
  };
}

/** In the order in which they first come. */
function count(names: readonly string[]): { name: string; tests: number }[] {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].map(([name, tests]) => ({ name, tests }));
}
