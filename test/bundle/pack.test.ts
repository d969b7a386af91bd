import { execFileSync } from 'node:child_process';
import { chmodSync, renameSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { systemClock } from '../../shared/base/clock.ts';
import { parseTree, type TreeFile } from '../../shared/protocol/tree.ts';
import { packTree, type PackedTree, type PackOptions } from '../../src-main/bundle/pack.ts';
import { commitAll, gitEnv, runGit, tempFolder, writeFiles } from '../support/folders.ts';

const options: PackOptions = { env: gitEnv, clock: systemClock };
const entriesOf = (packed: PackedTree): TreeFile[] => parseTree(Buffer.from(packed.manifest)).tree!.files;
const pathsOf = (packed: PackedTree): string[] => entriesOf(packed).map((file) => file.path);
const pack = (folder: string, more: Partial<PackOptions> = {}): Promise<PackedTree> =>
  packTree(folder, { ...options, ...more });

const suite = { 'package.json': '{}', 'playwright.config.ts': 'export default {};', 'tests/a.spec.ts': 'a' };
const suitePaths = ['package.json', 'playwright.config.ts', 'tests/a.spec.ts'];

describe('without git', () => {
  test('packs the folder itself, and not what every machine makes anew', async () => {
    const folder = tempFolder();
    writeFiles(folder, {
      ...suite,
      'node_modules/x/index.js': 'x',
      'tests/node_modules/y/index.js': 'y',
      'test-results/r.png': 'r',
      'playwright-report/index.html': 'h',
      'blob-report/b.zip': 'b',
    });
    const packed = await pack(folder);
    expect(pathsOf(packed)).toEqual(suitePaths);
    expect(packed).toMatchObject({ root: folder, projectDir: '', warnings: [] });
  });

  test('obeys .gitignore files as git would: deeper over higher, exceptions, anchors, and no file out of an ignored folder', async () => {
    const folder = tempFolder();
    const files = {
      '.gitignore': '*.log\n/top.txt\nbuild/\n!keep.log\n# remark\n',
      'a.log': '',
      'keep.log': '',
      'top.txt': '',
      'sub/top.txt': '',
      'sub/b.log': '',
      'build/x': '',
      'build/keep.log': '',
      'sub/build/x': '',
      buildx: '',
      'sub/.gitignore': '!b.log\nsecret/*\n!secret/open.txt\n',
      'sub/secret/closed.txt': '',
      'sub/secret/open.txt': '',
      'sub/deep/b.log': '',
      'sub/deep/a.log': '',
    };
    writeFiles(folder, files);
    const withoutGit = pathsOf(await pack(folder));
    commitAll(folder);
    expect(withoutGit).toEqual(pathsOf(await pack(folder)));
    expect(withoutGit).toEqual([
      '.gitignore',
      'buildx',
      'keep.log',
      'sub/.gitignore',
      'sub/b.log',
      'sub/deep/b.log',
      'sub/secret/open.txt',
      'sub/top.txt',
    ]);
  });

  test('a socket or pipe does not travel, and is named', async () => {
    const folder = tempFolder();
    writeFiles(folder, suite);
    execFileSync('mkfifo', [path.join(folder, 'pipe')]);
    const packed = await pack(folder);
    expect(pathsOf(packed)).toEqual(suitePaths);
    expect(packed.warnings).toEqual([expect.stringContaining('pipe')]);
  });
});

describe('in a git repository', () => {
  test('packs the whole repository of a suite in a subfolder, with what is new and not ignored', async () => {
    const repository = tempFolder();
    writeFiles(repository, {
      'package-lock.json': '{}',
      'shared/util.ts': 'u',
      '.gitignore': 'dist/\n',
      'dist/out.js': 'o',
      'e2e/playwright.config.ts': '',
    });
    commitAll(repository);
    writeFiles(repository, { 'e2e/new.spec.ts': 'n' });
    const packed = await pack(path.join(repository, 'e2e'));
    expect(pathsOf(packed)).toEqual([
      '.gitignore',
      'e2e/new.spec.ts',
      'e2e/playwright.config.ts',
      'package-lock.json',
      'shared/util.ts',
    ]);
    expect(packed).toMatchObject({ root: repository, projectDir: 'e2e' });
  });

  test('tracked files that are deleted, or lie in a folder that became a link, do not travel; edited ones travel as they are', async () => {
    const repository = tempFolder();
    writeFiles(repository, { ...suite, 'gone.txt': '', 'dir/x': '', 'other/x': '' });
    commitAll(repository);
    rmSync(path.join(repository, 'gone.txt'));
    rmSync(path.join(repository, 'dir'), { recursive: true });
    symlinkSync('other', path.join(repository, 'dir'));
    const before = await pack(repository);
    expect(entriesOf(before).find((entry) => entry.path === 'dir')).toEqual({
      path: 'dir',
      mode: 'link',
      target: 'other',
    });
    expect(pathsOf(before)).toEqual(['dir', 'other/x', ...suitePaths]);
    writeFileSync(path.join(repository, 'tests/a.spec.ts'), 'edited, not committed');
    expect((await pack(repository)).id).not.toBe(before.id);
  });

  test('untracked results and packages stay behind even without a .gitignore, but travel when somebody tracks them', async () => {
    const repository = tempFolder();
    writeFiles(repository, { ...suite, 'node_modules/tracked/index.js': '' });
    commitAll(repository);
    writeFiles(repository, { 'node_modules/new/index.js': '', 'e2e/test-results/x': '' });
    expect(pathsOf(await pack(repository))).toEqual(['node_modules/tracked/index.js', ...suitePaths]);
  });

  test('submodules and repositories inside are asked for their own files', async () => {
    const library = tempFolder();
    writeFiles(library, { 'lib.ts': 'l', '.gitignore': '*.tmp\n' });
    commitAll(library);
    const repository = tempFolder();
    writeFiles(repository, suite);
    commitAll(repository);
    runGit(repository, 'submodule', '--quiet', 'add', library, 'lib');
    commitAll(repository);
    writeFiles(repository, { 'lib/new.ts': 'n', 'lib/x.tmp': 't', 'nested/package.json': '{}' });
    commitAll(path.join(repository, 'nested'));
    const packed = await pack(repository);
    expect(pathsOf(packed)).toEqual([
      '.gitmodules',
      'lib/.gitignore',
      'lib/lib.ts',
      'lib/new.ts',
      'nested/package.json',
      ...suitePaths,
    ]);
    runGit(repository, 'submodule', '--quiet', 'deinit', '--force', 'lib');
    const without = await pack(repository);
    expect(pathsOf(without)).toEqual(['.gitmodules', 'nested/package.json', ...suitePaths]);
    expect(without.warnings).toEqual([expect.stringMatching(/submodule lib .*git submodule update --init/)]);
  });

  test('a project that the repository around it ignores is packed by itself', async () => {
    const home = tempFolder();
    writeFiles(home, { '.gitignore': '*\n', 'work/suite/package.json': '{}', 'other/secret.txt': 's' });
    commitAll(home);
    const packed = await pack(path.join(home, 'work/suite'));
    expect(packed).toMatchObject({ root: path.join(home, 'work/suite'), projectDir: '' });
    expect(pathsOf(packed)).toEqual(['package.json']);
  });

  test('settings of the repository and of a surrounding git hook start nothing and lead nowhere else', async () => {
    const [repository, elsewhere] = [tempFolder(), tempFolder()];
    writeFiles(repository, suite);
    commitAll(repository);
    writeFiles(elsewhere, { 'wrong.txt': '' });
    commitAll(elsewhere);
    const proof = path.join(tempFolder(), 'executed');
    writeFiles(repository, {
      '.git/evil.sh': { exec: `#!/bin/sh\ntouch ${proof}\n` },
      '.git/hooks/post-index-change': { exec: `#!/bin/sh\ntouch ${proof}\n` },
    });
    runGit(repository, 'config', 'core.fsmonitor', path.join(repository, '.git/evil.sh'));
    const packed = await pack(repository, {
      env: { ...gitEnv, GIT_DIR: path.join(elsewhere, '.git'), GIT_INDEX_FILE: path.join(elsewhere, '.git/index') },
    });
    expect(pathsOf(packed)).toEqual(suitePaths);
    expect(statSync(proof, { throwIfNoEntry: false })).toBeUndefined();
    // The trap is real: git without our settings springs it.
    runGit(repository, 'status');
    expect(statSync(proof, { throwIfNoEntry: false })).toBeDefined();
  });

  test('a repository that git cannot read is an error with the reason, not a folder without git', async () => {
    const folder = tempFolder();
    writeFiles(folder, { ...suite, '.git': 'gitdir: /nonexistent/elsewhere' });
    await expect(pack(folder)).rejects.toThrow(/git could not list the files .*not a git repository/);
  });

  test.runIf(process.getuid?.() === 0)(
    'a repository of another user is refused by git, and the mend is named',
    async () => {
      const folder = tempFolder();
      writeFiles(folder, suite);
      commitAll(folder);
      execFileSync('chown', ['-R', '65534:65534', folder]);
      await expect(pack(folder)).rejects.toThrow(/git config --global --add safe.directory/);
    },
  );
});

describe('in both', () => {
  test.each(['with', 'without'])('.playfleetignore keeps files back, tracked ones too (%s git)', async (git) => {
    const folder = tempFolder();
    writeFiles(folder, {
      ...suite,
      '.playfleetignore': 'videos/\n*.psd\n!logo.psd\n',
      'videos/a.mp4': '',
      'x.psd': '',
      'logo.psd': '',
      'tests/.playfleetignore': 'local/\n',
      'tests/local/l.ts': '',
    });
    if (git === 'with') commitAll(folder);
    expect(pathsOf(await pack(folder))).toEqual([
      '.playfleetignore',
      'logo.psd',
      'package.json',
      'playwright.config.ts',
      'tests/.playfleetignore',
      'tests/a.spec.ts',
    ]);
  });

  test.each(['with', 'without'])(
    'keeps executable bits, links, empty files and names of all languages (%s git)',
    async (git) => {
      const folder = tempFolder();
      const files = {
        'run.sh': { exec: 'x' },
        'sub/link.ts': { link: '../日本語.ts' },
        dangling: { link: 'node_modules/x' },
        '日本語.ts': 'j',
        'gr\u00fc\u00dfe (1) [x].spec.ts': '',
        'with space.txt': 's',
        tab: '',
      };
      writeFiles(folder, files);
      if (git === 'with') commitAll(folder);
      const entries = new Map(entriesOf(await pack(folder)).map((entry) => [entry.path, entry]));
      expect([...entries.keys()].sort()).toEqual(Object.keys(files).sort());
      expect(entries.get('run.sh')).toMatchObject({ mode: 'exec', size: 1 });
      expect(entries.get('日本語.ts')).toMatchObject({ mode: 'file' });
      expect(entries.get('sub/link.ts')).toEqual({ path: 'sub/link.ts', mode: 'link', target: '../日本語.ts' });
      expect(entries.get('gr\u00fc\u00dfe (1) [x].spec.ts')).toMatchObject({
        size: 0,
        sha256: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
      });
    },
  );

  test.each(['with', 'without'])('names in another Unicode form travel in form C (%s git)', async (git) => {
    const folder = tempFolder();
    writeFiles(folder, { 'u\u0308.txt': 'decomposed' });
    if (git === 'with') commitAll(folder);
    expect(pathsOf(await pack(folder))).toEqual(['\u00fc.txt']);
  });

  test.each(['with', 'without'])(
    'the same files give the same tree, whatever their times and the order of the disk (%s git)',
    async (git) => {
      const [one, two] = [tempFolder(), tempFolder()];
      writeFiles(one, suite);
      writeFiles(two, Object.fromEntries(Object.entries(suite).reverse()));
      utimesSync(path.join(two, 'package.json'), 1, 1);
      if (git === 'with') [one, two].forEach(commitAll);
      expect((await pack(one)).id).toBe((await pack(two)).id);
      chmodSync(path.join(two, 'package.json'), 0o755);
      expect((await pack(one)).id).not.toBe((await pack(two)).id);
    },
  );

  test('all files that cannot travel are named, with the reason and the mend', async () => {
    const folder = tempFolder();
    writeFiles(folder, {
      ...suite,
      out: { link: '/etc/passwd' },
      'sub/up': { link: '../../x' },
      'what?.txt': '',
      'con.ts': '',
      'a.md': '',
      'A.md': '',
    });
    commitAll(folder);
    const error = (await pack(folder).catch((caught: unknown) => caught)) as Error;
    for (const part of [
      '"out" points to an absolute path (/etc/passwd)',
      '"sub/up" points outside the tree',
      '"what?.txt"',
      '"con.ts"',
      'upper and lower case',
      '.playfleetignore',
    ]) {
      expect(error.message).toContain(part);
    }
    writeFiles(folder, { '.playfleetignore': 'out\nsub/up\nwhat\\?.txt\ncon.ts\na.md\n' });
    expect(pathsOf(await pack(folder))).toEqual(['.playfleetignore', 'A.md', ...suitePaths]);
  });

  test('a name that is not UTF-8 is refused by name', async () => {
    const folder = tempFolder();
    writeFiles(folder, suite);
    commitAll(folder);
    renameSync(
      path.join(folder, 'tests/a.spec.ts'),
      Buffer.concat([Buffer.from(`${folder}/bad-`), Buffer.from([0xe9])]),
    );
    await expect(pack(folder)).rejects.toThrow(/not valid UTF-8: "bad-é"/);
    rmSync(path.join(folder, '.git'), { recursive: true });
    await expect(pack(folder)).rejects.toThrow(/not valid UTF-8: "bad-é"/);
  });

  test('a tree that is too large is refused, naming the ten largest files with their sizes and the way out', async () => {
    const folder = tempFolder();
    writeFiles(folder, suite);
    for (let i = 1; i <= 12; i++) writeFileSync(path.join(folder, `video-${i}.mp4`), Buffer.alloc(i * 100 * 1024));
    const error = (await pack(folder, { maxBytes: 5 * 1024 * 1024 }).catch((caught: unknown) => caught)) as Error;
    expect(error.message).toContain('7.6 MB, more than the 5.0 MB');
    expect(error.message.match(/video-\d+\.mp4/g)).toEqual(
      [12, 11, 10, 9, 8, 7, 6, 5, 4, 3].map((i) => `video-${i}.mp4`),
    );
    expect(error.message).toContain('1.2 MB  video-12.mp4');
    expect(error.message).toContain('.playfleetignore');
    writeFiles(folder, { '.playfleetignore': '*.mp4\n' });
    expect(pathsOf(await pack(folder, { maxBytes: 5 * 1024 * 1024 }))).toEqual(['.playfleetignore', ...suitePaths]);
  });

  test('a path that is no folder is refused', async () => {
    const folder = tempFolder();
    writeFiles(folder, suite);
    await expect(pack(path.join(folder, 'nothing'))).rejects.toThrow(/nothing is not a folder/);
    await expect(pack(path.join(folder, 'package.json'))).rejects.toThrow(/package.json is not a folder/);
  });

  test.each(['with', 'without'])('a folder without the right to read it is named (%s git)', async (git) => {
    const folder = tempFolder();
    writeFiles(folder, { ...suite, 'secret/key': 'k' });
    if (git === 'with') commitAll(folder);
    chmodSync(path.join(folder, 'secret/key'), 0);
    const program = `
      import { packTree } from '${path.resolve('src-main/bundle/pack.ts')}';
      import { systemClock } from '${path.resolve('shared/base/clock.ts')}';
      process.setuid?.(${statSync(folder).uid === 0 ? 65534 : process.getuid!()});
      const env = ${JSON.stringify(gitEnv)};
      await packTree(${JSON.stringify(folder)}, { env, clock: systemClock }).then(() => console.log('packed'), (error) => console.log(error.message));`;
    if (statSync(folder).uid === 0) execFileSync('chown', ['-R', '65534:65534', folder]);
    const said = execFileSync(process.execPath, ['--input-type=module-typescript', '-e', program], {
      encoding: 'utf8',
      env: gitEnv,
    });
    expect(said).toContain('No permission to read secret/key');
  });
});

describe('the hash cache', () => {
  test('an unchanged tree is packed again without reading its files; a changed one is seen even when size and time are the same', async () => {
    const folder = tempFolder();
    writeFiles(folder, suite);
    const later = { ...systemClock, now: () => Date.now() + 60_000 };
    const cached = { clock: later, cacheDir: path.join(tempFolder(), 'cache') };
    const spec = path.join(folder, 'tests/a.spec.ts');
    const first = await pack(folder, cached);
    // A wrong remembered hash that comes back shows that the file was not read.
    const [cacheFile] = execFileSync('ls', [cached.cacheDir], { encoding: 'utf8' }).trim().split('\n') as [string];
    const file = path.join(cached.cacheDir, cacheFile);
    const hash = entriesOf(first).find((entry) => entry.path === 'tests/a.spec.ts')!;
    execFileSync('sed', ['-i', `s/${hash.mode === 'link' ? '' : hash.sha256}/${'f'.repeat(64)}/`, file]);
    expect((await pack(folder, cached)).manifest).toContain('f'.repeat(64));

    const { atime, mtime } = statSync(spec);
    writeFileSync(spec, 'b');
    utimesSync(spec, atime, mtime);
    const third = await pack(folder, cached);
    expect(third.manifest).not.toContain('f'.repeat(64));
    expect(third.id).not.toBe(first.id);
    writeFileSync(file, 'damaged');
    expect((await pack(folder, cached)).id).toBe(third.id);
  });

  test('files changed a moment ago are not remembered, because the next change may look the same', async () => {
    const folder = tempFolder();
    writeFiles(folder, suite);
    const cacheDir = path.join(tempFolder(), 'cache');
    await pack(folder, { cacheDir });
    expect(statSync(cacheDir, { throwIfNoEntry: false })).toBeUndefined();
  });
});
