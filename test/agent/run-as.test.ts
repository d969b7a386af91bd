/** Tests that run as a user of their own: what they cannot read, and what the agent does not let itself be made to read or remove. */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { openTestUser, type TestUser } from '../../src-main/agent/test-user.ts';
import { systemClock } from '../../shared/base/clock.ts';
import { tempFolder, writeFiles } from '../support/folders.ts';
import { isAlive } from '../support/is-alive.ts';
import { lock, npmEnv, packPlaywright } from '../support/npm-project.ts';
import { discover, writeSuite } from './playwright/inline-suite.ts';
import { runProgram } from '../../src-main/agent/playwright/run-program.ts';
import { startAgent } from './support.ts';
import { openTestWorkspaces } from './workspace/support.ts';

vi.setConfig({ testTimeout: 240_000 });

const NAME = 'nobody';
const isRoot = process.getuid?.() === 0;

function userIn(dataDir: string): TestUser {
  const entered = [path.join(dataDir, 'work'), path.join(dataDir, 'workspace')];
  for (const folder of entered) mkdirSync(folder, { recursive: true, mode: 0o700 });
  return openTestUser({ name: NAME, dataDir, entered });
}

describe('who may be named', () => {
  const open = (name: string, more: object = {}) => openTestUser({ name, dataDir: tempFolder(), entered: [], ...more });

  test('only root can start processes as somebody else, and Windows has no such thing here', () => {
    expect(() => open(NAME, { uid: 1000 })).toThrow(/--run-as nobody needs the rights of root/);
    expect(() => open(NAME, { platform: 'win32' })).toThrow(/--run-as nobody is not supported on Windows/);
  });

  test.runIf(isRoot)('somebody unknown, root, and what is no name are refused', () => {
    expect(() => open('no-such-user-here')).toThrow(/this machine has no user of that name/);
    expect(() => open('root')).toThrow(/must not be root/);
    for (const bad of ['-u', 'a b', 'a;b', '']) expect(() => open(bad)).toThrow(/is not the name of a user/);
  });

  test.runIf(isRoot)(
    'a data folder that the user cannot reach, or settings that they could read, are told with the mend',
    () => {
      const hidden = path.join(tempFolder(), 'worker');
      mkdirSync(hidden);
      expect(() => openTestUser({ name: NAME, dataDir: hidden, entered: [] })).toThrow(
        /cannot read .*worker\/tests\/home: choose a data folder that this user can reach with --data/,
      );
      const dataDir = tempFolder();
      writeFileSync(path.join(dataDir, 'config.json'), '{"join":"http://c#pfj_secret"}', { mode: 0o644 });
      expect(() => openTestUser({ name: NAME, dataDir, entered: [] })).toThrow(/could read .*config\.json: chmod 600/);
    },
  );
});

describe.runIf(isRoot)('files that tests have left', () => {
  const uid = Number(execFileSync('id', ['-u', NAME], { encoding: 'utf8' }));

  test('are read where they are their own, whatever name leads to them, and nothing else is', async () => {
    const dataDir = tempFolder();
    const user = userIn(dataDir);
    const workDir = path.join(dataDir, 'work', '7');
    mkdirSync(workDir);
    writeFileSync(path.join(workDir, 'order.json'), '{}');
    await user.give(workDir);
    expect(statSync(path.join(workDir, 'order.json')).uid).toBe(uid);
    const own = path.join(workDir, 'blob.zip');
    writeFileSync(own, 'results');
    chownSync(own, uid, uid);
    const copy = await user.take(own, workDir);
    expect(readFileSync(copy, 'utf8')).toBe('results');
    expect(statSync(copy).mode & 0o777).toBe(0o600);
    expect(path.dirname(copy)).toBe(path.join(dataDir, 'taken', '7'));

    const secret = path.join(dataDir, 'key.json');
    writeFileSync(secret, 'the key', { mode: 0o600 });
    const link = path.join(workDir, 'innocent.txt');
    symlinkSync(secret, link);
    for (const file of [secret, link]) {
      await expect(user.open(file)).rejects.toThrow(/does not belong to nobody/);
      await expect(user.take(file, workDir)).rejects.toThrow(/does not belong to nobody/);
    }
    const pipe = path.join(workDir, 'pipe');
    execFileSync('mkfifo', [pipe]);
    chownSync(pipe, uid, uid);
    await expect(user.open(pipe)).rejects.toThrow(/does not belong/);
  });

  test('are removed with their own rights: links out of their folder remove nothing there', async () => {
    const dataDir = tempFolder();
    const user = userIn(dataDir);
    const outside = path.join(dataDir, 'outbox');
    mkdirSync(outside, { mode: 0o700 });
    writeFileSync(path.join(outside, 'report'), 'not delivered yet');
    const workDir = path.join(dataDir, 'work', '8');
    writeFiles(workDir, { 'deep/a.txt': 'a' });
    await user.give(workDir);
    symlinkSync(outside, path.join(workDir, 'deep', 'out'));
    await user.remove(workDir);
    expect(existsSync(workDir)).toBe(false);
    expect(readFileSync(path.join(outside, 'report'), 'utf8')).toBe('not delivered yet');
    await user.remove(workDir);
  });

  test('a folder is handed over once, links in it are not followed', async () => {
    const dataDir = tempFolder();
    const user = userIn(dataDir);
    const mine = path.join(dataDir, 'mine.txt');
    writeFileSync(mine, 'mine');
    const folder = path.join(dataDir, 'workspace', 'a');
    writeFiles(folder, { 'b/c.txt': 'c', link: { link: mine } });
    await user.give(folder);
    expect(statSync(mine).uid).toBe(0);
    expect(lstatSync(path.join(folder, 'link')).uid).toBe(uid);
    writeFileSync(path.join(folder, 'later.txt'), 'of root');
    await user.give(folder);
    expect(statSync(path.join(folder, 'later.txt')).uid).toBe(0);
  });
});

test.runIf(isRoot)(
  'what tests start ends with them, as whomever it runs, and goes by the rights of that user',
  async () => {
    const user = userIn(tempFolder());
    const script = `const { spawn } = require('node:child_process');
    const child = spawn('sleep', ['600'], { detached: true, stdio: 'ignore' });
    child.unref();
    console.log(JSON.stringify({ uid: process.getuid(), gid: process.getgid(), groups: process.getgroups(), child: child.pid }));`;
    const { stdout, left } = await runProgram({
      name: 'as-another',
      command: process.execPath,
      args: ['-e', script],
      cwd: '/',
      as: user.as,
      env: { PATH: process.env.PATH ?? '' },
      clock: systemClock,
    });
    const said = JSON.parse(stdout) as { uid: number; gid: number; groups: number[]; child: number };
    expect(said).toMatchObject({ uid: user.as.uid, gid: user.as.gid });
    expect(said.groups.filter((group) => group !== user.as.gid)).toEqual([]);
    expect(left).toEqual([]);
    expect(isAlive(said.child)).toBe(false);
  },
);

test.runIf(isRoot)('dependencies are installed by that user, whose checkout it is then', async () => {
  const dataDir = tempFolder();
  const user = userIn(dataDir);
  const uid = user.as.uid;
  const source = tempFolder();
  mkdirSync(path.join(source, 'vendor'));
  const playwright = packPlaywright(path.join(source, 'vendor'));
  const scripts = { postinstall: "node -e \"require('fs').writeFileSync('who', String(process.getuid()))\"" };
  const json = { name: 'suite', scripts, devDependencies: { '@playwright/test': `file:vendor/${playwright}` } };
  writeFiles(source, { 'package.json': JSON.stringify(json), 'a.spec.ts': 'a' });
  lock(source);
  const env = user.environment({ ...npmEnv });
  const workspaces = await openTestWorkspaces({ folder: path.join(dataDir, 'workspace'), user, env });
  const { workspace } = await workspaces.prepareFolder(source);
  expect(readFileSync(path.join(workspace.project, 'who'), 'utf8')).toBe(String(uid));
  expect(statSync(path.join(workspace.project, 'a.spec.ts')).uid).toBe(uid);
  expect(workspace.playwright.version).toBe('1.65.1');
  // Made anew, because its tests could have left anything in it.
  workspace.release();
  writeFileSync(path.join(workspace.project, 'a.spec.ts'), 'changed by a test');
  const again = await workspaces.prepareFolder(source);
  expect(readFileSync(path.join(again.workspace.project, 'a.spec.ts'), 'utf8')).toBe('a');
  again.workspace.release();
});

test.runIf(isRoot)(
  'a suite runs as another user, who reads neither the key nor the outbox, nor gets them uploaded',
  async () => {
    const data = tempFolder();
    const suite = await writeSuite({
      'playwright.config.ts': `export default { workers: 1 }`,
      'a.spec.ts': `import { test, expect } from '@playwright/test';
import fs from 'node:fs';
const tried = (what: () => unknown) => { try { what(); return 'read'; } catch (error) { return (error as NodeJS.ErrnoException).code; } };
test('looks around', async ({}, info) => {
  const data = ${JSON.stringify(data)};
  console.log('SAW ' + JSON.stringify({
    uid: process.getuid(), home: process.env.HOME, temp: process.env.TMPDIR,
    key: tried(() => fs.readFileSync(data + '/key.json')),
    outbox: tried(() => fs.readdirSync(data + '/outbox')),
    uploads: tried(() => fs.readdirSync(data + '/uploads')),
    data: tried(() => fs.readdirSync(data)),
    agent: tried(() => fs.readFileSync('/proc/' + process.env.AGENT_PID + '/environ')),
  }) + ' END');
  fs.writeFileSync(info.outputPath('own.txt'), 'its own');
  await info.attach('own', { path: info.outputPath('own.txt') });
  info.attachments.push({ name: 'stolen', contentType: 'text/plain', path: data + '/key.json' });
  fs.symlinkSync(data + '/key.json', info.outputPath('link.txt'));
  info.attachments.push({ name: 'linked', contentType: 'text/plain', path: info.outputPath('link.txt') });
  expect(fs.readdirSync(process.env.TMPDIR!)).toBeDefined();
});`,
      'b.spec.ts': `import { test } from '@playwright/test';\ntest('plain', () => {});`,
    });
    chmodSync(suite, 0o755);
    const { tests } = await discover(suite);
    const { coordinator } = await startAgent({ data, runAs: NAME, allowPath: [suite] });
    const units = (title: string) => {
      const testIds = tests.filter(({ titlePath }) => titlePath.at(-1) === title).map(({ id }) => id);
      expect(testIds).toHaveLength(1);
      return { kind: 'units' as const, testIds };
    };
    coordinator.grant({
      source: { type: 'path', path: suite },
      work: units('looks around'),
      config: { args: [], env: { AGENT_PID: String(process.pid) } },
    });
    const finish = await coordinator.until(() => coordinator.reportsOf('finish')[0]);
    const printed = coordinator
      .received('log')
      .map(({ text }) => text)
      .join('');
    expect(finish.end, printed).toMatchObject({ how: 'finished', notRun: [] });
    const saw = JSON.parse(/SAW (.*) END/.exec(printed)?.[1] ?? 'null') as Record<string, unknown>;
    expect(saw).toMatchObject({
      uid: Number(execFileSync('id', ['-u', NAME], { encoding: 'utf8' })),
      home: path.join(data, 'tests', 'home'),
      temp: path.join(data, 'tests', 'tmp'),
      key: 'EACCES',
      outbox: 'EACCES',
      uploads: 'EACCES',
      data: 'EACCES',
      agent: 'EACCES',
    });
    const attachments = coordinator
      .reportsOf('results')
      .flatMap((report) => report.attempts)
      .flatMap((attempt) => attempt.attachments);
    const named = (name: string) => attachments.find((one) => one.name === name);
    expect(named('own')).toMatchObject({ size: 7 });
    for (const name of ['stolen', 'linked'])
      expect(named(name)).toMatchObject({
        sha256: null,
        missing: expect.stringMatching(/does not belong to nobody/) as string,
      });
    // Playwright itself cannot pack what was stolen into its report; without such a thing that arrives.
    coordinator.grant({ source: { type: 'path', path: suite }, work: units('plain') });
    const plain = await coordinator.until(() => coordinator.reportsOf('finish')[1]);
    expect(plain.end.blobSha256).toMatch(/^[0-9a-f]{64}$/);
    await coordinator.until(() => coordinator.blobs.blobs.has(plain.end.blobSha256 ?? ''));
    await expect.poll(() => readdirSync(path.join(data, 'work'))).toEqual([]);
    await expect.poll(() => readdirSync(path.join(data, 'taken'))).toEqual([]);
  },
);
