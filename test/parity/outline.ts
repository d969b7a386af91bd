/** What a Playwright JSON report says of each test, in a form in which two reports can be compared. */

/** The part of Playwright's JSON report that is compared. */
export interface JsonReport {
  suites: JsonSuite[];
  /** Errors outside any test. */
  errors: { message?: string }[];
}
interface JsonSuite {
  title: string;
  file: string;
  suites?: JsonSuite[];
  specs: JsonSpec[];
}
interface JsonSpec {
  title: string;
  file: string;
  line: number;
  tests: JsonTest[];
}
interface JsonTest {
  projectName: string;
  status: string;
  expectedStatus: string;
  annotations: { type: string; description?: string }[];
  results: { status: string; attachments: { name: string; contentType: string }[] }[];
}

export interface TestOutline {
  outcome: string;
  expectedStatus: string;
  /** Status of each attempt. */
  attempts: string[];
  /** Names and types per attempt. */
  attachments: string[][];
  annotations: string[];
}

export interface Outline {
  /** Project, file and titles → what was reported. */
  tests: Map<string, TestOutline>;
  /** Tests that a report lists more than once. */
  doubled: string[];
}

export function outlineOf(report: JsonReport): Outline {
  const tests = new Map<string, TestOutline>();
  const doubled: string[] = [];
  const visit = (suite: JsonSuite, titles: string[]): void => {
    for (const spec of suite.specs) {
      for (const test of spec.tests) {
        const key = [`[${test.projectName}]`, spec.file, ...titles, spec.title].join(' › ');
        if (tests.has(key)) doubled.push(key);
        tests.set(key, outlineTest(test));
      }
    }
    for (const child of suite.suites ?? []) visit(child, [...titles, child.title]);
  };
  for (const file of report.suites) visit(file, []);
  return { tests, doubled };
}

function outlineTest(test: JsonTest): TestOutline {
  return {
    outcome: test.status,
    expectedStatus: test.expectedStatus,
    attempts: test.results.map((result) => result.status),
    attachments: test.results.map((result) =>
      result.attachments.map((file) => `${file.name} (${file.contentType})`).toSorted(),
    ),
    annotations: test.annotations.map(({ type, description }) => `${type}: ${description ?? ''}`).toSorted(),
  };
}

/** One sentence per difference; none = the two say the same. */
export function differences(plain: Outline, ours: Outline): string[] {
  const found = ours.doubled.map((key) => `listed twice: ${key}`);
  for (const key of plain.tests.keys()) if (!ours.tests.has(key)) found.push(`missing: ${key}`);
  for (const [key, test] of ours.tests) {
    const wanted = plain.tests.get(key);
    if (!wanted) {
      found.push(`not in the plain run: ${key}`);
      continue;
    }
    for (const field of Object.keys(wanted) as (keyof TestOutline)[]) {
      const [a, b] = [JSON.stringify(wanted[field]), JSON.stringify(test[field])];
      if (a !== b) found.push(`${field} of ${key}: plain ${a}, Playfleet ${b}`);
    }
  }
  return found;
}
