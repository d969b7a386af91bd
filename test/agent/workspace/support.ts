import { onTestFinished } from 'vitest';
import { systemClock } from '../../../shared/base/clock.ts';
import type { RunSource } from '../../../shared/protocol/work.ts';
import { packTree, type PackedTree } from '../../../src-main/bundle/pack.ts';
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
import { agentsUser } from '../../../src-main/agent/test-user.ts';

export interface Prepared {
  workspace: Workspace;
  lines: string[];
}

export interface TestWorkspaces {
  server: BlobServer;
  client: BlobClient;
  /** The agent's folder. */
  folder: string;
  workspaces: Workspaces;
  prepare: (source: RunSource, signal?: AbortSignal) => Promise<Prepared>;
  upload: (folder: string) => Promise<PackedTree>;
  /** Packs, uploads and prepares `folder`. */
  prepareFolder: (folder: string, projectDir?: string) => Promise<Prepared>;
}

/** Tries again at once: what is tested is that it does, not how long it waits. */
const quickRetry = { tries: 3, backoff: { baseMs: 1, maxMs: 2 }, longestWaitMs: 5 };

export function testClient(url: string): BlobClient {
  return createHttpBlobClient({ baseUrl: url, pin: null, headers: () => ({}), clock: systemClock, retry: quickRetry });
}

export async function openTestWorkspaces(options: Partial<WorkspacesOptions> = {}): Promise<TestWorkspaces> {
  const server = await startBlobServer();
  onTestFinished(() => server.close());
  const client = testClient(server.url);
  const folder = options.folder ?? tempFolder();
  const workspaces = await openWorkspaces({ ...workspacesOptions(folder, client), ...options });
  const prepare: TestWorkspaces['prepare'] = async (source, signal = new AbortController().signal) => {
    const lines: string[] = [];
    return { workspace: await workspaces.prepare(source, { onLine: (line) => lines.push(line), signal }), lines };
  };
  const upload: TestWorkspaces['upload'] = async (source) => {
    const packed = await packTree(source, { env: gitEnv, clock: systemClock });
    return (await uploadTree(packed, client)).tree;
  };
  return {
    server,
    client,
    folder,
    workspaces,
    prepare,
    upload,
    prepareFolder: async (source, projectDir = '') =>
      prepare({ type: 'bundle', tree: (await upload(source)).id, projectDir }),
  };
}

export function workspacesOptions(folder: string, client: BlobClient): WorkspacesOptions {
  return {
    folder,
    client,
    clock: systemClock,
    user: agentsUser,
    env: { ...gitEnv, ...npmEnv },
    gitEnv,
    node: { path: process.execPath, version: process.versions.node },
    host: 'test-machine',
    allowPaths: [],
    gitProtocols: ['https', 'ssh'],
  };
}

/** Packages committed with a suite, so that nothing needs to be installed; only their place matters. */
export const committedPlaywright = {
  'node_modules/@playwright/test/package.json': '{"version":"1.65.1"}',
  'node_modules/@playwright/test/cli.js': '',
};
