/** `playfleet open` and `download`, and what `run --report-dir` and `--open` do: the merged report, in a browser or on this machine. */
import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Run } from '../../../shared/protocol/rest/runs.ts';
import type { Api } from '../api.ts';
import { printJson, printLine, type Cli } from '../cli.ts';
import { openApi } from '../open-api.ts';
import { CliFailure, EXIT, messageOf } from '../failure.ts';
import { openBrowser } from '../open-browser.ts';
import { unreachable } from '../problem.ts';
import { extractReport } from '../run/extract-report.ts';
import { findRun } from './runs.ts';

export async function openReport(cli: Cli, name: string, options: { json?: boolean }): Promise<number> {
  const api = await openApi(cli);
  const run = await findRun(api, name);
  const url = await api.whereTo(run.links.report);
  if (options.json) printJson(cli, { run_id: run.id, number: run.number, report: url });
  else {
    printLine(cli, url);
    await openBrowser(url);
  }
  return EXIT.ok;
}

/** Everything of a run as one zip. */
export async function downloadArchive(
  cli: Cli,
  name: string,
  options: { dir?: string; json?: boolean },
): Promise<number> {
  const api = await openApi(cli);
  const run = await findRun(api, name);
  const file = path.resolve(cli.cwd, options.dir ?? '.', `run-${run.number}.zip`);
  await fetchArchive(api, run, file);
  if (options.json) printJson(cli, { run_id: run.id, number: run.number, file });
  else printLine(cli, file);
  return EXIT.ok;
}

/** Puts `html/`, `report.json`, `report.xml` and `run.log` into `folder`; what else is in it stays. */
export async function saveReport(api: Api, run: Run, folder: string): Promise<void> {
  const archive = path.join(folder, `.run-${run.number}.zip`);
  try {
    await fetchArchive(api, run, archive);
    await extractReport(archive, folder);
  } finally {
    await rm(archive, { force: true });
  }
}

/** `file` appears only when it is whole. */
async function fetchArchive(api: Api, run: Run, file: string): Promise<void> {
  const part = `${file}.part`;
  try {
    await mkdir(path.dirname(file), { recursive: true });
    const response = await api.open(run.links.download, { accept: 'application/zip' });
    if (response.body === null) throw new CliFailure('The coordinator sent an empty archive.');
    await pipeline(Readable.from(response.body), createWriteStream(part));
    await rename(part, file);
  } catch (error) {
    await rm(part, { force: true });
    if (error instanceof CliFailure) throw error;
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined || code.startsWith('UND_') || code === 'ECONNRESET')
      throw unreachable(api.url, messageOf(error), error);
    throw new CliFailure(`${file} cannot be written: ${messageOf(error)}.`, 'Choose another folder.', { cause: error });
  }
}
