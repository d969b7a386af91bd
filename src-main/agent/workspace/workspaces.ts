/** Makes a run's source ready to run Playwright in: files laid out, dependencies installed, both kept for the next run. */
import { stat, realpath } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import type { Clock } from '../../../shared/base/clock.ts';
import { pathProblem } from '../../../shared/base/tree-path.ts';
import type { RunSource } from '../../../shared/protocol/work.ts';
import type { Env } from '../../command/run-command.ts';
import { TransferError, type BlobClient } from '../../transfer/blob-client.ts';
import { sha256Of } from '../../transfer/sha256.ts';
import { baseline, restore, takeBaseline } from './baseline.ts';
import { fetchTree } from './bundle-source.ts';
import { openDepot, type Depot, type DepotLimits } from './depot.ts';
import { WorkspaceError } from './errors.ts';
import { findPlaywright, type InstalledPlaywright } from './find-playwright.ts';
import { createGitSources, type GitSources } from './git-source.ts';
import { installDependencies, installed, type Installer } from './install.ts';
import { materialise } from './materialise.ts';
import type { TestUser } from '../test-user.ts';
import { allowedFolder, isWithin } from './path-source.ts';

export interface WorkspacesOptions {
  /** The agent's own folder for checkouts and installs; no other process uses it. */
  folder: string;
  client: BlobClient;
  clock: Clock;
  /** Allow-listed environment of the package managers: never the agent's keys. */
  env: Env;
  /** As whom suites run, and whose the checkouts are. */
  user: TestUser;
  /** The same for git, which may also be shown how the owner reaches private repositories. */
  gitEnv: Env;
  /** The node that will run the tests. */
  node: { path: string; version: string };
  /** Name of this machine, for messages. */
  host: string;
  /** Folders that path sources may lie in. */
  allowPaths: readonly string[];
  /** Protocols that git sources may use; GIT_PROTOCOLS unless the owner says otherwise. */
  gitProtocols: readonly string[];
  /** Whether suites' packages may be installed; default true. */
  allowInstall?: boolean;
  /** Kept besides those in use. */
  limits?: { checkouts: DepotLimits; installs: DepotLimits };
  installTimeoutMs?: number;
}

export interface Workspace {
  /** Absolute folder to start Playwright in. */
  project: string;
  /** The commit of a git source. */
  commit: string | null;
  playwright: InstalledPlaywright;
  /** The same as long as what tests left in it stays there. */
  use: object;
  /** Keeps it as it is, also after release(); returns what ends that. */
  hold: () => () => void;
  /** To be called when nothing runs in it any more; from then on it may be tidied up, shared or removed. */
  release: () => void;
}

export interface PrepareOptions {
  /** Gets what the preparation says, line by line. */
  onLine: (line: string) => void;
  signal: AbortSignal;
}

export interface Workspaces {
  /**
   * Resolves when `source` is ready. Slots that ask for the same source share one checkout and one preparation; a checkout that nobody
   * uses any more is put back to what the source says before it is used again. Throws WorkspaceError, or the signal's reason.
   */
  prepare(source: RunSource, options: PrepareOptions): Promise<Workspace>;
}

const GB = 1024 ** 3;
const DEFAULT_LIMITS = { checkouts: { entries: 12, bytes: 10 * GB }, installs: { entries: 12, bytes: 10 * GB } };
const DEFAULT_INSTALL_TIMEOUT_MS = 15 * 60_000;
/** Folders of the machine's owner: nobody puts them back. */
const NEVER_TIDIED = {};
/** Trees that follow each other differ in a few files: the newest checkouts hold the rest. */
const SEARCHED_CHECKOUTS = 4;

const checkoutMeta = baseline.extend({
  /** sha256 → path, for trees: where later checkouts find bytes that are here already. */
  blobs: z.record(z.string(), z.string()),
});
type CheckoutMeta = z.infer<typeof checkoutMeta>;

type Laid = Extract<RunSource, { type: 'bundle' }> | (Extract<RunSource, { type: 'git' }> & { commit: string });

export async function openWorkspaces(options: WorkspacesOptions): Promise<Workspaces> {
  const limits = options.limits ?? DEFAULT_LIMITS;
  const { clock, user } = options;
  const [checkouts, installs] = await Promise.all([
    openDepot<CheckoutMeta>({
      folder: path.join(options.folder, 'checkouts'),
      clock,
      limits: limits.checkouts,
      meta: checkoutMeta,
      // What another user could write is not looked through by the agent, but made anew.
      revive: user.isOther ? async () => false : restore,
      removeFolder: (dir) => user.remove(dir),
    }),
    openDepot({ folder: path.join(options.folder, 'installs'), clock, limits: limits.installs, meta: installed }),
  ]);
  const gitSources = createGitSources({
    folder: path.join(options.folder, 'git'),
    env: options.gitEnv,
    clock,
    protocols: options.gitProtocols,
  });
  const installer: Installer = {
    ...options,
    depot: installs,
    timeoutMs: options.installTimeoutMs ?? DEFAULT_INSTALL_TIMEOUT_MS,
    allowInstall: options.allowInstall ?? true,
  };

  const prepare = async (source: RunSource, { onLine, signal }: PrepareOptions): Promise<Workspace> => {
    if (source.type === 'path') {
      const project = await allowedFolder(source.path, options.allowPaths);
      const nothing = (): void => undefined;
      const playwright = playwrightOf(project, null);
      return { project, commit: null, playwright, use: NEVER_TIDIED, hold: () => nothing, release: nothing };
    }
    if (source.projectDir !== '' && pathProblem(source.projectDir) !== null) {
      throw badProject(source.projectDir, pathProblem(source.projectDir) ?? '');
    }
    const laid =
      source.type === 'git'
        ? { ...source, commit: source.commit ?? (await gitSources.resolve(source.url, source.ref, signal)) }
        : source;
    const make = async (dir: string, stop: AbortSignal): Promise<CheckoutMeta> => {
      const blobs = await layOut(laid, dir, { client: options.client, gitSources, checkouts, signal: stop, onLine });
      const project = await projectIn(dir, laid.projectDir);
      // Of files that only the agent could write so far.
      const laidOut = user.isOther ? await takeBaseline(dir) : null;
      await installDependencies(installer, { top: dir, project, onLine, signal: stop });
      await user.give(dir);
      if (laidOut) return { ...laidOut, blobs: {} };
      return { ...(await takeBaseline(dir)), blobs };
    };
    const { dir, use, hold, release } = await checkouts.use(keyOf(laid, options.node.version), make, signal);
    try {
      const project = path.join(dir, laid.projectDir);
      const commit = laid.type === 'git' ? laid.commit : null;
      return { project, commit, playwright: playwrightOf(project, dir), use, hold, release };
    } catch (error) {
      release();
      throw error;
    }
  };

  return {
    prepare: (source, prepareOptions) =>
      prepare(source, prepareOptions).catch((error: unknown) => {
        prepareOptions.signal.throwIfAborted();
        throw asWorkspaceError(error, options.host);
      }),
  };
}

/** Fixed for the same content, because Playwright's transform cache knows files by their absolute paths. */
function keyOf(source: Laid, nodeVersion: string): string {
  const content = source.type === 'git' ? [source.url, source.commit] : [source.tree];
  return sha256Of(JSON.stringify([source.type, ...content, source.projectDir, nodeVersion.split('.')[0]])).slice(0, 32);
}

interface LayOut extends PrepareOptions {
  client: BlobClient;
  gitSources: GitSources;
  checkouts: Depot<CheckoutMeta>;
}

async function layOut(
  source: Laid,
  dir: string,
  { client, gitSources, checkouts, signal, onLine }: LayOut,
): Promise<Record<string, string>> {
  if (source.type === 'git') {
    await gitSources.layOut({ url: source.url, commit: source.commit, signal, onLine }, dir);
    return {};
  }
  const tree = await fetchTree(client, source.tree, signal);
  const here = new Map<string, string>();
  for (const other of (await checkouts.list()).slice(0, SEARCHED_CHECKOUTS)) {
    for (const [sha256, file] of Object.entries(other.meta.blobs)) here.set(sha256, path.join(other.dir, file));
  }
  await materialise(tree, dir, { client, local: (sha256) => here.get(sha256), signal });
  return Object.fromEntries(tree.files.flatMap((file) => (file.mode === 'link' ? [] : [[file.sha256, file.path]])));
}

async function projectIn(dir: string, projectDir: string): Promise<string> {
  const project = path.join(dir, projectDir);
  const real = await realpath(project).catch(() => null);
  if (real === null || !(await stat(real)).isDirectory()) throw badProject(projectDir, 'is not a folder in the source');
  if (!isWithin(await realpath(dir), real)) throw badProject(projectDir, 'leads out of the source');
  return project;
}

function badProject(projectDir: string, problem: string): WorkspaceError {
  return new WorkspaceError('bad-source', `The project's folder ${JSON.stringify(projectDir)} ${problem}.`, {
    permanent: true,
  });
}

function playwrightOf(project: string, top: string | null): InstalledPlaywright {
  const found = findPlaywright(project, top);
  if (found !== null) return found;
  const mend =
    top === null
      ? `Install the project's dependencies in ${project}.`
      : 'Add @playwright/test to its package.json and commit the lock file; a folder with a package.json of its own needs a lock file of its own, unless it is a workspace of the one above.';
  throw new WorkspaceError(
    'playwright-missing',
    `Playwright is not among the installed dependencies of the project. ${mend}`,
    { permanent: top !== null },
  );
}

function asWorkspaceError(error: unknown, host: string): unknown {
  if (error instanceof TransferError) return new WorkspaceError('unreachable', error.message, { cause: error });
  const { code, message } = error as NodeJS.ErrnoException;
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return error;
  return new WorkspaceError('disk-full', `The disk of ${host} is full (${message}): free space there.`, {
    cause: error,
  });
}
