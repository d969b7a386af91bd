/** Playwright's three reports in a form in which those of different runs and machines can be compared. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { stripVTControlCharacters } from 'node:util';

export interface JsonAttachment {
  name: string;
  contentType: string;
  path?: string;
  body?: string;
}
export interface JsonResult {
  status: string;
  retry: number;
  duration: number;
  workerIndex: number;
  errors: { message: string; location?: { file: string } }[];
  stdout: unknown[];
  stderr: unknown[];
  steps?: JsonStep[];
  annotations: { type: string; description?: string }[];
  attachments: JsonAttachment[];
}
interface JsonStep {
  title: string;
  error?: unknown;
  steps?: JsonStep[];
}
export interface JsonTest {
  projectName: string;
  expectedStatus: string;
  status: string;
  timeout: number;
  annotations: { type: string; description?: string }[];
  results: JsonResult[];
}
export interface JsonSpec {
  id: string;
  title: string;
  file: string;
  line: number;
  column: number;
  tags: string[];
  tests: JsonTest[];
}
export interface JsonSuite {
  title: string;
  file: string;
  line: number;
  column: number;
  specs: JsonSpec[];
  suites?: JsonSuite[];
}
export interface JsonReport {
  config: { rootDir: string; projects: { name: string }[]; webServer?: unknown };
  suites: JsonSuite[];
  errors: { message: string }[];
  stats: { startTime: string; duration: number; expected: number; unexpected: number; flaky: number; skipped: number };
}

export const readJson = (file: string): JsonReport => JSON.parse(readFileSync(file, 'utf8')) as JsonReport;

export interface PlacedTest {
  spec: JsonSpec;
  test: JsonTest;
  /** Titles of the suites above, the file first. */
  above: string[];
}

/** Every test of a report, in its order. */
export function allTests(report: JsonReport): PlacedTest[] {
  const visit = (suite: JsonSuite, titles: string[]): PlacedTest[] => {
    const above = [...titles, suite.title];
    return [
      ...suite.specs.flatMap((spec) => spec.tests.map((test) => ({ spec, test, above }))),
      ...(suite.suites ?? []).flatMap((child) => visit(child, above)),
    ];
  };
  return report.suites.flatMap((suite) => visit(suite, []));
}

export function findTest(report: JsonReport, title: string, project: string): JsonTest {
  const found = allTests(report).filter(({ spec, test }) => spec.title === title && test.projectName === project);
  if (found.length !== 1) throw new Error(`${found.length} tests are called ${title} in ${project}`);
  return found[0]!.test;
}

/**
 * What must be equal however a suite was run: all but times, worker indexes and folders. `dir` resolves relative attachment paths. Suites
 * are compared by their titles, because Playwright's merge makes one of two groups of the same title.
 */
export function essence(report: JsonReport, dir: string): unknown {
  const { expected, unexpected, flaky, skipped } = report.stats;
  return {
    projects: report.config.projects.map(({ name }) => name).sort(),
    tests: allTests(report).map(({ spec, test, above }) => ({
      ...spec,
      tests: undefined,
      ok: undefined,
      above,
      test: testEssence(test, dir),
    })),
    errors: report.errors.map(({ message }) => message),
    stats: { expected, unexpected, flaky, skipped },
  };
}

function testEssence(test: JsonTest, dir: string): unknown {
  const { projectName, expectedStatus, status, timeout } = test;
  return {
    projectName,
    expectedStatus,
    status,
    timeout,
    annotations: test.annotations.map(({ type, description }) => ({ type, description })),
    results: test.results.map((result) => ({
      status: result.status,
      retry: result.retry,
      errors: result.errors.map(({ message }) =>
        stripVTControlCharacters(message)
          .replace(/^ *at .*$/gm, '')
          .replace(/^Call log:[^]*?\n\n/m, ''),
      ),
      stdout: result.stdout,
      stderr: result.stderr,
      steps: result.steps?.map(stepEssence),
      annotations: result.annotations.map(({ type, description }) => ({ type, description })),
      attachments: result.attachments.map((attachment) => attachmentEssence(attachment, dir)),
    })),
  };
}

const stepEssence = ({ title, error, steps }: JsonStep): unknown => ({
  title,
  failed: error !== undefined,
  steps: steps?.map(stepEssence),
});

/** Traces hold times, screenshots what a renderer drew, error contexts a log of waiting: of these only name and type are compared. */
const UNSTABLE = new Set(['trace', 'screenshot', 'error-context']);

function attachmentEssence(attachment: JsonAttachment, dir: string): unknown {
  const { name, contentType } = attachment;
  if (UNSTABLE.has(name)) return { name, contentType, there: attachmentBytes(attachment, dir).length > 0 };
  return {
    name,
    contentType,
    kind: attachment.body === undefined ? 'path' : 'body',
    sha1: sha1(attachmentBytes(attachment, dir)),
  };
}

export function attachmentBytes({ path: file, body }: JsonAttachment, dir: string): Buffer {
  if (body !== undefined) return Buffer.from(body, 'base64');
  if (file === undefined) throw new Error('an attachment has neither path nor body');
  return readFileSync(path.resolve(dir, file));
}

export const sha1 = (bytes: Buffer): string => createHash('sha1').update(bytes).digest('hex');

export interface JunitReport {
  name: string;
  tests: number;
  suites: { name: string; hostname: string; tests: number; cases: string[] }[];
  attachments: string[];
}

export function readJunit(file: string): JunitReport {
  const xml = readFileSync(file, 'utf8').replace(/<!\[CDATA\[([\s\S]*?)\]\]>/g, (_all, text: string) =>
    text.includes('[[ATTACHMENT|') ? text : '',
  );
  const attribute = (tag: string, name: string): string => new RegExp(` ${name}="([^"]*)"`).exec(tag)?.[1] ?? '';
  const suites = xml.split(/(?=<testsuite )/).slice(1);
  const root = /<testsuites [^>]*>/.exec(xml)?.[0] ?? '';
  return {
    name: attribute(root, 'name'),
    tests: Number(attribute(root, 'tests')),
    suites: suites.map((suite) => ({
      name: attribute(suite, 'name'),
      hostname: attribute(suite, 'hostname'),
      tests: Number(attribute(suite, 'tests')),
      cases: [...suite.matchAll(/<testcase [^>]*>/g)].map(([tag]) => attribute(tag, 'name')),
    })),
    attachments: [...xml.matchAll(/\[\[ATTACHMENT\|(.*?)\]\]/g)].map(([, file]) => file ?? ''),
  };
}

export const missingFiles = (dir: string, files: string[]): string[] =>
  files.filter((file) => !existsSync(path.resolve(dir, file)));
