/** Screenshots of a run that were not as expected, and their acceptance. */
import { readFile } from 'node:fs/promises';
import type { ScreenshotComparison } from '../../shared/protocol/rest/analysis.ts';
import type { Attachment } from '../../shared/protocol/playwright.ts';
import { isoTime } from '../../shared/protocol/rest/common.ts';
import { parseTree } from '../../shared/protocol/tree.ts';
import type { BlobStore } from '../artifacts/blob-store.ts';
import type { AttemptDetail, StoredPlan } from '../results/queries.ts';
import { storedSource } from '../runs/stored-source.ts';
import type { Database, ReadHandle } from '../storage/database.ts';
import { comparisonsIn, placeOf, type ImageComparison, type Place, type SourceFile } from './rules/screenshots.ts';

/** The files of a run's source; null, with the reason, where they are not known here. */
export type Files = { files: readonly SourceFile[]; why: null } | { files: null; why: string };

interface TestRow {
  test_id: string;
  no: number;
  project: string;
  file: string;
  plan: string;
  detail: string;
  worker: string | null;
}

/** Only a working tree that travelled is a list of files with their content. */
export async function filesOf(db: Database, store: BlobStore, runId: string): Promise<Files> {
  const run = await db.read((r) => r.get<{ source: string | null }>('SELECT source FROM runs WHERE id = ?', [runId]));
  const source = storedSource(run?.source ?? null);
  if (source?.type !== 'bundle') {
    return { files: null, why: 'Where a snapshot lies is known only of working trees that travelled with the run' };
  }
  const file = await store.fileOf(source.tree);
  const parsed = file === null ? null : parseTree(await readFile(file));
  if (!parsed?.tree) return { files: null, why: 'The working tree of this run is not kept any more' };
  const files = parsed.tree.files.flatMap((one) =>
    one.mode === 'link' ? [] : [{ path: one.path, sha256: one.sha256 }],
  );
  return { files, why: null };
}

/** Tests with comparisons in the order of the suite, behind the one with the number `after`; each with all of its own. */
export async function listScreenshots(
  r: ReadHandle,
  runId: string,
  files: Files,
  page: { limit: number; after: number | null },
): Promise<{ no: number; comparisons: ScreenshotComparison[] }[]> {
  const rows = await r.all<{ no: number; test_id: string }>(
    `SELECT DISTINCT t.no, t.test_id FROM artifacts a JOIN tests t ON t.run_id = a.run_id AND t.test_id = a.test_id
     WHERE a.run_id = ? AND a.fence = t.fence AND a.kind = 'attachment' AND a.content_type LIKE 'image/%' AND a.name LIKE '%-actual.%'
       AND t.no > ? ORDER BY t.no LIMIT ?`,
    [runId, page.after ?? -1, page.limit],
  );
  const list = [];
  for (const { no, test_id } of rows) list.push({ no, comparisons: await screenshotsOf(r, runId, test_id, files) });
  return list;
}

/** Of its last counted attempt that has some. */
export async function screenshotsOf(
  r: ReadHandle,
  runId: string,
  testId: string,
  files: Files,
): Promise<ScreenshotComparison[]> {
  const attempts = await r.all<TestRow>(
    `SELECT t.test_id, t.no, t.project, t.file, t.plan, x.detail, w.hostname AS worker
     FROM tests t JOIN test_attempts x ON x.run_id = t.run_id AND x.test_id = t.test_id AND x.fence = t.fence
       LEFT JOIN workers w ON w.id = x.worker_id
     WHERE t.run_id = ? AND t.test_id = ? AND x.status <> 'passed' ORDER BY x.retry DESC`,
    [runId, testId],
  );
  for (const row of attempts) {
    const detail = JSON.parse(row.detail) as AttemptDetail;
    const found = comparisonsIn(detail.attachments).filter(({ actual }) => actual.sha256 !== null);
    if (found.length > 0) return toComparisons(r, runId, { row, detail, found, files });
  }
  return [];
}

async function toComparisons(
  r: ReadHandle,
  runId: string,
  { row, detail, found, files }: { row: TestRow; detail: AttemptDetail; found: ImageComparison[]; files: Files },
): Promise<ScreenshotComparison[]> {
  const { titlePath } = JSON.parse(row.plan) as StoredPlan;
  const errors = detail.errors.map((error) => error.message);
  const accepted = await r.all<{ comparison: string; sha256: string; accepted_by: string; accepted_at: number }>(
    'SELECT comparison, sha256, accepted_by, accepted_at FROM accepted_screenshots WHERE run_id = ?',
    [runId],
  );
  const stored = await storedOf(r, found);
  const image = ({ sha256, size }: Attachment) => ({
    sha256: sha256 ?? '',
    size,
    url: sha256 !== null && stored.has(sha256) ? `/api/v1/blobs/${sha256}` : null,
  });
  return found.map((comparison) => {
    const id = `${row.test_id}/${comparison.name}`;
    const before = accepted.find((one) => one.comparison === id && one.sha256 === comparison.actual.sha256);
    const place: Place =
      files.files === null
        ? { path: null, why: files.why }
        : placeOf({ file: row.file, project: row.project, comparison, errors }, files.files);
    const { expected, actual, diff } = comparison;
    return {
      id,
      test_id: row.test_id,
      title: titlePath.join(' › '),
      project: row.project,
      file: row.file,
      name: comparison.name,
      ...place,
      expected: expected?.sha256 != null ? image(expected) : null,
      actual: image(actual),
      diff: diff?.sha256 != null ? image(diff) : null,
      worker: row.worker,
      accepted: before ? { by: before.accepted_by, at: isoTime(before.accepted_at) } : null,
    };
  });
}

async function storedOf(r: ReadHandle, found: readonly ImageComparison[]): Promise<ReadonlySet<string>> {
  const hashes = found.flatMap(({ expected, actual, diff }) => [expected?.sha256, actual.sha256, diff?.sha256]);
  const rows = await r.all<{ sha256: string }>(
    'SELECT sha256 FROM blobs WHERE sha256 IN (SELECT value FROM json_each(?))',
    [JSON.stringify(hashes.filter((hash) => hash != null))],
  );
  return new Set(rows.map((row) => row.sha256));
}
