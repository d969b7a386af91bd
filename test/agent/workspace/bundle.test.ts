import { fork } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { canonicalTree, type TreeFile } from '../../../shared/protocol/tree.ts';
import { sha256Of } from '../../../src-main/transfer/sha256.ts';
import type { BlobServer } from '../../support/blob-server.ts';
import { commitAll, readFiles, tempFolder, writeFiles, type Content } from '../../support/folders.ts';
import { committedPlaywright, openTestWorkspaces } from './support.ts';

const everything: Record<string, Content> = {
  'package.json': '{}',
  'a.spec.ts': 'a',
  'twin.ts': 'a',
  'run.sh': { exec: 'x' },
  'run-twin.sh': { exec: 'a' },
  'empty.txt': '',
  'sub/link': { link: '../a.spec.ts' },
  'sub/deep/folder-link': { link: '..' },
  dangling: { link: 'nowhere/x' },
  'large.bin': Buffer.alloc(700_000, 7),
  'größe 日本語.txt': 'ü',
  ...committedPlaywright,
};
const all = (folder: string): Record<string, Content> => readFiles(folder, ['.git']);

function suite(files: Record<string, Content> = {}): string {
  const folder = tempFolder();
  writeFiles(folder, { 'package.json': '{}', 'a.spec.ts': 'a', ...committedPlaywright, ...files });
  commitAll(folder);
  return folder;
}

/** Which blobs have been handed out since the last call. */
function handedOut(server: BlobServer): string[] {
  const requests = server.requests.filter((request) => /^(GET|POST \/read)/.test(request));
  server.requests.length = 0;
  return requests;
}

describe('laying out', () => {
  test('a packed working tree arrives on a worker as it was', async () => {
    const { prepareFolder } = await openTestWorkspaces();
    const source = tempFolder();
    writeFiles(source, everything);
    commitAll(source);
    const { workspace } = await prepareFolder(source);
    expect(all(workspace.project)).toEqual(all(source));
    expect(workspace.playwright.cli).toBe(path.join(workspace.project, 'node_modules/@playwright/test/cli.js'));
    expect(workspace.commit).toBeNull();
  });

  test('the project is a folder of the tree', async () => {
    const { prepareFolder } = await openTestWorkspaces();
    const source = suite({ 'e2e/package.json': '{}', 'e2e/b.spec.ts': 'b' });
    const { workspace } = await prepareFolder(source, 'e2e');
    expect(readFileSync(path.join(workspace.project, 'b.spec.ts'), 'utf8')).toBe('b');
    expect(readFileSync(path.join(workspace.project, '../a.spec.ts'), 'utf8')).toBe('a');
  });

  test.each([
    ['nothing', 'is not a folder in the source'],
    ['a.spec.ts', 'is not a folder in the source'],
    ['../..', "has '..' in it"],
    ['/etc', 'is absolute'],
    ['a\\b', 'backslash'],
  ])('a project folder %j is refused', async (projectDir, reason) => {
    const { prepareFolder } = await openTestWorkspaces();
    await expect(prepareFolder(suite(), projectDir)).rejects.toMatchObject({
      code: 'bad-source',
      permanent: true,
      message: expect.stringContaining(reason) as string,
    });
  });

  test('a checkout of the same tree has the same path after a restart, and another one another path', async () => {
    const one = await openTestWorkspaces();
    const source = suite();
    const first = (await one.prepareFolder(source)).workspace.project;
    const two = await openTestWorkspaces({ folder: one.folder });
    expect((await two.prepareFolder(source)).workspace.project).toBe(first);
    writeFiles(source, { 'a.spec.ts': 'changed' });
    expect((await two.prepareFolder(source)).workspace.project).not.toBe(first);
  });

  test('slots that ask for one tree at the same time share one preparation, and ask for each blob once', async () => {
    const { upload, prepare, server } = await openTestWorkspaces();
    const source = tempFolder();
    writeFiles(source, everything);
    commitAll(source);
    const { id } = await upload(source);
    handedOut(server);
    const prepared = await Promise.all(
      Array.from({ length: 6 }, () => prepare({ type: 'bundle', tree: id, projectDir: '' })),
    );
    expect(new Set(prepared.map(({ workspace }) => workspace.project)).size).toBe(1);
    // The tree, the large file, and one batch with the small ones.
    expect(handedOut(server)).toHaveLength(3);
  });

  test('a tree that differs in one file brings only that file; the others come from checkouts that are here', async () => {
    const { prepareFolder, server } = await openTestWorkspaces();
    const source = tempFolder();
    writeFiles(source, everything);
    commitAll(source);
    const first = await prepareFolder(source);
    writeFiles(source, { 'a.spec.ts': 'changed' });
    handedOut(server);
    const second = await prepareFolder(source);
    expect(handedOut(server)).toEqual([expect.stringMatching(/^GET/), 'POST /read']);
    expect(all(second.workspace.project)).toEqual(all(source));
    expect(readFileSync(path.join(first.workspace.project, 'a.spec.ts'), 'utf8')).toBe('a');
  });

  test('what a test has changed in another checkout is not taken over', async () => {
    const { prepareFolder } = await openTestWorkspaces();
    const source = tempFolder();
    writeFiles(source, everything);
    commitAll(source);
    const first = await prepareFolder(source);
    writeFileSync(path.join(first.workspace.project, 'large.bin'), Buffer.alloc(700_000, 8));
    writeFileSync(path.join(first.workspace.project, 'run.sh'), 'y');
    rmSync(path.join(first.workspace.project, 'größe 日本語.txt'));
    writeFiles(source, { 'new.ts': 'n' });
    const second = await prepareFolder(source);
    expect(all(second.workspace.project)).toEqual(all(source));
  });
});

describe('using again', () => {
  const changes: [what: string, change: (project: string) => void][] = [
    [
      'added files and folders',
      (project) =>
        writeFiles(project, {
          'new.txt': '',
          'sub/new/x': '',
          'sub/node_modules/y/index.js': '',
          'test-results/r.png': '',
        }),
    ],
    ['an edited file', (project) => writeFileSync(path.join(project, 'a.spec.ts'), 'b')],
    ['a deleted file', (project) => rmSync(path.join(project, 'sub/link'))],
    ['a deleted folder', (project) => rmSync(path.join(project, 'sub'), { recursive: true })],
    [
      'a file that became a folder',
      (project) => {
        rmSync(path.join(project, 'twin.ts'));
        mkdirSync(path.join(project, 'twin.ts'));
      },
    ],
    [
      'a folder that became a link',
      (project) => {
        rmSync(path.join(project, 'sub'), { recursive: true });
        symlinkSync('/tmp', path.join(project, 'sub'));
      },
    ],
  ];
  test.each(changes)(
    '%s by a test are gone for the next run, and untouched while somebody still works there',
    async (_, change) => {
      const { prepareFolder, prepare, upload } = await openTestWorkspaces();
      const source = tempFolder();
      writeFiles(source, everything);
      commitAll(source);
      const first = await prepareFolder(source);
      const { id } = await upload(source);
      change(first.workspace.project);
      const changed = all(first.workspace.project);
      const second = await prepare({ type: 'bundle', tree: id, projectDir: '' });
      expect(all(second.workspace.project)).toEqual(changed);
      expect(changed).not.toEqual(all(source));
      first.workspace.release();
      second.workspace.release();
      const third = await prepare({ type: 'bundle', tree: id, projectDir: '' });
      expect(third.workspace.project).toBe(first.workspace.project);
      expect(all(third.workspace.project)).toEqual(all(source));
    },
  );

  test('an untouched checkout is used again without a request to the coordinator', async () => {
    const { prepareFolder, prepare, upload, server } = await openTestWorkspaces();
    const source = suite();
    (await prepareFolder(source)).workspace.release();
    const { id } = await upload(source);
    handedOut(server);
    await prepare({ type: 'bundle', tree: id, projectDir: '' });
    expect(handedOut(server)).toEqual([]);
  });

  test('the least recently used checkouts go, never one in use', async () => {
    const { prepareFolder, folder } = await openTestWorkspaces({
      limits: { checkouts: { entries: 1, bytes: 1e9 }, installs: { entries: 1, bytes: 1e9 } },
    });
    const source = suite();
    const held = await prepareFolder(source);
    for (const text of ['1', '2', '3']) {
      writeFiles(source, { 'a.spec.ts': text });
      (await prepareFolder(source)).workspace.release();
    }
    expect(readFileSync(path.join(held.workspace.project, 'a.spec.ts'), 'utf8')).toBe('a');
    const kept = readdirSync(path.join(folder, 'checkouts')).filter((name) => !name.endsWith('.json'));
    expect(kept.length).toBeLessThanOrEqual(3);
    expect(kept).toContain(path.basename(held.workspace.project));
  });
});

describe('faults', () => {
  test('damaged bytes are asked for again and never laid out', async () => {
    const { upload, prepare, server } = await openTestWorkspaces();
    const source = tempFolder();
    writeFiles(source, everything);
    commitAll(source);
    const { id } = await upload(source);
    const damaged = new Set<string>();
    server.misbehave = ({ method, path: asked }) => {
      if (damaged.has(asked)) return undefined;
      damaged.add(asked);
      return { kind: method === 'GET' ? 'damage' : 'break', when: 'middle' };
    };
    const { workspace } = await prepare({ type: 'bundle', tree: id, projectDir: '' });
    expect(damaged.size).toBe(3);
    expect(all(workspace.project)).toEqual(all(source));
  });

  test('bytes that stay damaged fail the preparation and leave nothing that looks ready', async () => {
    const { upload, prepare, server, folder } = await openTestWorkspaces();
    const { id } = await upload(suite());
    server.misbehave = ({ path: asked }) => (asked === '/read' ? { kind: 'damage' } : undefined);
    const source = { type: 'bundle', tree: id, projectDir: '' } as const;
    await expect(prepare(source)).rejects.toMatchObject({
      code: 'unreachable',
      permanent: false,
      message: expect.stringMatching(/damaged|cut off/) as string,
    });
    expect(readdirSync(path.join(folder, 'checkouts'))).toEqual([]);
    server.misbehave = () => undefined;
    await expect(prepare(source)).resolves.toBeDefined();
  });

  test('a blob that the coordinator has lost is said so', async () => {
    const { upload, prepare, server } = await openTestWorkspaces();
    const { id } = await upload(suite());
    server.blobs.delete(sha256Of('a'));
    await expect(prepare({ type: 'bundle', tree: id, projectDir: '' })).rejects.toMatchObject({
      code: 'unreachable',
      message: expect.stringContaining('no longer has 1 of the files') as string,
    });
    server.blobs.delete(id);
    await expect(prepare({ type: 'bundle', tree: id, projectDir: '' })).rejects.toMatchObject({
      code: 'unreachable',
      message: expect.stringContaining('404') as string,
    });
  });

  test('a cancelled preparation stops, says why, and can be asked for again', async () => {
    const { upload, prepare, server, folder } = await openTestWorkspaces();
    const { id } = await upload(suite());
    const cancel = new AbortController();
    server.misbehave = ({ path: asked }) => {
      if (asked !== '/read') return undefined;
      cancel.abort(new Error('run cancelled'));
      return { kind: 'hang' };
    };
    await expect(prepare({ type: 'bundle', tree: id, projectDir: '' }, cancel.signal)).rejects.toThrow('run cancelled');
    server.misbehave = () => undefined;
    await prepare({ type: 'bundle', tree: id, projectDir: '' });
    expect(readdirSync(path.join(folder, 'checkouts'))).toHaveLength(2);
  });

  test('an agent killed with -9 in the middle of laying out begins anew after its restart', async () => {
    const { upload, server, folder } = await openTestWorkspaces();
    const source = tempFolder();
    writeFiles(source, everything);
    commitAll(source);
    const { id } = await upload(source);
    const child = fork(path.join(import.meta.dirname, 'prepare-child.ts'), [server.url, folder, id], { execArgv: [] });
    onTestFinished(() => void child.kill('SIGKILL'));
    const batch = new Promise<void>((resolve) => {
      server.misbehave = ({ path: asked }) => {
        if (asked !== '/read') return undefined;
        resolve();
        return { kind: 'hang' };
      };
    });
    await batch;
    child.kill('SIGKILL');
    await once(child, 'exit');
    const [half] = readdirSync(path.join(folder, 'checkouts'));
    expect(half).toBeDefined();
    expect(existsSync(path.join(folder, 'checkouts', `${half}.json`))).toBe(false);
    appendFileSync(path.join(folder, 'checkouts', half!, 'partial'), 'half-written');

    const again = await openTestWorkspaces({ folder });
    again.server.blobs = server.blobs;
    const { workspace } = await again.prepareFolder(source);
    expect(path.basename(workspace.project)).toBe(half);
    expect(all(workspace.project)).toEqual(all(source));
  });
});

describe('hostile trees', () => {
  const HASH = sha256Of('evil');
  const file = (name: string): TreeFile => ({ path: name, mode: 'file', sha256: HASH, size: 4 });
  const link = (name: string, target: string): TreeFile => ({ path: name, mode: 'link', target });

  test.each<[string, string | TreeFile[]]>([
    ['a path that climbs out', [file('../../evil')]],
    ['an absolute path', [file('/tmp/evil')]],
    ['a backslash', [file('..\\evil')]],
    ['NUL', [file('a\0b')]],
    ['a device', [file('CON')]],
    ['a direction override', [file('a\u202Eb')]],
    ['a link that leads out', [link('a', '../../..')]],
    ['an absolute link', [link('a', '/etc')]],
    ['a file through a link', [link('a', 'b'), file('a/evil')]],
    ['a file through a link in other case', [link('a', 'b'), file('A/evil')]],
    ['a link that climbs behind a name', [link('d/l', '..'), link('a', 'd/l/../../evil')]],
    ['doubled names', [file('a'), file('a')]],
    ['a git folder', [file('.git/hooks/post-checkout')]],
    ['another version', JSON.stringify({ version: 2, files: [] })],
    ['something else', '<html>'],
    [
      'more bytes than a disk has',
      canonicalTree(
        Array.from({ length: 3 }, (_, index) => ({ ...file(`f${index}`), size: 4 * 1024 ** 3 }) as TreeFile),
      ),
    ],
  ])('%s is refused before anything is written', async (_, files) => {
    const { prepare, server, folder } = await openTestWorkspaces();
    const manifest = typeof files === 'string' ? files : canonicalTree(files);
    server.blobs.set(sha256Of(manifest), Buffer.from(manifest));
    server.blobs.set(HASH, Buffer.from('evil'));
    await expect(prepare({ type: 'bundle', tree: sha256Of(manifest), projectDir: '' })).rejects.toMatchObject({
      code: 'bad-source',
      permanent: true,
    });
    expect(handedOut(server)).toHaveLength(1);
    expect(readdirSync(path.join(folder, 'checkouts'))).toEqual([]);
  });

  test('sizes that lie do not get more than a batch through', async () => {
    const { prepare, server } = await openTestWorkspaces();
    const large = Buffer.alloc(300_000, 1);
    const manifest = canonicalTree([{ path: 'a', mode: 'file', sha256: sha256Of(large), size: 5 }]);
    server.blobs.set(sha256Of(manifest), Buffer.from(manifest));
    server.blobs.set(sha256Of(large), large);
    await expect(prepare({ type: 'bundle', tree: sha256Of(manifest), projectDir: '' })).rejects.toMatchObject({
      code: 'unreachable',
    });
  });
});
