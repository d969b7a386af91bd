import { onTestFinished } from 'vitest';
import { systemClock } from '../../../shared/base/clock.ts';
import { packTree } from '../../../src-main/bundle/pack.ts';
import { uploadTree } from '../../../src-main/bundle/upload.ts';
import type { BlobClient } from '../../../src-main/transfer/blob-client.ts';
import { createHttpBlobClient } from '../../../src-main/transfer/http-blob-client.ts';
import {
  openWorkspaces,
  type Workspace,
  type Workspaces,
  type WorkspacesOptions,
} from '../../../src-main/agent/workspace/workspaces.ts';
import { startBlobServer, type BlobServer } from '../../support/blob-server.ts';
import { gitEnv, tempFolder } from '../../support/folders.ts';
import { npmEnv } from '../../support/npm-project.ts';

export interface TestWorkspaces {
  server: BlobServer;
  client: BlobClient;
  folder: string;
  workspaces: Workspaces;
  /** Packs and uploads `source`, then prepares it. */
  prepareFolder: (source: string, projectDir?: string) => Promise<{ workspace: Workspace; lines: string[] }>;
}

/** Tries again at once: what is tested is that it does, not how long it waits. */
export const quickRetry = { tries: 3, backoff: { baseMs: 1, maxMs: 2 }, longestWaitMs: 5 };

export async function openTestWorkspaces(options: Partial<WorkspacesOptions> = {}): Promise<TestWorkspaces> {
  const server = await startBlobServer();
  onTestFinished(() => server.close());
  const client = createHttpBlobClient({
    baseUrl: server.url,
    headers: () => ({}),
    clock: systemClock,
    retry: quickRetry,
  });
  const folder = tempFolder();
  const workspaces = await openWorkspaces({ ...workspaceOptions(folder, client), ...options });
  return {
    server,
    client,
    folder,
    workspaces,
    async prepareFolder(source, projectDir = '') {
      const packed = await packTree(source, { env: gitEnv, clock: systemClock });
      const { tree } = await uploadTree(packed, client);
      const lines: string[] = [];
      const workspace = await workspaces.prepare(
        { type: 'bundle', tree: tree.id, projectDir },
        { onLine: (line) => lines.push(line), signal: AbortSignal.timeout(50_000) },
      );
      return { workspace, lines };
    },
  };
}

export function workspaceOptions(folder: string, client: BlobClient): WorkspacesOptions {
  return {
    folder,
    client,
    clock: systemClock,
    env: { ...npmEnv, ...gitEnv, HOME: npmEnv.HOME },
    node: { path: process.execPath, version: process.versions.node },
    host: 'test-machine',
    allowPaths: [],
    gitProtocols: ['https', 'ssh'],
  };
}
