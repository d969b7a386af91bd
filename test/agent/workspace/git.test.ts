import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { gitEnvironment } from '../../../src-main/agent/playwright/env.ts';
import { commitAll, gitEnv, readFiles, runGit, tempFolder, writeFiles } from '../../support/folders.ts';
import { committedPlaywright, openTestWorkspaces } from './support.ts';

const files = {
  'package.json': '{}',
  'a.spec.ts': 'one',
  'run.sh': { exec: 'x' },
  'sub/link': { link: '../a.spec.ts' },
  'grün.txt': 'ü',
  ...committedPlaywright,
};

function remote(): { folder: string; url: string; commit: string } {
  const folder = tempFolder();
  writeFiles(folder, files);
  const commit = commitAll(folder);
  return { folder, url: `file://${folder}`, commit };
}
const withFiles = { gitProtocols: ['https', 'ssh', 'file'] };
const git = (
  url: string,
  commit: string | null,
  ref = 'HEAD',
  projectDir = '',
): { type: 'git'; url: string; ref: string; commit: string | null; projectDir: string } => ({
  type: 'git',
  url,
  ref,
  commit,
  projectDir,
});

describe('commits', () => {
  test('are laid out as they are, without a repository around them, at a fixed path', async () => {
    const { url, folder, commit } = remote();
    const { prepare } = await openTestWorkspaces(withFiles);
    const { workspace, lines } = await prepare(git(url, commit));
    expect(readFiles(workspace.project, [])).toEqual(readFiles(folder, ['.git']));
    expect(workspace.commit).toBe(commit);
    expect(lines.join('\n')).toContain(`fetching ${commit.slice(0, 12)}`);
    workspace.release();
    expect((await prepare(git(url, commit))).workspace.project).toBe(workspace.project);
  });

  test('are fetched into one mirror per address, each once, also when the branch has moved on', async () => {
    const { url, folder, commit } = remote();
    const { prepare, folder: agent } = await openTestWorkspaces(withFiles);
    await prepare(git(url, commit));
    writeFileSync(path.join(folder, 'a.spec.ts'), 'two');
    const next = commitAll(folder);
    runGit(folder, 'checkout', '--quiet', '-b', 'other');
    const [second, first] = await Promise.all([prepare(git(url, next)), prepare(git(url, commit, 'HEAD', 'sub'))]);
    expect(readFileSync(path.join(second.workspace.project, 'a.spec.ts'), 'utf8')).toBe('two');
    expect(readFileSync(path.join(first.workspace.project, '../a.spec.ts'), 'utf8')).toBe('one');
    expect(first.lines.join()).not.toContain('fetching');
    expect(readdirSync(path.join(agent, 'git'))).toHaveLength(1);
  });

  test('what a test has written is gone for the next run', async () => {
    const { url, folder, commit } = remote();
    const { prepare } = await openTestWorkspaces(withFiles);
    const { workspace } = await prepare(git(url, commit));
    writeFiles(workspace.project, { 'a.spec.ts': 'edited', 'new.txt': '' });
    workspace.release();
    expect(readFiles((await prepare(git(url, commit))).workspace.project, [])).toEqual(readFiles(folder, ['.git']));
  });

  test('of a private repository are fetched by the ssh command and the keys of the owner', async () => {
    const { folder, commit } = remote();
    const bin = tempFolder();
    // Stands in for ssh: says what it was given, then starts on this machine what git wants at the far end.
    writeFiles(bin, {
      ssh: { exec: `#!/bin/sh\necho "$SSH_AUTH_SOCK" >> "${bin}/seen"\nfor last; do :; done\nexec sh -c "$last"\n` },
    });
    const owner = { SSH_AUTH_SOCK: '/run/agent.sock', GIT_SSH_COMMAND: path.join(bin, 'ssh') };
    const gitEnvOfOwner = gitEnvironment({ base: { ...process.env, ...owner }, platform: process.platform });
    const { prepare } = await openTestWorkspaces({ gitEnv: { ...gitEnv, ...gitEnvOfOwner } });
    const { workspace } = await prepare(git(`ssh://git@private.example${folder}`, null, 'main'));
    expect(workspace.commit).toBe(commit);
    expect(readFileSync(path.join(workspace.project, 'a.spec.ts'), 'utf8')).toBe('one');
    // Once to ask for the branch, once to fetch.
    expect(readFileSync(path.join(bin, 'seen'), 'utf8')).toBe('/run/agent.sock\n/run/agent.sock\n');
  });

  test('a commit that the remote lacks is named', async () => {
    const { url } = remote();
    const { prepare } = await openTestWorkspaces(withFiles);
    const missing = '0123456789'.repeat(4);
    await expect(prepare(git(url, missing))).rejects.toMatchObject({
      code: 'bad-source',
      permanent: true,
      message: expect.stringMatching(`has no commit ${missing} on any branch or tag; push it first`) as string,
    });
  });

  test('repositories with SHA-256 ids work', async () => {
    const folder = tempFolder();
    writeFiles(folder, files);
    runGit(folder, 'init', '--quiet', '--object-format=sha256');
    const commit = commitAll(folder);
    expect(commit).toHaveLength(64);
    const { prepare } = await openTestWorkspaces(withFiles);
    expect(readFiles((await prepare(git(`file://${folder}`, commit))).workspace.project, [])).toEqual(
      readFiles(folder, ['.git']),
    );
  });

  test('submodules are not followed, whatever address they name', async () => {
    const { url, folder } = remote();
    const proof = path.join(tempFolder(), 'executed');
    writeFiles(folder, { '.gitmodules': `[submodule "x"]\n\tpath = x\n\turl = ext::sh -c touch% ${proof}\n` });
    runGit(folder, 'update-index', '--add', '--cacheinfo', `160000,${'1'.repeat(40)},x`);
    runGit(folder, 'add', '.gitmodules');
    runGit(folder, 'commit', '--quiet', '-m', 'submodule');
    const { prepare } = await openTestWorkspaces(withFiles);
    const { workspace } = await prepare(git(url, runGit(folder, 'rev-parse', 'HEAD')));
    expect(existsSync(path.join(workspace.project, 'a.spec.ts'))).toBe(true);
    expect(existsSync(proof)).toBe(false);
  });
});

describe('references', () => {
  test('branches, tags of both kinds and HEAD become commits; a name that only ends alike does not', async () => {
    const { url, folder, commit } = remote();
    runGit(folder, 'tag', 'light');
    runGit(folder, 'tag', '-a', '-m', 'annotated', 'heavy');
    runGit(folder, 'branch', 'feature/topic');
    const { prepare } = await openTestWorkspaces(withFiles);
    for (const ref of ['HEAD', 'main', 'light', 'heavy', 'feature/topic', 'refs/heads/main', 'refs/tags/heavy']) {
      expect((await prepare(git(url, null, ref))).workspace.commit, ref).toBe(commit);
    }
    await expect(prepare(git(url, null, 'topic'))).rejects.toThrow(/has no branch or tag named topic/);
    await expect(prepare(git(url, null, commit.slice(0, 10)))).rejects.toThrow(/named by its full id/);
  });

  test('a branch wins over a tag of its name', async () => {
    const { url, folder, commit } = remote();
    runGit(folder, 'tag', 'both');
    writeFileSync(path.join(folder, 'a.spec.ts'), 'two');
    const next = commitAll(folder);
    runGit(folder, 'branch', 'both');
    const { prepare } = await openTestWorkspaces(withFiles);
    expect((await prepare(git(url, null, 'both'))).workspace.commit).toBe(next);
    expect((await prepare(git(url, null, 'refs/tags/both'))).workspace.commit).toBe(commit);
  });
});

describe('refusals', () => {
  test('hostile addresses and references start nothing', async () => {
    const { url, commit } = remote();
    const { prepare, folder } = await openTestWorkspaces(withFiles);
    const proof = path.join(tempFolder(), 'executed');
    for (const hostile of [
      `--upload-pack=touch${'${IFS}'}${proof}`,
      `ext::sh -c touch% ${proof}`,
      `ext::touch%20${proof}`,
      `ssh://-oProxyCommand=touch${'${IFS}'}${proof}/x`,
      `-oProxyCommand=touch${'${IFS}'}${proof}@x:y`,
      `file://${tempFolder()}\n`,
      'fd::3',
      '/etc',
      '../x',
    ]) {
      for (const source of [git(hostile, commit), git(hostile, null)]) {
        await expect(prepare(source), hostile).rejects.toMatchObject({ code: 'bad-source', permanent: true });
      }
    }
    for (const ref of [`--upload-pack=touch ${proof}`, '-x', 'a..b', 'a b']) {
      await expect(prepare(git(url, null, ref)), ref).rejects.toMatchObject({ code: 'bad-source' });
    }
    for (const bad of ['HEAD', commit.slice(1), `-${commit.slice(1)}`]) {
      await expect(prepare(git(url, bad)), bad).rejects.toMatchObject({ code: 'bad-source' });
    }
    expect(existsSync(proof)).toBe(false);
    expect(existsSync(path.join(folder, 'git'))).toBe(false);
  });

  test('files of this machine are no git source unless its owner says so', async () => {
    const { url, commit } = remote();
    const { prepare } = await openTestWorkspaces();
    await expect(prepare(git(url, commit))).rejects.toThrow(/uses file, which is not allowed \(only https, ssh\)/);
  });

  test('a server that wants a password is an error at once, and the password in the address is not shown', async () => {
    const asked: string[] = [];
    const server = http.createServer((request, response) => {
      asked.push(request.headers.authorization ?? '');
      response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const address = `127.0.0.1:${(server.address() as AddressInfo).port}/x.git`;
    const proof = path.join(tempFolder(), 'asked');
    const askpass = path.join(tempFolder(), 'askpass');
    writeFiles(path.dirname(askpass), { askpass: { exec: `#!/bin/sh\ntouch ${proof}\necho x\n` } });
    const env = { ...gitEnv, GIT_ASKPASS: askpass, SSH_ASKPASS: askpass, DISPLAY: ':0' };
    const { prepare } = await openTestWorkspaces({ gitProtocols: ['http'], env });
    const error = (await prepare(git(`http://user:hunter2@${address}`, null)).catch(
      (caught: unknown) => caught,
    )) as Error;
    expect(error).toMatchObject({ code: 'unreachable', permanent: false });
    expect(error.message).toContain(`http://${address}`);
    expect(error.message).not.toContain('hunter2');
    expect(asked.length).toBeGreaterThan(0);
    await expect(prepare(git(`http://${address}`, null))).rejects.toThrow(/without being asked for a password/);
    expect(existsSync(proof)).toBe(false);
  });

  test('hooks and templates of the machine do not get into mirrors', async () => {
    const { url, commit } = remote();
    const home = tempFolder();
    const proof = path.join(home, 'executed');
    const hook = { exec: `#!/bin/sh\ntouch ${proof}\n` };
    writeFiles(home, {
      'hooks/reference-transaction': hook,
      'template/hooks/reference-transaction': hook,
      gitconfig: `[core]\n\thooksPath = ${home}/hooks\n[init]\n\ttemplateDir = ${home}/template\n`,
    });
    const { prepare, folder } = await openTestWorkspaces({
      ...withFiles,
      env: { ...gitEnv, GIT_CONFIG_GLOBAL: path.join(home, 'gitconfig') },
    });
    await prepare(git(url, commit));
    expect(existsSync(proof)).toBe(false);
    const [mirror] = readdirSync(path.join(folder, 'git'));
    expect(existsSync(path.join(folder, 'git', mirror!, 'hooks'))).toBe(false);
  });

  test('a project folder that leads out of the repository through a link is refused', async () => {
    const { url, folder } = remote();
    const outside = tempFolder();
    mkdirSync(path.join(outside, 'suite'));
    writeFiles(folder, { out: { link: outside } });
    const { prepare } = await openTestWorkspaces(withFiles);
    await expect(prepare(git(url, commitAll(folder), 'HEAD', 'out/suite'))).rejects.toThrow(/leads out of the source/);
  });
});

test('a mirror that a killed agent left broken is mended by the next fetch', async () => {
  const { url, commit, folder: source } = remote();
  const { prepare, folder } = await openTestWorkspaces(withFiles);
  (await prepare(git(url, commit))).workspace.release();
  const [name] = readdirSync(path.join(folder, 'git'));
  const mirror = path.join(folder, 'git', name!);
  rmSync(path.join(mirror, 'objects'), { recursive: true });
  writeFiles(mirror, { 'shallow.lock': '', 'config.lock': '' });
  writeFileSync(path.join(source, 'a.spec.ts'), 'two');
  const { workspace } = await prepare(git(url, commitAll(source)));
  expect(readFileSync(path.join(workspace.project, 'a.spec.ts'), 'utf8')).toBe('two');
});
