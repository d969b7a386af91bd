/** What an agent needs before it can take work: its folder, its machine, its key, and what the last one left behind. */
import { mkdir, readdir } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import packageJson from '../../package.json' with { type: 'json' };
import type { Clock } from '../../shared/base/clock.ts';
import { GIT_PROTOCOLS } from '../../shared/base/git-source.ts';
import type { BlobClient } from '../transfer/blob-client.ts';
import { createHttpBlobClient } from '../transfer/http-blob-client.ts';
import type { AgentConfig } from './config.ts';
import { FIRST } from './coordinators/folders.ts';
import { openDataDir, type DataDir } from './data-dir.ts';
import { enrolOnce } from './enrol.ts';
import { writeKey, type WorkerKey } from './key-file.ts';
import { AGENT_MARK, killLeftovers, markOf } from './leftovers.ts';
import type { Log } from './log.ts';
import { Machine } from './machine/machine.ts';
import { endOrphans } from './outbox/end-orphans.ts';
import { Outbox } from './outbox/outbox.ts';
import { childEnvironment, gitEnvironment } from './playwright/env.ts';
import { createPreparation, type Preparation } from './slots/jobs.ts';
import { Setups } from './slots/setups.ts';
import { Spares } from './slots/spares.ts';
import { Stash, type Stashed } from './uploader/stash.ts';
import { agentsUser, openTestUser, type TestUser } from './test-user.ts';
import { openWorkspaces } from './workspace/workspaces.ts';

export const AGENT_VERSION: string = packageJson.version;

export interface Parts {
  config: AgentConfig;
  clock: Clock;
  log: Log;
  dir: DataDir;
  user: TestUser;
  key: WorkerKey;
  machine: Machine;
  client: BlobClient;
  outbox: Outbox;
  stash: Stash;
  /** Not uploaded yet, from before. */
  stashed: Stashed[];
  preparation: Preparation;
  spares: Spares;
  /** Whose files are fetched for suites: of the coordinator that this worker works for at the moment. */
  trees: { from: BlobClient };
  /** Lets go of all that is not the link's. */
  close: () => Promise<void>;
}

/** @throws AgentError where it cannot begin; the message is for the owner. */
export async function gatherParts(config: AgentConfig, log: Log, clock: Clock): Promise<Parts> {
  const dir = openDataDir(config.dataDir);
  try {
    const user = openUser(config, dir);
    const mark = { [AGENT_MARK]: markOf(path.join(dir.root, 'mark')) };
    await clearUp(dir, user, mark, log, clock);
    const { allowSystemBrowser, install, projectPath } = config;
    const environment = user.environment(config.environment);
    const machine = await Machine.detect({
      dataDir: dir.root,
      environment,
      user,
      mark,
      allowSystemBrowser,
      allowInstall: install,
      clock,
      log,
    });
    const capabilities = async () => machine.capabilities;
    // An address that was given is that of the coordinator whose folder this was from the beginning.
    const own = dir.coordinator === FIRST ? config : { ...config, join: null, coordinator: null };
    const key = await enrolOnce({ config: own, keyFile: dir.keyFile, agentVersion: AGENT_VERSION, capabilities, log });
    const headers = (): Record<string, string> => ({ authorization: `Bearer ${key.apiKey}` });
    const client = createHttpBlobClient({ baseUrl: key.url, pin: key.pin, headers, clock });
    const trees = { from: client };
    const workspaces = await openWorkspaces({
      folder: dir.workspace,
      user,
      client: following(() => trees.from),
      clock,
      env: { ...childEnvironment({ base: environment, platform: process.platform }), ...mark },
      gitEnv: { ...gitEnvironment({ base: config.environment, platform: process.platform }), ...mark },
      node: { path: process.execPath, version: process.versions.node },
      host: config.name,
      allowPaths: [...config.allowPaths, ...(projectPath === null ? [] : [projectPath])],
      gitProtocols: GIT_PROTOCOLS,
      allowInstall: install,
    });
    const browsers: Machine['browsersFor'] = (...asked) => machine.browsersFor(...asked);
    const setups = new Setups(clock);
    const spares = new Spares({ clock, log, freeMemory: () => os.freemem() });
    const shared = { workspaces, setups, spares };
    const preparation = createPreparation({ ...shared, user, clock, environment, mark, projectPath, browsers });
    const close = async (): Promise<void> => {
      setups.close();
      await spares.close();
      dir.close();
    };
    const stores = await openStores(dir, user, clock, log);
    return { config, clock, log, dir, user, key, machine, client, ...stores, preparation, spares, trees, close };
  } catch (error) {
    dir.close();
    throw error;
  }
}

/** The same machine at work for another coordinator: with a key, an outbox and uploads of its own in `root`. */
export async function gatherForAnother(home: Parts, key: WorkerKey, root: string): Promise<Parts> {
  const { clock, log, user, dir: homeDir } = home;
  const own = openDataDir(root);
  try {
    // Tests are let into this folder of the home's alone.
    const dir = {
      ...own,
      coordinator: homeDir.coordinator,
      root: homeDir.root,
      work: path.join(homeDir.work, path.basename(root)),
    };
    await mkdir(dir.work, { recursive: true, mode: 0o711 });
    await writeKey(dir.keyFile, key);
    const headers = (): Record<string, string> => ({ authorization: `Bearer ${key.apiKey}` });
    const client = createHttpBlobClient({ baseUrl: key.url, pin: key.pin, headers, clock });
    const stores = await openStores(dir, user, clock, log);
    return { ...home, dir, key, client, ...stores, close: async () => own.close() };
  } catch (error) {
    own.close();
    throw error;
  }
}

async function openStores(
  dir: DataDir,
  user: TestUser,
  clock: Clock,
  log: Log,
): Promise<Pick<Parts, 'outbox' | 'stash' | 'stashed'>> {
  const stash = new Stash(dir.uploads, (file) => user.open(file));
  const outbox = await Outbox.open({ folder: dir.outbox, clock, log });
  const orphans = await endOrphans(outbox);
  if (orphans > 0)
    log.warn({ orphans }, 'a previous agent was killed while it ran tasks; they are reported as crashed');
  return { outbox, stash, stashed: await stash.list() };
}

/** The client that is the right one at each call. */
const following = (now: () => BlobClient): BlobClient => ({
  missing: (...given) => now().missing(...given),
  put: (...given) => now().put(...given),
  putBatch: (...given) => now().putBatch(...given),
  download: (...given) => now().download(...given),
  read: (...given) => now().read(...given),
  readBatch: (...given) => now().readBatch(...given),
});

function openUser({ runAs }: AgentConfig, { root, work, workspace }: DataDir): TestUser {
  return runAs === null ? agentsUser : openTestUser({ name: runAs, dataDir: root, entered: [work, workspace] });
}

async function clearUp(
  dir: DataDir,
  user: TestUser,
  mark: Record<string, string>,
  log: Log,
  clock: Clock,
): Promise<void> {
  const killed = await killLeftovers(mark[AGENT_MARK] ?? '', clock);
  if (killed > 0) log.warn({ killed }, 'a previous agent had left processes behind; they were killed');
  for (const name of await readdir(dir.work)) await user.remove(path.join(dir.work, name));
}
