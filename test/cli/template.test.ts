/** `playfleet run --template` as a real process against a real coordinator. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import type { Run } from '../../shared/protocol/rest/runs.ts';
import { okJson, startCoordinator, type TestCoordinator } from '../support/coordinator.ts';
import { tempFolder } from '../support/folders.ts';
import { cliHome, startCli } from './support/start-cli.ts';

function suite(): string {
  const folder = tempFolder();
  const manifest = { name: 'shop', devDependencies: { '@playwright/test': '1' } };
  writeFileSync(path.join(folder, 'package.json'), JSON.stringify(manifest));
  writeFileSync(path.join(folder, 'playwright.config.ts'), 'export default {};');
  mkdirSync(path.join(folder, 'tests'));
  writeFileSync(path.join(folder, 'tests/a.spec.ts'), '');
  return folder;
}

function starting({ url, adminToken }: TestCoordinator) {
  const env = { ...cliHome(), PLAYFLEET_URL: url, PLAYFLEET_TOKEN: adminToken };
  return async (...args: string[]) => {
    const { exit, stderr } = startCli(['run', '--detach', ...args], { cwd: suite(), env });
    return { code: await exit, stderr: stderr() };
  };
}

test('a run from a template has its settings, and the files that are here unless it names others', async () => {
  const coordinator = await startCoordinator();
  const add = async (name: string, options: object) =>
    okJson(await coordinator.request('POST', '/api/v1/run-templates', { name, options }));
  await add('Smoke', { config: { args: ['--grep', '@smoke'] }, priority: 300 });
  const git = { type: 'git', url: 'https://git.example.com/shop.git' };
  await add('Nightly', { source: git, project: 'night' });
  const start = starting(coordinator);
  expect(await start('--template', 'Smoke')).toEqual({ code: 0, stderr: '' });
  expect(await start('--template', 'Nightly', '--name', 'once')).toEqual({ code: 0, stderr: '' });
  const { items } = await okJson<{ items: Run[] }>(await coordinator.request('GET', '/api/v1/test-runs'));
  expect(items).toMatchObject([
    { name: 'once', project: 'night', source: git },
    {
      name: 'Smoke',
      project: 'shop',
      priority: 300,
      config: { args: ['--grep', '@smoke'] },
      source: { type: 'bundle' },
    },
  ]);
});

test('what a template decides is not taken from the command line, and one that is not there is named', async () => {
  const start = starting(await startCoordinator());
  const refused = await start('--template', 'Smoke', '--priority', '1');
  expect(refused).toMatchObject({ code: 2 });
  expect(refused.stderr).toMatch(/^playfleet: --priority does not go with --template, which says how the run is made/);
  const unknown = await start('--template', 'Smoke');
  expect(unknown).toMatchObject({ code: 2 });
  expect(unknown.stderr).toMatch(/^playfleet: There is no run template Smoke/);
});
