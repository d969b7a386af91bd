import { existsSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { systemClock } from '../../shared/base/clock.ts';
import { git } from '../../src-main/command/git.ts';
import { commitAll, gitEnv, runGit, tempFolder, writeFiles } from '../support/folders.ts';

/** A user's settings that allow everything, as a careless or attacked machine may have them. */
function permissive(): typeof gitEnv {
  const file = path.join(tempFolder(), 'gitconfig');
  writeFiles(path.dirname(file), { gitconfig: '[protocol]\n\tallow = always\n[protocol "ext"]\n\tallow = always\n' });
  return { ...gitEnv, GIT_CONFIG_GLOBAL: file };
}

function repository(): string {
  const folder = tempFolder();
  writeFiles(folder, { a: 'a' });
  commitAll(folder);
  return folder;
}

describe('what an address or a repository could make git start', () => {
  test('a helper program named by the address is not started, even where the settings of the user allow it', async () => {
    const env = permissive();
    const folder = repository();
    const proof = path.join(tempFolder(), 'executed');
    const url = `ext::sh -c touch% ${proof}`;
    const options = { cwd: folder, env, clock: systemClock, protocols: ['https', 'ssh'] };
    await expect(git(['fetch', '--', url], options)).rejects.toThrow(/transport 'ext' not allowed/);
    expect(existsSync(proof)).toBe(false);
    // The trap is real: git with these settings and without ours springs it.
    const plain = {
      ...options,
      protocols: ['ext'],
      extraEnv: { GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: 'protocol.ext.allow', GIT_CONFIG_VALUE_0: 'always' },
    };
    await expect(git(['fetch', '--', url], plain)).rejects.toThrow();
    expect(existsSync(proof)).toBe(true);
  });

  test('no protocol is allowed unless it is named', async () => {
    const folder = repository();
    const options = { cwd: folder, env: permissive(), clock: systemClock };
    await expect(git(['ls-remote', '--', `file://${folder}`], options)).rejects.toThrow(/transport 'file' not allowed/);
    await expect(git(['ls-remote', '--', folder], options)).rejects.toThrow(/transport 'file' not allowed/);
    await expect(
      git(['ls-remote', '--', `file://${folder}`], { ...options, protocols: ['file'] }),
    ).resolves.toBeDefined();
  });

  test('an option in the place of an address is an address', async () => {
    const folder = repository();
    const proof = path.join(tempFolder(), 'executed');
    const options = { cwd: folder, env: permissive(), clock: systemClock, protocols: ['file'] };
    await expect(git(['ls-remote', '--', `--upload-pack=touch ${proof}`, folder], options)).rejects.toThrow();
    expect(existsSync(proof)).toBe(false);
    await expect(git(['ls-remote', `--upload-pack=touch ${proof}`, folder], options)).rejects.toThrow();
    expect(existsSync(proof)).toBe(true);
  });

  test('hooks are not run', async () => {
    const folder = repository();
    const proof = path.join(tempFolder(), 'executed');
    writeFiles(folder, { '.git/hooks/post-checkout': { exec: `#!/bin/sh\ntouch ${proof}\n` } });
    await git(['checkout', '--quiet', 'HEAD'], { cwd: folder, env: gitEnv, clock: systemClock });
    expect(existsSync(proof)).toBe(false);
    runGit(folder, 'checkout', '--quiet', 'HEAD');
    expect(existsSync(proof)).toBe(true);
  });
});

test('git that is not installed is said so', async () => {
  const options = { cwd: tempFolder(), env: { PATH: '/nonexistent' }, clock: systemClock };
  await expect(git(['version'], options)).rejects.toThrow(/git is not installed on this machine/);
});
