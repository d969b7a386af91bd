import { existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { tempFolder, writeFiles, type Content } from '../../support/folders.ts';
import { isAlive } from '../../support/is-alive.ts';
import { lock, npmEnv, packPackage, packPlaywright } from '../../support/npm-project.ts';
import { openTestWorkspaces } from './support.ts';

const INSTALLING = 'installing the dependencies';
const SHARED = 'are installed on this machine already';

/** A suite whose Playwright comes from a tarball in it. `packageJson` is added to that of the suite. */
function suite(files: Record<string, Content> = {}, packageJson: object = {}): string {
  const folder = tempFolder();
  mkdirSync(path.join(folder, 'vendor'));
  const playwright = packPlaywright(path.join(folder, 'vendor'));
  const json = { name: 'suite', devDependencies: { '@playwright/test': `file:vendor/${playwright}` }, ...packageJson };
  writeFiles(folder, { 'package.json': JSON.stringify(json), 'a.spec.ts': 'a', ...files });
  lock(folder);
  return folder;
}

const playwrightIn = (project: string): string => path.join(project, 'node_modules/@playwright/test/index.js');
const textOf = ({ lines }: { lines: string[] }): string => lines.join('\n');

describe('once per lock file', () => {
  test('two trees with the same lock file are installed once, and keep working when the shared copy is gone', async () => {
    const { prepareFolder, folder } = await openTestWorkspaces({
      limits: { checkouts: { entries: 9, bytes: 1e9 }, installs: { entries: 0, bytes: 0 } },
    });
    const source = suite();
    const first = await prepareFolder(source);
    expect(textOf(first)).toContain(INSTALLING);
    writeFiles(source, { 'a.spec.ts': 'changed' });
    const second = await prepareFolder(source);
    expect(textOf(second)).toContain(SHARED);
    expect(textOf(second)).not.toContain(INSTALLING);
    expect(second.workspace.project).not.toBe(first.workspace.project);
    expect(second.workspace.playwright.version).toBe('1.65.1');
    expect(statSync(playwrightIn(second.workspace.project)).ino).toBe(
      statSync(playwrightIn(first.workspace.project)).ino,
    );
    // Another lock file makes room.
    await prepareFolder(suite({}, { description: 'another' }));
    expect(readdirSync(path.join(folder, 'installs')).filter((name) => name.endsWith('.json'))).toHaveLength(1);
    expect(existsSync(playwrightIn(first.workspace.project))).toBe(true);
  });

  test('also when they are asked for at the same time, and after a restart', async () => {
    const one = await openTestWorkspaces();
    const source = suite();
    const [treeA, treeB] = [
      await one.upload(source),
      (writeFiles(source, { 'a.spec.ts': 'b' }), await one.upload(source)),
    ];
    const both = await Promise.all(
      [treeA, treeB].map(({ id }) => one.prepare({ type: 'bundle', tree: id, projectDir: '' })),
    );
    const said = both.map(textOf);
    expect(said.filter((text) => text.includes(INSTALLING))).toHaveLength(1);
    expect(said.filter((text) => text.includes(SHARED))).toHaveLength(1);
    for (const { workspace } of both) expect(existsSync(playwrightIn(workspace.project))).toBe(true);

    const two = await openTestWorkspaces({ folder: one.folder });
    writeFiles(source, { 'a.spec.ts': 'c' });
    expect(textOf(await two.prepareFolder(source))).toContain(SHARED);
  });

  test('another lock file is another install', async () => {
    const { prepareFolder } = await openTestWorkspaces();
    expect(textOf(await prepareFolder(suite()))).toContain(INSTALLING);
    expect(textOf(await prepareFolder(suite({}, { description: 'other' })))).toContain(INSTALLING);
  });

  test('when the run that installs is cancelled, another one that waits for it installs by itself', async () => {
    const { prepare, upload } = await openTestWorkspaces();
    const pids = path.join(tempFolder(), 'pids');
    const source = suite();
    // A dependency whose install script waits for a file, so that the cancel comes while npm works.
    const gate = path.join(tempFolder(), 'go');
    const waiter = packPackage(
      path.join(source, 'vendor'),
      'waiter',
      '1.0.0',
      {
        'wait.js': `const fs = require('fs'); fs.appendFileSync(${JSON.stringify(pids)}, process.pid + '\\n'); setInterval(() => fs.existsSync(${JSON.stringify(gate)}) && process.exit(), 20);`,
      },
      { scripts: { install: 'node wait.js' } },
    );
    const json = JSON.parse(readFileSync(path.join(source, 'package.json'), 'utf8')) as {
      devDependencies: Record<string, string>;
    };
    json.devDependencies.waiter = `file:vendor/${waiter}`;
    writeFileSync(path.join(source, 'package.json'), JSON.stringify({ ...json, allowScripts: { waiter: true } }));
    lock(source);
    const [treeA, treeB] = [await upload(source), (writeFiles(source, { 'a.spec.ts': 'b' }), await upload(source))];
    const cancel = new AbortController();
    const started = (count: number): Promise<void> =>
      expect
        .poll(() => existsSync(pids) && readFileSync(pids, 'utf8').trim().split('\n').length, { timeout: 40_000 })
        .toBe(count);
    const first = prepare({ type: 'bundle', tree: treeA.id, projectDir: '' }, cancel.signal);
    await started(1);
    const second = prepare({ type: 'bundle', tree: treeB.id, projectDir: '' });
    cancel.abort(new Error('run cancelled'));
    await expect(first).rejects.toThrow('run cancelled');
    await started(2);
    const [cancelled] = readFileSync(pids, 'utf8').trim().split('\n');
    expect(isAlive(Number(cancelled))).toBe(false);
    writeFileSync(gate, '');
    expect(existsSync(playwrightIn((await second).workspace.project))).toBe(true);
  });
});

describe('where', () => {
  test('workspaces of a monorepo are installed at its lock file, and their links lead to their own tree', async () => {
    const folder = tempFolder();
    mkdirSync(path.join(folder, 'vendor'));
    const playwright = packPlaywright(path.join(folder, 'vendor'));
    writeFiles(folder, {
      'package.json': JSON.stringify({ name: 'root', private: true, workspaces: ['packages/*'] }),
      'packages/shop/package.json': JSON.stringify({ name: '@acme/shop', version: '1.0.0', main: 'index.js' }),
      'packages/shop/index.js': 'exports.version = 1;',
      'packages/e2e/package.json': JSON.stringify({
        name: 'e2e',
        version: '1.0.0',
        dependencies: { '@acme/shop': '*', '@playwright/test': `file:../../vendor/${playwright}` },
      }),
    });
    lock(folder);
    const { prepareFolder } = await openTestWorkspaces();
    await prepareFolder(folder, 'packages/e2e');
    writeFiles(folder, { 'packages/shop/index.js': 'exports.version = 2;' });
    const second = await prepareFolder(folder, 'packages/e2e');
    expect(textOf(second)).toContain(SHARED);
    const top = path.join(second.workspace.project, '../..');
    const linked = realpathSync(path.join(top, 'node_modules/@acme/shop/index.js'));
    expect(linked).toBe(path.join(top, 'packages/shop/index.js'));
    expect(readFileSync(linked, 'utf8')).toContain('2');
  });

  test('a package that the lock file above does not cover is installed by itself, with a warning', async () => {
    const source = suite({
      'e2e/package.json': JSON.stringify({
        name: 'e2e',
        dependencies: { '@playwright/test': 'file:../vendor/playwright-test-1.65.1.tgz' },
      }),
    });
    const { prepareFolder } = await openTestWorkspaces();
    const prepared = await prepareFolder(source, 'e2e');
    expect(textOf(prepared)).toContain('warning: no lock file covers e2e');
    expect(existsSync(playwrightIn(prepared.workspace.project))).toBe(true);
    expect(existsSync(path.join(prepared.workspace.project, 'package-lock.json'))).toBe(false);
  });

  test('a package without dependencies below a lock file uses what is installed above it', async () => {
    const { prepareFolder } = await openTestWorkspaces();
    const { workspace } = await prepareFolder(suite({ 'e2e/package.json': '{"type":"module"}' }), 'e2e');
    expect(workspace.playwright.cli).toBe(path.join(workspace.project, '../node_modules/@playwright/test/cli.js'));
  });

  test('a yarn release that is committed with the project is the one that runs', async () => {
    const yarn = (script: string): Record<string, string> => ({
      'package.json': '{"dependencies":{"x":"1"}}',
      'yarn.lock': '__metadata:\n  version: 8\n',
      '.yarnrc.yml': 'nodeLinker: node-modules\nyarnPath: ".yarn/releases/yarn-4.0.0.cjs"\n',
      '.yarn/releases/yarn-4.0.0.cjs': script,
    });
    const { prepareFolder } = await openTestWorkspaces();
    const [works, plugAndPlay] = [tempFolder(), tempFolder()];
    writeFiles(
      works,
      yarn(
        `const fs = require('fs'); const to = 'node_modules/@playwright/test'; fs.mkdirSync(to, { recursive: true }); fs.writeFileSync(to + '/cli.js', ''); fs.writeFileSync(to + '/package.json', '{"version":"1.2.3"}'); console.log(process.argv.slice(2).join(' '));`,
      ),
    );
    const prepared = await prepareFolder(works);
    expect(prepared.workspace.playwright.version).toBe('1.2.3');
    expect(prepared.lines).toContain('install --immutable');
    writeFiles(plugAndPlay, yarn(`require('fs').writeFileSync('.pnp.cjs', '')`));
    await expect(prepareFolder(plugAndPlay)).rejects.toMatchObject({
      code: 'install-failed',
      permanent: true,
      message: expect.stringContaining('nodeLinker: node-modules') as string,
    });
  });
});

describe('install scripts of the project itself', () => {
  test('run for each tree, because they may read it, and what they made is there at each use', async () => {
    const { prepareFolder } = await openTestWorkspaces();
    const source = suite(
      {
        'prepare.js': `const fs = require('fs'); fs.mkdirSync('dist', { recursive: true }); fs.writeFileSync('dist/out.txt', fs.readFileSync('a.spec.ts'));`,
      },
      { scripts: { prepare: 'node prepare.js' } },
    );
    const first = await prepareFolder(source);
    expect(textOf(first)).toContain('package.json has install scripts of its own (prepare)');
    writeFiles(source, { 'a.spec.ts': 'b' });
    const second = await prepareFolder(source);
    const made = ({ workspace }: typeof first): string =>
      readFileSync(path.join(workspace.project, 'dist/out.txt'), 'utf8');
    expect([made(first), made(second)]).toEqual(['a', 'b']);
    second.workspace.release();
    const again = await prepareFolder(source);
    expect(again.lines).toEqual([]);
    expect(made(again)).toBe('b');
    writeFileSync(path.join(again.workspace.project, 'dist/out.txt'), 'changed by a test');
    again.workspace.release();
    expect(made(await prepareFolder(source))).toBe('b');
  });

  test('see the environment of the machine as it was allowed, without a production mode, and no browser downloads', async () => {
    const { prepareFolder } = await openTestWorkspaces({ env: { ...npmEnv, NODE_ENV: 'production', ALLOWED: 'yes' } });
    process.env.PLAYFLEET_KEY = 'secret';
    const source = suite(
      { 'print.js': `console.log('ENV ' + JSON.stringify(process.env))` },
      { scripts: { postinstall: 'node print.js > env.txt' } },
    );
    const { workspace } = await prepareFolder(source);
    delete process.env.PLAYFLEET_KEY;
    const seen = JSON.parse(readFileSync(path.join(workspace.project, 'env.txt'), 'utf8').slice(4)) as Record<
      string,
      string
    >;
    expect(seen).toMatchObject({ ALLOWED: 'yes', PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD: '1', CI: 'true' });
    expect(seen.NODE_ENV).toBeUndefined();
    expect(seen.PLAYFLEET_KEY).toBeUndefined();
  });
});

describe('failures', () => {
  test('a lock file that does not match is named with the machine, the last lines and the mend, and is final', async () => {
    const { prepareFolder } = await openTestWorkspaces();
    const source = suite();
    writeFiles(source, { 'package.json': JSON.stringify({ name: 'suite', dependencies: { 'is-number': '7.0.0' } }) });
    const error = (await prepareFolder(source).catch((caught: unknown) => caught)) as Error;
    expect(error).toMatchObject({ code: 'install-failed', permanent: true });
    expect(error.message).toMatch(
      /^npm ci failed \(exit code 1\) on test-machine in the source's top folder\. The lock file does not match package.json/,
    );
    expect(error.message).toMatch(/\n {2}npm error .*is-number/);
  });

  test('a machine that cannot reach the registry is told so, and the next try starts afresh', async () => {
    const cache = tempFolder();
    const { prepareFolder, folder } = await openTestWorkspaces({ env: { ...npmEnv, npm_config_cache: cache } });
    const source = suite({ '.npmrc': 'registry=http://127.0.0.1:1/\nfetch-retries=0\n' });
    const json = JSON.parse(readFileSync(path.join(source, 'package-lock.json'), 'utf8')) as {
      packages: Record<string, object>;
    };
    json.packages[''] = { ...json.packages[''], dependencies: { absent: '1.0.0' } };
    json.packages['node_modules/absent'] = {
      version: '1.0.0',
      integrity: `sha512-${Buffer.alloc(64).toString('base64')}`,
    };
    writeFiles(source, {
      'package-lock.json': JSON.stringify(json),
      'package.json': readFileSync(path.join(source, 'package.json'), 'utf8').replace(
        '{',
        '{"dependencies":{"absent":"1.0.0"},',
      ),
    });
    for (let round = 0; round < 2; round++) {
      await expect(prepareFolder(source)).rejects.toMatchObject({
        code: 'install-failed',
        permanent: false,
        message: expect.stringMatching(/could not reach the package registry, and its own cache lacks/) as string,
      });
    }
    expect(readdirSync(path.join(folder, 'checkouts'))).toEqual([]);
    expect(readdirSync(path.join(folder, 'installs'))).toEqual([]);
  });

  test('an install that takes too long is stopped with everything it started', async () => {
    const { prepareFolder } = await openTestWorkspaces({ installTimeoutMs: 4000 });
    const pid = path.join(tempFolder(), 'pid');
    const source = suite(
      {
        'hang.js': `require('fs').writeFileSync(${JSON.stringify(pid)}, String(process.pid)); setInterval(() => {}, 1000);`,
      },
      { scripts: { postinstall: 'node hang.js' } },
    );
    await expect(prepareFolder(source)).rejects.toThrow(/npm ci took longer than 4 s on test-machine/);
    await expect.poll(() => existsSync(pid) && isAlive(Number(readFileSync(pid, 'utf8')))).toBe(false);
  });

  test('a project without package.json, and one without Playwright, say what to add', async () => {
    const { prepareFolder } = await openTestWorkspaces();
    const [bare, empty] = [tempFolder(), tempFolder()];
    writeFiles(bare, { 'a.spec.ts': '' });
    writeFiles(empty, { 'a.spec.ts': '', 'package.json': '{}' });
    await expect(prepareFolder(bare)).rejects.toMatchObject({
      code: 'bad-source',
      message: expect.stringContaining('no package.json') as string,
    });
    await expect(prepareFolder(empty)).rejects.toMatchObject({
      code: 'playwright-missing',
      permanent: true,
      message: expect.stringContaining('Add @playwright/test') as string,
    });
  });

  test('packages above the checkout are not taken for those of the project', async () => {
    const folder = tempFolder();
    writeFiles(folder, {
      'node_modules/@playwright/test/cli.js': '',
      'node_modules/@playwright/test/package.json': '{"version":"9"}',
    });
    const { prepareFolder } = await openTestWorkspaces({ folder: path.join(folder, 'data') });
    const source = tempFolder();
    writeFiles(source, { 'package.json': '{}' });
    await expect(prepareFolder(source)).rejects.toMatchObject({ code: 'playwright-missing' });
  });

  test('nothing is installed where the owner does not allow it', async () => {
    const { prepareFolder } = await openTestWorkspaces({ allowInstall: false });
    await expect(prepareFolder(suite())).rejects.toMatchObject({
      code: 'not-allowed',
      message: expect.stringContaining(
        'The owner of test-machine does not allow dependencies to be installed',
      ) as string,
    });
  });

  test('a machine without npm says so', async () => {
    const { prepareFolder } = await openTestWorkspaces({
      env: { PATH: '/nonexistent' },
      node: { path: '/nonexistent/node', version: '24.0.0' },
    });
    await expect(prepareFolder(suite())).rejects.toMatchObject({
      code: 'install-failed',
      message: expect.stringMatching(/npm is not installed on this machine/) as string,
    });
  });
});
