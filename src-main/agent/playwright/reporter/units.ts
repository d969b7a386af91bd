import type { Suite, TestCase } from '@playwright/test/reporter';
import type { Unit } from '../../../../shared/protocol/playwright.ts';
import { clip } from './clip.ts';
import { hasAllHooks, type Mode } from './internals.ts';
import { projectName, relativeFile } from './suites.ts';

/**
 * Cuts tests into the smallest parts that may run alone, as Playwright itself would spread them over its workers: the
 * outermost serial (or default) suite inside a parallel one, each parallel test that shares no beforeAll or afterAll, and otherwise
 * what a project has in a file.
 */
export function unitsOf(tests: Iterable<TestCase>, rootDir: string, modeOf: (suite: Suite) => Mode): Unit[] {
  const units = new Map<object, Unit>();
  for (const test of tests) {
    const place = placeOf(test, modeOf);
    const unit = units.get(place.key);
    if (unit) unit.testIds.push(test.id);
    else units.set(place.key, newUnit(place, test, rootDir));
  }
  return [...units.values()];
}

/** The same cut, as lists of tests in the order in which Playwright begins them: file by file. */
export function groupByUnit(tests: Iterable<TestCase>, modeOf: (suite: Suite) => Mode): TestCase[][] {
  const units = new Map<object, TestCase[]>();
  for (const test of tests) {
    const { key } = placeOf(test, modeOf);
    const unit = units.get(key);
    if (unit) unit.push(test);
    else units.set(key, [test]);
  }
  return [...units.values()];
}

interface Place {
  kind: Unit['kind'];
  /** Tests with the same key belong together. */
  key: TestCase | Suite;
  fileSuite: Suite;
}

function placeOf(test: TestCase, modeOf: (suite: Suite) => Mode): Place {
  const path = suitesAround(test);
  const fileSuite = path.find((suite) => suite.type === 'file') ?? test.parent;
  const modes = path.map(modeOf);
  const parallelAt = modes.indexOf('parallel');
  if (parallelAt < 0) return { kind: 'file', key: fileSuite, fileSuite };
  const sequential = path.find((_, index) => index > parallelAt && modes[index] !== 'parallel');
  if (sequential) return { kind: sequential === fileSuite ? 'file' : 'group', key: sequential, fileSuite };
  if (path.some(hasAllHooks)) return { kind: 'file', key: fileSuite, fileSuite };
  return { kind: 'test', key: test, fileSuite };
}

/** From the root suite down to the test's own. */
function suitesAround(test: TestCase): Suite[] {
  const path: Suite[] = [];
  for (let suite: Suite | undefined = test.parent; suite; suite = suite.parent) path.unshift(suite);
  return path;
}

function newUnit({ kind, key, fileSuite }: Place, test: TestCase, rootDir: string): Unit {
  const file = relativeFile(rootDir, fileSuite.location?.file ?? test.location.file);
  const title = kind === 'file' ? file : key.titlePath().slice(3).join(' › ');
  return { kind, project: projectName(test.parent), file, title: clip(title, 5000), testIds: [test.id] };
}
