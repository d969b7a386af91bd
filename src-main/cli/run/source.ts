/** Where a run's suite comes from, and what the launcher's folder tells about it. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { RunSource } from '../../../shared/protocol/work.ts';
import { findProject, type Project } from '../../bundle/find-project.ts';
import { packTree } from '../../bundle/pack.ts';
import { uploadTree, type UploadedTree } from '../../bundle/upload.ts';
import { TransferError } from '../../transfer/blob-client.ts';
import { createHttpBlobClient } from '../../transfer/http-blob-client.ts';
import { parsePlaywrightArgs } from '../../agent/playwright/args.ts';
import type { OpenApi } from '../open-api.ts';
import type { Cli } from '../cli.ts';
import { CliFailure } from '../failure.ts';
import { bytes, counted } from '../terminal/format.ts';
import { describeCheckout, originOf, type Checkout } from './checkout.ts';
import { byteCount } from './quantities.ts';
import type { Found, RunOptions } from './request.ts';
import type { Viewer } from './viewer.ts';

export interface Sending {
  api: OpenApi;
  viewer: Viewer;
  signal: AbortSignal;
}

/** Looks at the folder, and with a bundle brings its files to the coordinator. */
export async function findSource(
  cli: Cli,
  options: RunOptions,
  playwrightArgs: readonly string[],
  sending: Sending,
): Promise<Found> {
  const kind = sourceKind(options);
  if (kind === 'path' && options.path !== undefined)
    return named({ type: 'path', path: options.path }, path.basename(options.path), options);
  if (kind === 'git' && options.git !== undefined) {
    const source = {
      type: 'git' as const,
      url: options.git,
      ref: options.ref ?? 'HEAD',
      commit: null,
      projectDir: options.dir ?? '',
    };
    return named(
      source,
      options.git
        .replace(/\/+$/, '')
        .replace(/^.*[/:]/, '')
        .replace(/\.git$/, ''),
      options,
    );
  }
  const project = projectHere(cli, options, playwrightArgs);
  const checkout = await describeCheckout(project.folder, cli.config.variables, cli.clock);
  const source =
    kind === 'path'
      ? ({ type: 'path', path: project.folder } as const)
      : kind === 'git'
        ? await gitHere(cli, project, checkout, sending.viewer)
        : await bundle(cli, project, options, sending);
  const name = await projectName(project.folder);
  return {
    source,
    configFile:
      options.config === undefined || project.config === null
        ? null
        : posix(path.relative(project.folder, project.config)),
    project: name,
    name: checkout === null ? name : nameOfCheckout(checkout),
    metadata: checkout === null ? {} : { git: { ...checkout } },
  };
}

/** What a run is called that nobody named. */
export const nameOfCheckout = ({ branch, commit, changed }: Checkout): string =>
  `${branch ?? 'detached'} ${commit.slice(0, 8)}${changed ? ' with changes' : ''}`;

/** Refuses options that say different things. */
function sourceKind({ source, git, path: folder, ref, dir }: RunOptions): 'bundle' | 'git' | 'path' {
  const kind = source ?? (git !== undefined ? 'git' : folder !== undefined ? 'path' : 'bundle');
  if (git !== undefined && kind !== 'git') throw new CliFailure(`--git does not go with --source ${kind}.`);
  if (folder !== undefined && kind !== 'path') throw new CliFailure(`--path does not go with --source ${kind}.`);
  if ((ref !== undefined || dir !== undefined) && git === undefined) {
    throw new CliFailure(`${ref === undefined ? '--dir' : '--ref'} needs --git URL.`);
  }
  return kind;
}

const named = (source: RunSource, name: string, options: RunOptions): Found => ({
  source,
  configFile: options.config ?? null,
  project: name === '' ? 'default' : name,
  name: name === '' ? 'run' : name,
  metadata: {},
});

/** The suite of the folder that the command was typed in. Throws BundleError where there is none. */
export function projectHere(cli: Cli, options: RunOptions, playwrightArgs: readonly string[]): Project {
  const given = parsePlaywrightArgs([...playwrightArgs]);
  return findProject(cli.cwd, options.config ?? (given.ok ? (given.value.config ?? undefined) : undefined));
}

async function bundle(
  cli: Cli,
  project: Project,
  options: RunOptions,
  { api, viewer, signal }: Sending,
): Promise<RunSource> {
  viewer.step('Packing the working tree');
  const packed = await packTree(project.folder, {
    env: cli.config.variables,
    clock: cli.clock,
    cacheDir: path.join(cli.config.cacheDir, 'hashes'),
    ...(options.maxSize === undefined ? {} : { maxBytes: byteCount('--max-size', options.maxSize) }),
  });
  for (const warning of packed.warnings) viewer.note(`Note: ${warning}`);
  signal.throwIfAborted();
  viewer.step(`Asking which of ${counted(packed.files.length, 'file')} are missing`);
  const client = createHttpBlobClient({
    baseUrl: api.url,
    pin: api.pin,
    headers: (): Record<string, string> => (api.token === null ? {} : { authorization: `Bearer ${api.token}` }),
    clock: cli.clock,
  });
  const sent = await orExplain(() =>
    uploadTree(packed, client, {
      signal,
      onProgress: ({ blobs, totalBlobs, bytes: done, totalBytes }) =>
        viewer.step(`Uploading ${blobs} of ${counted(totalBlobs, 'file')}, ${bytes(done)} of ${bytes(totalBytes)}`),
    }),
  );
  const { tree } = sent;
  viewer.uploaded({ files: tree.files.length, bytes: tree.bytes, sentFiles: sent.blobs, sentBytes: sent.bytes });
  return { type: 'bundle', tree: tree.id, projectDir: tree.projectDir };
}

async function orExplain(upload: () => Promise<UploadedTree>): Promise<UploadedTree> {
  try {
    return await upload();
  } catch (error) {
    if (!(error instanceof TransferError)) throw error;
    throw new CliFailure(
      `The working tree did not reach the coordinator: ${error.message}.`,
      'What has arrived is kept: the next try sends only the rest.',
      { cause: error },
    );
  }
}

async function gitHere(cli: Cli, project: Project, checkout: Checkout | null, viewer: Viewer): Promise<RunSource> {
  if (checkout === null)
    throw new CliFailure(
      `${project.folder} is not in a git repository.`,
      'Name one with --git URL, or leave out --source git.',
    );
  const { url, prefix } = await originOf(project.folder, cli.config.variables, cli.clock);
  if (checkout.changed) viewer.note('Note: uncommitted changes do not travel with --source git');
  return { type: 'git', url, ref: checkout.commit, commit: checkout.commit, projectDir: prefix };
}

/** The package's name, else the folder's. */
export async function projectName(folder: string): Promise<string> {
  try {
    const manifest = JSON.parse(await readFile(path.join(folder, 'package.json'), 'utf8')) as { name?: unknown } | null;
    if (typeof manifest?.name === 'string' && manifest.name.trim() !== '') return manifest.name.trim().slice(0, 200);
  } catch {
    // No manifest, or one that is not JSON: Playwright may still run here, and the folder has a name too.
  }
  return path.basename(folder) || 'default';
}

const posix = (relative: string): string => relative.split(path.sep).join('/');
