import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test, vi } from 'vitest';
import { tempFolder } from '../support/folders.ts';
import { startAgent } from './support.ts';
import { discover, writeSuite } from './playwright/inline-suite.ts';

vi.setConfig({ testTimeout: 240_000 });

/** Setup writes the login that the tests read, and a line into `log` each time. */
const files = (log: string, more = '') => ({
  'playwright.config.ts': `import { defineConfig } from '@playwright/test';
export default defineConfig({
  ${more}
  projects: [
    { name: 'setup', testMatch: '*.setup.ts' },
    { name: 'shop', testMatch: '*.spec.ts', dependencies: ['setup'] },
  ],
});`,
  'global.ts': 'export default () => {};',
  'login.setup.ts': `import { test } from '@playwright/test';
import { appendFileSync, writeFileSync } from 'node:fs';
test('log in', () => {
  appendFileSync(${JSON.stringify(log)}, 'x');
  writeFileSync('login.txt', 'ok');
});`,
  'a.spec.ts': `import { test, expect } from '@playwright/test';
import { readFileSync } from 'node:fs';
test.describe.configure({ mode: 'parallel' });
for (const name of ['a', 'b', 'c', 'd']) test(name, () => expect(readFileSync('login.txt', 'utf8')).toBe('ok'));`,
});

async function setup(more?: string) {
  const log = path.join(tempFolder(), 'log');
  await writeFile(log, '');
  const suite = await writeSuite(files(log, more));
  const found = await discover(suite);
  const ids = found.units.flatMap((unit) => unit.testIds);
  const { coordinator } = await startAgent({ allowPath: [suite] });
  const grant = (testIds: string[]) =>
    coordinator.grant({ source: { type: 'path', path: suite }, work: { kind: 'units', testIds }, runId: 'run-1' });
  return { coordinator, grant, ids, times: async () => (await readFile(log, 'utf8')).length };
}

test('processes of one run on one machine set up once, at the same time and one after the other', async () => {
  const { coordinator, grant, ids, times } = await setup();
  grant(ids.slice(0, 1));
  grant(ids.slice(1, 2));
  await coordinator.until(() => coordinator.reportsOf('finish').length === 2);
  grant(ids.slice(2));
  await coordinator.until(() => coordinator.reportsOf('finish').length === 3);
  expect(await times()).toBe(1);
  for (const { end } of coordinator.reportsOf('finish')) expect(end).toMatchObject({ how: 'finished', notRun: [] });
  const settled = coordinator.reportsOf('results').flatMap((report) => report.settled);
  expect(settled.map(({ outcome }) => outcome)).toEqual(Array(5).fill('expected'));
});

test('a suite with a globalSetup of its own sets up in each process, because it may belong together', async () => {
  const { coordinator, grant, ids, times } = await setup(`globalSetup: './global.ts',`);
  grant(ids.slice(0, 2));
  grant(ids.slice(2));
  await coordinator.until(() => coordinator.reportsOf('finish').length === 2);
  expect(await times()).toBe(2);
});
