/**
 * Which blobs a worker may read: the files of the trees that its leased tasks run. Not what its own tasks brought: a report names files by
 * their hashes, so who knows a hash could claim to have brought it.
 */
import { readFile } from 'node:fs/promises';
import { parseTree } from '../../shared/protocol/tree.ts';
import type { Database, ReadHandle } from '../storage/database.ts';
import type { BlobStore } from './blob-store.ts';

/** Trees whose hashes are kept in memory: workers ask for thousands of blobs of one tree. */
const TREES_KEPT = 20;

export class WorkerReach {
  readonly #db: Database;
  readonly #store: Pick<BlobStore, 'fileOf'>;
  readonly #trees = new Map<string, Promise<ReadonlySet<string>>>();

  constructor({ db, store }: { db: Database; store: Pick<BlobStore, 'fileOf'> }) {
    this.#db = db;
    this.#store = store;
  }

  /** Of these hashes, those that the worker may read now. */
  async reachable(workerId: string, hashes: readonly string[]): Promise<Set<string>> {
    const wanted = new Set(hashes);
    const reachable = new Set<string>();
    for (const tree of await this.#db.read((r) => leasedTrees(r, workerId))) {
      const files = await this.#filesOf(tree);
      for (const hash of wanted) if (hash === tree || files.has(hash)) reachable.add(hash);
    }
    return reachable;
  }

  #filesOf(tree: string): Promise<ReadonlySet<string>> {
    const known = this.#trees.get(tree);
    if (known) return known;
    if (this.#trees.size >= TREES_KEPT) this.#trees.clear();
    const files = this.#readFiles(tree);
    this.#trees.set(tree, files);
    // Not here yet, or not readable now: asked again next time.
    files.then(
      (found) => found.size === 0 && this.#trees.delete(tree),
      () => this.#trees.delete(tree),
    );
    return files;
  }

  async #readFiles(tree: string): Promise<ReadonlySet<string>> {
    const file = await this.#store.fileOf(tree);
    const parsed = file === null ? null : parseTree(await readFile(file));
    return new Set(parsed?.tree?.files.flatMap((entry) => (entry.mode === 'link' ? [] : [entry.sha256])) ?? []);
  }
}

async function leasedTrees(r: ReadHandle, workerId: string): Promise<string[]> {
  const rows = await r.all<{ tree: string | null }>(
    `SELECT DISTINCT r.source ->> '$.tree' AS tree FROM tasks t JOIN runs r ON r.id = t.run_id
     WHERE t.worker_id = ? AND t.state IN ('assigned', 'running')`,
    [workerId],
  );
  return rows.flatMap(({ tree }) => tree ?? []);
}
