/** An agent's process that prepares one tree, to be killed in the middle of it. */
import { openWorkspaces } from '../../../src-main/agent/workspace/workspaces.ts';
import { createHttpBlobClient } from '../../../src-main/transfer/http-blob-client.ts';
import { systemClock } from '../../../shared/base/clock.ts';
import { agentsUser } from '../../../src-main/agent/test-user.ts';

const [url, folder, tree] = process.argv.slice(2) as [string, string, string];
const client = createHttpBlobClient({ baseUrl: url, pin: null, headers: () => ({}), clock: systemClock });
const workspaces = await openWorkspaces({
  folder,
  client,
  clock: systemClock,
  user: agentsUser,
  env: { PATH: process.env.PATH },
  gitEnv: { PATH: process.env.PATH },
  node: { path: process.execPath, version: process.versions.node },
  host: 'child',
  allowPaths: [],
  gitProtocols: [],
});
await workspaces.prepare(
  { type: 'bundle', tree, projectDir: '' },
  { onLine: () => undefined, signal: new AbortController().signal },
);
