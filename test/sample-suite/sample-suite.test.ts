import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, expect, test } from 'vitest';
import type { Outline } from './outline-reporter.ts';

const folder = path.resolve(import.meta.dirname, '../../resources/sample-suite');
const reporter = path.join(import.meta.dirname, 'outline-reporter.ts');

let outline: Outline;

beforeAll(async () => {
  // The suite's own Playwright where it is installed, else the repository's: both are the pinned version.
  const cli = createRequire(path.join(folder, 'package.json')).resolve('@playwright/test/cli');
  const args = [cli, 'test', '--list', `--reporter=${reporter}`];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: folder, maxBuffer: 10_000_000 });
  outline = JSON.parse(stdout.split('\n')[0] ?? '') as Outline;
});

function testsOf(...projects: string[]): Outline['tests'] {
  return outline.tests.filter(({ project }) => projects.includes(project));
}

function tagged(tag: string): Outline['tests'] {
  return outline.tests.filter(({ tags }) => tags.includes(tag));
}

test('the sample suite has eighty tests and more, each with an id of its own', () => {
  expect(outline.tests.length).toBeGreaterThanOrEqual(80);
  expect(new Set(outline.tests.map(({ id }) => id)).size).toBe(outline.tests.length);
});

test('two browser projects wait for a setup project, and the API tests for none', () => {
  const dependencies = Object.fromEntries(outline.projects.map((project) => [project.name, project.dependencies]));
  expect(dependencies).toEqual({ setup: [], api: [], desktop: ['setup'], mobile: ['setup'] });
  for (const { name } of outline.projects) expect(testsOf(name).length, name).toBeGreaterThan(0);
  expect(testsOf('api').length).toBeGreaterThanOrEqual(30);
});

test('parallel, default and serial files are among them, and the serial groups are the two promised ones', () => {
  const innermost = testsOf('desktop').map(({ modes }) => modes.at(-1));
  expect(new Set(innermost)).toEqual(new Set(['parallel', 'default', 'serial']));
  const serial = testsOf('desktop').filter(({ modes }) => modes.includes('serial'));
  const steps = Object.groupBy(serial, ({ file }) => path.basename(file));
  expect(Object.fromEntries(Object.entries(steps).map(([file, tests]) => [file, tests?.length]))).toEqual({
    'checkout.spec.ts': 5,
    'returns.spec.ts': 3,
  });
});

test('tags, skips, fixmes and expected failures are there to be seen before a run', () => {
  for (const tag of ['@smoke', '@slow', '@api', '@visual', '@checkout']) expect(tagged(tag), tag).not.toEqual([]);
  const annotations = outline.tests.flatMap((entry) => entry.annotations);
  expect(annotations).toEqual(expect.arrayContaining(['skip', 'fixme', 'fail', 'issue']));
});

test('every test may be tried twice, since some fail their first attempt', () => {
  expect(new Set(outline.tests.map(({ retries }) => retries))).toEqual(new Set([1]));
});

test('the lock file names the pinned Playwright and no registry', async () => {
  const read = async (file: string) =>
    JSON.parse(await readFile(file, 'utf8')) as Record<string, Record<string, string>>;
  const ours = await read(path.resolve(folder, '../../package.json'));
  const theirs = await read(path.join(folder, 'package.json'));
  expect(theirs.devDependencies).toEqual({ '@playwright/test': ours.dependencies?.['@playwright/test'] });
  expect(await readFile(path.join(folder, 'package-lock.json'), 'utf8')).not.toContain('"resolved"');
});
