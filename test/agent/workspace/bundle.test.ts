import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../../shared/base/clock.ts';
import { packTree } from '../../../src-main/bundle/pack.ts';
import { uploadTree } from '../../../src-main/bundle/upload.ts';
import { createHttpBlobClient } from '../../../src-main/transfer/http-blob-client.ts';
import { openWorkspaces } from '../../../src-main/agent/workspace/workspaces.ts';
import { startBlobServer } from '../../support/blob-server.ts';
import { commitAll, gitEnv, readFiles, tempFolder, writeFiles } from '../../support/folders.ts';

const playwright = {
  'node_modules/@playwright/test/package.json': '{"version":"1.0.0"}',
  'node_modules/@playwright/test/cli.js': '',
};

test('a packed working tree arrives on a worker as it was', async () => {
  const server = await startBlobServer();
  onTestFinished(() => server.close());
  const client = createHttpBlobClient({ baseUrl: server.url, headers: () => ({}), clock: systemClock });
  const source = tempFolder();
  writeFiles(source, {
    'package.json': '{}',
    'a.spec.ts': 'a',
    'run.sh': { exec: 'x' },
    'empty.txt': '',
    'sub/link': { link: '../a.spec.ts' },
    'big.bin': Buffer.alloc(600_000, 7),
    'größe.txt': 'ü',
    ...playwright,
  });
  commitAll(source);
  const packed = await packTree(source, { env: gitEnv, clock: systemClock });
  const uploaded = await uploadTree(packed, client);
  expect(uploaded.tree.id).toBe(packed.id);

  const workspaces = await openWorkspaces({
    folder: tempFolder(),
    client,
    clock: systemClock,
    env: gitEnv,
    node: { path: process.execPath, version: process.versions.node },
    host: 'here',
    allowPaths: [],
    gitProtocols: [],
  });
  const workspace = await workspaces.prepare(
    { type: 'bundle', tree: packed.id, projectDir: '' },
    { onLine: () => undefined, signal: new AbortController().signal },
  );
  expect(readFiles(workspace.project, ['.git'])).toEqual(readFiles(source, ['.git']));
  expect(path.dirname(workspace.playwright.cli)).toBe(path.join(workspace.project, 'node_modules/@playwright/test'));
  workspace.release();
});
