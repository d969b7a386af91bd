/** Temporary folders and the files in them. */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { onTestFinished } from 'vitest';

/** An empty folder that is removed when the test has finished. */
export function tempFolder(): string {
  const folder = realpathSync(mkdtempSync(path.join(os.tmpdir(), 'playfleet-test-')));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A file's text or bytes, an executable file, or a symbolic link. */
export type Content = string | Buffer | { exec: string } | { link: string };

export function writeFiles(folder: string, files: Record<string, Content>): void {
  for (const [name, content] of Object.entries(files)) {
    const file = path.join(folder, name);
    mkdirSync(path.dirname(file), { recursive: true });
    if (typeof content === 'string' || Buffer.isBuffer(content)) writeFileSync(file, content);
    else if ('link' in content) symlinkSync(content.link, file);
    else {
      writeFileSync(file, content.exec);
      chmodSync(file, 0o755);
    }
  }
}

/** Everything below `folder`, in the form that `writeFiles` takes (texts as Latin-1, so that bytes compare). */
export function readFiles(folder: string, skip: readonly string[] = ['.git', 'node_modules']): Record<string, Content> {
  const found: Record<string, Content> = {};
  const visit = (relative: string): void => {
    for (const name of readdirSync(path.join(folder, relative)).sort()) {
      if (skip.includes(name)) continue;
      const file = path.posix.join(relative, name);
      const stat = lstatSync(path.join(folder, file));
      if (stat.isDirectory()) visit(file);
      else if (stat.isSymbolicLink()) found[file] = { link: readlinkSync(path.join(folder, file)) };
      else {
        const text = readFileSync(path.join(folder, file), 'latin1');
        found[file] = stat.mode & 0o111 ? { exec: text } : text;
      }
    }
  };
  visit('');
  return found;
}

/** Environment of git in tests: no settings of the machine or the user. */
export const gitEnv = {
  PATH: process.env.PATH,
  HOME: '/nonexistent',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
};

export function runGit(folder: string, ...args: string[]): string {
  const who = [
    '-c',
    'user.name=Test',
    '-c',
    'user.email=test@example.invalid',
    '-c',
    'init.defaultBranch=main',
    '-c',
    'protocol.file.allow=always',
  ];
  return execFileSync('git', [...who, ...args], {
    cwd: folder,
    env: gitEnv,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  }).trim();
}

/** Makes `folder` a repository with everything in it committed; resolves to the commit. */
export function commitAll(folder: string): string {
  runGit(folder, 'init', '--quiet');
  runGit(folder, 'add', '--all', '.');
  runGit(folder, 'commit', '--quiet', '--allow-empty', '-m', 'a commit');
  return runGit(folder, 'rev-parse', 'HEAD');
}
