/** `playfleet updates`: the releases that the coordinator gives to its machines. */
import { createReadStream } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { release, releasesAnswer, type Release } from '../../../shared/protocol/rest/updates.ts';
import { envelopeName, updateEnvelope, updateManifest, type UpdateManifest } from '../../../shared/protocol/update.ts';
import { hashFile } from '../../transfer/sha256.ts';
import { uploadBlobs } from '../../transfer/upload-blobs.ts';
import type { BlobSource } from '../../transfer/blob-client.ts';
import { createHttpBlobClient } from '../../transfer/http-blob-client.ts';
import { printJson, printLine, styleOf, type Cli } from '../cli.ts';
import { CliFailure, EXIT, messageOf } from '../failure.ts';
import { openApi } from '../open-api.ts';
import { foreignLine } from '../terminal/foreign.ts';
import { bytes, counted } from '../terminal/format.ts';
import { tableLines, type Column } from '../terminal/table.ts';

interface Json {
  json?: boolean;
}

const answer = z.object({ message: z.string() });
const address = (id = ''): string => `/api/v1/updates${id === '' ? '' : `/${encodeURIComponent(id)}`}`;

export async function listUpdates(cli: Cli, { json }: Json): Promise<number> {
  const api = await openApi(cli);
  const { items, minimum_agent_version: minimum, fleet } = await api.get(address(), releasesAnswer);
  if (json) {
    printJson(cli, { items, minimum_agent_version: minimum, fleet });
    return EXIT.ok;
  }
  if (items.length === 0) printLine(cli, 'No releases. Import one with: playfleet updates import FOLDER');
  else {
    const columns: Column<Release>[] = [
      { title: 'VERSION', value: (one) => foreignLine(one.version) },
      { title: 'CHANNEL', value: (one) => foreignLine(one.channel) },
      { title: 'STATE', value: (one) => one.state },
      { title: 'MACHINES', value: (one) => `${one.staged_percent} % of ${one.signed_percent} %`, right: true },
      { title: 'UNTIL', value: (one) => one.expires_at.slice(0, 10) },
      { title: 'FILES', value: (one) => bytes(one.files.reduce((sum, { size }) => sum + size, 0)), right: true },
      { title: 'BY', value: (one) => foreignLine(one.imported_by), flexible: true },
      { title: 'ID', value: (one) => one.id },
    ];
    for (const line of tableLines(items, columns, styleOf(cli), cli.stdout.columns ?? 140)) printLine(cli, line);
  }
  for (const { agent_version: version, workers, online } of fleet)
    printLine(cli, `${foreignLine(version ?? 'unknown')}: ${counted(workers, 'machine')}, ${online} online`);
  if (minimum !== null) printLine(cli, `Agents get work from ${minimum} on.`);
  return EXIT.ok;
}

export async function importUpdate(cli: Cli, folder: string, options: Json & { channel?: string }): Promise<number> {
  const { name, text, manifest } = await readRelease(path.resolve(folder), options.channel);
  const api = await openApi(cli);
  const { url, pin, token } = api;
  const headers = (): Record<string, string> => (token === null ? {} : { authorization: `Bearer ${token}` });
  const blobs = createHttpBlobClient({ baseUrl: url, pin, headers, clock: cli.clock });
  const sources = await Promise.all(
    [...manifest.feeds, ...manifest.packages].map((file) => sourceOf(path.resolve(folder), file.name)),
  );
  const sent = await uploadBlobs(
    blobs,
    sources.map(({ blob }) => blob),
  );
  if (sent.changed.length > 0)
    throw new CliFailure(
      'Files of the release changed while they were read.',
      'Try again when nobody writes to that folder.',
    );
  const body = { envelope: text, files: sources.map(({ file, blob }) => ({ name: file, sha256: blob.sha256 })) };
  const stored = await api.send('POST', address(), body, release);
  if (options.json) printJson(cli, stored);
  else {
    printLine(
      cli,
      `${foreignLine(stored.version)} is offered to ${stored.staged_percent} % of the machines on ${foreignLine(stored.channel)} (${name}, ${bytes(sent.bytes)} uploaded).`,
    );
  }
  return EXIT.ok;
}

export async function stageUpdate(cli: Cli, which: string, percent: string, options: Json): Promise<number> {
  const number = Number(percent.replace(/ ?%$/, ''));
  if (percent !== 'all' && !(number >= 0 && number <= 100))
    throw new CliFailure(
      `${percent} is no percentage.`,
      'Give a number from 0 to 100, or all for as many as are signed.',
    );
  const api = await openApi(cli);
  const found = await find(api, which);
  const body = { staged_percent: percent === 'all' ? null : number };
  const stored = await api.send('PATCH', address(found.id), body, release);
  if (options.json) printJson(cli, stored);
  else printLine(cli, `${foreignLine(stored.version)} goes to ${stored.staged_percent} % of the machines.`);
  return EXIT.ok;
}

export async function withdrawUpdate(cli: Cli, which: string, options: Json): Promise<number> {
  const api = await openApi(cli);
  const found = await find(api, which);
  const { message } = await api.send('DELETE', address(found.id), undefined, answer);
  if (options.json) printJson(cli, { ...found, state: 'withdrawn' });
  else printLine(cli, foreignLine(message));
  return EXIT.ok;
}

async function find(api: Awaited<ReturnType<typeof openApi>>, which: string): Promise<Release> {
  const { items } = await api.get(address(), releasesAnswer);
  const fitting = items.filter(({ id, version }) => id === which || version === which);
  if (fitting.length > 1)
    throw new CliFailure(`${which} is there on several channels.`, 'Give its id, as in: playfleet updates');
  if (!fitting[0]) throw new CliFailure(`There is no release ${which}.`, 'playfleet updates lists them.');
  return fitting[0];
}

/** The signed manifest in a folder; the only one there, or that of a channel. */
async function readRelease(
  folder: string,
  channel: string | undefined,
): Promise<{ name: string; text: string; manifest: UpdateManifest }> {
  const names = (await readFolder(folder)).filter((name) => /^playfleet-[a-z][a-z0-9-]*\.json$/.test(name));
  const name = channel === undefined ? names[0] : envelopeName(channel);
  if (name === undefined || !names.includes(name))
    throw new CliFailure(
      `There is no signed manifest in ${folder}.`,
      'It is named playfleet-<channel>.json, beside the packages; its publisher makes it.',
    );
  if (channel === undefined && names.length > 1)
    throw new CliFailure(`There are several manifests in ${folder}: ${names.join(', ')}.`, 'Say which with --channel.');
  const text = await readFile(path.join(folder, name), 'utf8');
  try {
    return { name, text, manifest: updateManifest.parse(JSON.parse(updateEnvelope.parse(JSON.parse(text)).manifest)) };
  } catch (error) {
    throw new CliFailure(
      `${name} holds no manifest that this version can read.`,
      'Get it again from where the packages come from.',
      { cause: error },
    );
  }
}

async function readFolder(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    throw new CliFailure(
      `${folder} cannot be read: ${messageOf(error)}`,
      'Name the folder with the packages of the release.',
      { cause: error },
    );
  }
}

async function sourceOf(folder: string, file: string): Promise<{ file: string; blob: BlobSource }> {
  const full = path.join(folder, file);
  try {
    const { sha256, size } = await hashFile(full);
    return { file, blob: { sha256, size, open: () => createReadStream(full) } };
  } catch (error) {
    throw new CliFailure(
      `The release lacks ${file}: ${messageOf(error)}`,
      'All files that its manifest names must lie beside it.',
      { cause: error },
    );
  }
}
