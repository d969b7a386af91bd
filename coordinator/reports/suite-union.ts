/** The suites of all blobs as one tree: exactly the planned tests, in the plan's order, with the places that the blobs know. */
import path from 'node:path';
import type { PlannedTest } from '../../shared/protocol/playwright.ts';
import type { EventAnnotation, EventLocation, EventProject, EventSuite, EventTest } from './blob-events.ts';
import type { BlobPaths } from './paths.ts';
import { relocate, relocateAnnotations } from './relocate.ts';

/** A suite without its entries. */
interface Heading {
  title: string;
  location?: EventLocation | undefined;
}

/** Where a test stands in a blob's tree, outermost suite (the file) first. */
export interface TestShape {
  project: string;
  suites: Heading[];
  test: EventTest;
}

export interface TakenProject {
  /** The project without its suites. */
  settings: EventProject;
  shapes: TestShape[];
}

/** Takes a project's tree apart, with every path made relative and POSIX. Keeps only tests that `wanted` accepts. */
export function takeApart(project: EventProject, paths: BlobPaths, wanted: (testId: string) => boolean): TakenProject {
  const shapes: TestShape[] = [];
  const visit = (entry: EventSuite | EventTest, above: Heading[]): void => {
    if (isTest(entry)) {
      if (!wanted(entry.testId)) return;
      const test = {
        ...entry,
        location: relocate(entry.location, paths),
        annotations: relocateAnnotations(entry.annotations ?? [], paths),
      };
      shapes.push({ project: project.name, suites: above, test });
      return;
    }
    const { entries, ...heading } = entry;
    const title = above.length === 0 ? paths.relative(heading.title) : heading.title;
    const here = [...above, { ...heading, title, location: heading.location && relocate(heading.location, paths) }];
    for (const child of entries) visit(child, here);
  };
  for (const suite of project.suites) visit(suite, []);
  const { outputDir, testDir, snapshotDir } = project;
  const folders = {
    outputDir: paths.relative(outputDir),
    testDir: paths.relative(testDir),
    snapshotDir: paths.relative(snapshotDir),
  };
  return { settings: { ...project, ...folders, suites: [] }, shapes };
}

const isTest = (entry: EventSuite | EventTest): entry is EventTest => 'testId' in entry;

export interface SuiteUnion {
  add(project: TakenProject): void;
  /** The static annotations of a test, as its report shows them where no attempt says otherwise. */
  annotations(test: PlannedTest): EventAnnotation[];
  /** One project per project name, holding `tests` and nothing else. */
  build(tests: { test: PlannedTest; annotations: EventAnnotation[] }[]): EventProject[];
}

export function createSuiteUnion(): SuiteUnion {
  const projects = new Map<string, EventProject>();
  const shapes = new Map<string, TestShape>();
  return {
    add({ settings, shapes: found }) {
      if (!projects.has(settings.name)) projects.set(settings.name, settings);
      for (const shape of found) if (!shapes.has(shape.test.testId)) shapes.set(shape.test.testId, shape);
    },
    annotations: (test) => shapes.get(test.id)?.test.annotations ?? test.annotations,
    build(tests) {
      const invented = inventShapes([...shapes.values()]);
      const built = new Map<string, { project: EventProject; below: Map<string, EventSuite> }>();
      for (const { test, annotations } of tests) {
        const shape = shapes.get(test.id) ?? invented(test);
        let target = built.get(shape.project);
        if (target === undefined) {
          const project: EventProject = { ...(projects.get(shape.project) ?? plainSettings(test)), suites: [] };
          built.set(shape.project, (target = { project, below: new Map() }));
        }
        findSuite(target, shape.suites).entries.push({ ...shape.test, annotations });
      }
      return [...built.values()].map(({ project }) => project);
    },
  };
}

const SEPARATOR = '\u001f';
const headingKey = ({ title, location }: Heading): string =>
  [title, location?.file, location?.line, location?.column].join(SEPARATOR);

function findSuite(target: { project: EventProject; below: Map<string, EventSuite> }, headings: Heading[]): EventSuite {
  let key = '';
  let siblings: (EventSuite | EventTest)[] = target.project.suites;
  let suite: EventSuite | undefined;
  for (const heading of headings) {
    key += SEPARATOR + SEPARATOR + headingKey(heading);
    suite = target.below.get(key);
    if (suite === undefined) {
      suite = { ...heading, entries: [] };
      siblings.push(suite);
      target.below.set(key, suite);
    }
    siblings = suite.entries;
  }
  if (suite === undefined) throw new Error('a test stands outside of any file');
  return suite;
}

/** Shapes for tests that no blob knows, beside the known ones: a describe group that a blob placed is found again by its titles. */
function inventShapes(known: TestShape[]): (test: PlannedTest) => TestShape {
  const groups = new Map<string, Heading[]>();
  const copies = new Map<string, number>();
  const titles = (suites: Heading[]): string[] => suites.slice(1).flatMap(({ title }) => (title === '' ? [] : [title]));
  for (const shape of known) {
    const file = shape.suites[0]?.location?.file ?? shape.suites[0]?.title ?? '';
    for (let depth = 1; depth <= shape.suites.length; depth += 1) {
      const suites = shape.suites.slice(0, depth);
      const key = [shape.project, file, ...titles(suites)].join(SEPARATOR);
      if (!groups.has(key)) groups.set(key, suites);
    }
  }
  return (test) => {
    const location = { file: test.file, line: test.line, column: test.column };
    let suites: Heading[] = [{ title: test.file, location: { file: test.file, line: 0, column: 0 } }];
    for (let depth = 0; depth < test.titlePath.length; depth += 1) {
      const path = test.titlePath.slice(0, depth);
      const last = path.at(-1);
      suites =
        groups.get([test.project, test.file, ...path].join(SEPARATOR)) ??
        (last === undefined ? suites : [...suites, { title: last, location: { ...location, line: 0, column: 0 } }]);
    }
    const title = test.titlePath.at(-1) ?? '';
    const key = [test.project, test.file, ...test.titlePath].join(SEPARATOR);
    const repeatEachIndex = copies.get(key) ?? 0;
    copies.set(key, repeatEachIndex + 1);
    return {
      project: test.project,
      suites,
      test: {
        testId: test.id,
        title,
        location,
        retries: test.retries,
        tags: test.tags,
        repeatEachIndex,
        annotations: test.annotations,
      },
    };
  };
}

/** Settings of a project of which no blob came in. */
const plainSettings = (test: PlannedTest): EventProject => ({
  name: test.project,
  metadata: {},
  outputDir: path.posix.join('..', 'test-results'),
  testDir: '',
  snapshotDir: '',
  repeatEach: 1,
  retries: test.retries,
  timeout: test.timeout,
  testIgnore: [],
  testMatch: [],
  grep: [{ r: { source: '.*', flags: '' } }],
  grepInvert: [],
  dependencies: [],
  suites: [],
});
