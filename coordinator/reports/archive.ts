/** Everything of a run as one zip, streamed: the HTML report with its attachments, JSON, JUnit, and what the tasks printed. */
import { readFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { ZipFile } from 'yazl';
import { parseTree } from '../../shared/protocol/tree.ts';
import type { BlobStore } from '../artifacts/blob-store.ts';
import { readLogs, type LogLine } from '../results/logs.ts';
import type { Database } from '../storage/database.ts';
import type { StoredReport } from './store-report.ts';

const LOG_PAGE = 500;

export async function archiveOf(
  db: Database,
  store: BlobStore,
  runId: string,
  report: StoredReport,
): Promise<ReadableStream> {
  const parsed = parseTree(await readFile(store.pathOf(report.html)));
  if (!parsed.tree) throw new Error(`the stored report is not a tree: ${parsed.problem}`);
  const zip = new ZipFile();
  zip.addFile(store.pathOf(report.json.sha256), 'report.json');
  zip.addFile(store.pathOf(report.junit.sha256), 'report.xml');
  // Videos, traces and pictures are packed already.
  for (const file of parsed.tree.files) {
    if (file.mode !== 'link')
      zip.addFile(store.pathOf(file.sha256), `html/${file.path}`, {
        compress: /\.(html|js|css|json|md|txt)$/.test(file.path),
      });
  }
  zip.addReadStream(Readable.from(logText(db, runId)), 'run.log');
  zip.end();
  return Readable.toWeb(zip.outputStream as Readable) as ReadableStream;
}

async function* logText(db: Database, runId: string): AsyncGenerator<Buffer> {
  let after: number | null = null;
  for (;;) {
    const from: number | null = after;
    const lines: LogLine[] = await db.read((r) => readLogs(r, runId, { taskId: null, limit: LOG_PAGE, after: from }));
    if (lines.length === 0) return;
    yield Buffer.from(
      lines
        .map(
          (line) =>
            `${line.at} ${line.worker ?? '-'} ${line.task_id} ${line.stream}: ${line.text}${line.text.endsWith('\n') ? '' : '\n'}`,
        )
        .join(''),
    );
    after = lines.at(-1)?.id ?? null;
  }
}
