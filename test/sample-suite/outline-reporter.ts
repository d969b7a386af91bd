import type { FullConfig, Reporter, Suite, TestCase, TestRun } from '@playwright/test/reporter';

/** What the sample suite's test needs to know of a suite, as one JSON line on stdout. */
export type Outline = {
  projects: { name: string; dependencies: string[] }[];
  tests: {
    id: string;
    project: string;
    file: string;
    title: string;
    tags: string[];
    annotations: string[];
    retries: number;
    /** Modes of the enclosing suites, outermost first. */
    modes: ('serial' | 'parallel' | 'default')[];
  }[];
};

/** Works with `--list`: JSON's own list mode tells neither modes nor dependencies. */
export default class OutlineReporter implements Reporter {
  async preprocess({ config, suite, testRun }: { config: FullConfig; suite: Suite; testRun: TestRun }): Promise<void> {
    const outline: Outline = {
      projects: config.projects.map(({ name, dependencies }) => ({ name, dependencies })),
      tests: suite.allTests().map((test) => describe(test, testRun)),
    };
    process.stdout.write(`${JSON.stringify(outline)}\n`);
  }

  printsToStdio(): boolean {
    return true;
  }
}

function describe(test: TestCase, testRun: TestRun): Outline['tests'][number] {
  const suites: Suite[] = [];
  for (let suite: Suite | undefined = test.parent; suite?.parent; suite = suite.parent) suites.unshift(suite);
  const [project = '', file = ''] = test.titlePath().slice(1);
  return {
    id: test.id,
    project,
    file,
    title: test.title,
    tags: test.tags,
    annotations: test.annotations.map(({ type }) => type),
    retries: test.retries,
    modes: suites.map((suite) => testRun.mode(suite)),
  };
}
