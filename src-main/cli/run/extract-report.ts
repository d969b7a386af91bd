/** Unpacks a run's archive. It comes from our coordinator, but names in a zip never decide alone where bytes go. */
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import yauzl from 'yauzl';
import { pathProblem } from '../../../shared/base/tree-path.ts';
import { CliFailure, messageOf } from '../failure.ts';

const WANTED = /^(html\/.+|report\.json|report\.xml|run\.log)$/;

/** Files of the same name are replaced; what else is in `folder` stays. */
export async function extractReport(archive: string, folder: string): Promise<void> {
  try {
    const zip = await yauzl.openPromise(archive, { autoClose: false, strictFileNames: true });
    try {
      for await (const entry of zip.eachEntry()) {
        const name = entry.fileName;
        if (!WANTED.test(name) || name.endsWith('/')) continue;
        const problem = pathProblem(name);
        if (problem !== null) throw new Error(`${JSON.stringify(name)} ${problem}`);
        const file = path.join(folder, ...name.split('/'));
        await mkdir(path.dirname(file), { recursive: true });
        await pipeline(await zip.openReadStreamPromise(entry), createWriteStream(file));
      }
    } finally {
      zip.close();
    }
  } catch (error) {
    throw new CliFailure(
      `The report could not be put into ${folder}: ${messageOf(error)}.`,
      'Choose another folder with --report-dir, or use: playfleet download',
      {
        cause: error,
      },
    );
  }
}
