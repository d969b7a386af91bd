/** Puts a merged report into the blob store: its HTML folder as a tree, its JSON and JUnit files as blobs. Equal files are stored once. */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { canonicalTree, type TreeFile } from '../../shared/protocol/tree.ts';
import type { MergeResult } from './merge-reports.ts';

/** What reports need of the blob store. */
export interface ReportStore {
  /** Folder of the store: `<2 hex>/<sha256>`. */
  readonly dir: string;
  /** null where the bytes are not there. */
  fileOf(sha256: string): Promise<string | null>;
  addFile(file: string): Promise<{ sha256: string; size: number }>;
  addBytes(bytes: Uint8Array): Promise<{ sha256: string; size: number }>;
}

/** As `runs.report` keeps it. */
export interface StoredReport {
  /** Tree of the HTML report: index.html and what it refers to. */
  html: string;
  json: { sha256: string; size: number };
  junit: { sha256: string; size: number };
  tests: number;
  /** What could not be shown in full, one sentence each. */
  missing: string[];
  message: string | null;
}

/** Longest list of what is missing that is kept with the run. */
const MISSING_KEPT = 50;

export async function storeReport(store: ReportStore, folder: string, result: MergeResult): Promise<StoredReport> {
  const htmlDir = path.join(folder, 'html');
  const files: TreeFile[] = [];
  for (const entry of await readdir(htmlDir, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = path.join(entry.parentPath, entry.name);
    const { sha256, size } = await store.addFile(file);
    files.push({ path: path.relative(htmlDir, file).split(path.sep).join('/'), mode: 'file', sha256, size });
  }
  const html = await store.addBytes(new TextEncoder().encode(canonicalTree(files)));
  const missing = result.missing.slice(0, MISSING_KEPT).map(({ key, reason }) => `${key}: ${reason}`);
  return {
    html: html.sha256,
    json: await store.addFile(path.join(folder, 'report.json')),
    junit: await store.addFile(path.join(folder, 'report.xml')),
    tests: result.tests,
    missing,
    message: missing.length > 0 ? `The report lacks details: ${missing.slice(0, 3).join('; ')}` : null,
  };
}
