/** Clears away the files of releases that were withdrawn long enough ago: packages are large, and nobody is offered them any more. */
import type { Clock } from '../../shared/base/clock.ts';
import type { BlobStore } from '../artifacts/blob-store.ts';
import { recordAudit, SYSTEM } from '../audit/record.ts';
import type { Database, ReadHandle } from '../storage/database.ts';
import type { StoredRelease } from './queries.ts';
import { isToClear } from './rules.ts';

export interface WithdrawnFilesOptions {
  db: Database;
  clock: Clock;
  store: Pick<BlobStore, 'remove'>;
  report: (error: unknown, during: string) => void;
}

const LOOK_MS = 3_600_000;

export class WithdrawnFiles {
  readonly #options: WithdrawnFilesOptions;
  #working: Promise<void> = Promise.resolve();
  #cancel = (): void => undefined;
  #stopped = false;

  /** Looks now, and each hour. */
  static begin(options: WithdrawnFilesOptions): WithdrawnFiles {
    const files = new WithdrawnFiles(options);
    files.#look();
    return files;
  }

  private constructor(options: WithdrawnFilesOptions) {
    this.#options = options;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel();
    await this.#working;
  }

  #look(): void {
    const { clock, report } = this.#options;
    this.#working = this.#clearDue()
      .catch((error: unknown) => report(error, 'clearing away withdrawn releases'))
      .finally(() => {
        if (!this.#stopped) this.#cancel = clock.after(LOOK_MS, () => this.#look());
      });
  }

  async #clearDue(): Promise<void> {
    const { db, clock } = this.#options;
    const withdrawn = await db.read((r) =>
      r.all<{ id: string; withdrawn_at: number }>(
        `SELECT id, withdrawn_at FROM releases
         WHERE withdrawn_at IS NOT NULL AND EXISTS (SELECT 1 FROM release_files WHERE release_id = id)`,
      ),
    );
    for (const release of withdrawn) if (isToClear(release, clock.now())) await this.#clear(release.id);
  }

  async #clear(id: string): Promise<void> {
    const { clock, store } = this.#options;
    await store.remove(async (w) => {
      const now = clock.now();
      const release = await w.get<StoredRelease>('SELECT * FROM releases WHERE id = ?', [id]);
      // It may have been imported again meanwhile.
      if (!release || !isToClear(release, now)) return [];
      const files = await w.all<{ sha256: string; size: number }>(
        'SELECT sha256, size FROM release_files WHERE release_id = ?',
        [id],
      );
      await w.run('DELETE FROM release_files WHERE release_id = ?', [id]);
      const gone = await unneeded(
        w,
        files.map(({ sha256 }) => sha256),
      );
      const bytes = files.reduce((sum, { sha256, size }) => sum + (gone.includes(sha256) ? size : 0), 0);
      const data = { id, channel: release.channel, files: files.length, bytes };
      await recordAudit(w, { ...SYSTEM, action: 'release.cleared', target: release.version, data }, now);
      return gone;
    });
  }
}

/** Of these, what no release serves any more, and nobody else has brought: the same bytes could be part of somebody's suite. */
async function unneeded(r: ReadHandle, hashes: readonly string[]): Promise<readonly string[]> {
  const rows = await r.all<{ sha256: string }>(
    `SELECT DISTINCT value AS sha256 FROM json_each(?)
     WHERE value NOT IN (SELECT sha256 FROM blob_owners) AND value NOT IN (SELECT sha256 FROM release_files)`,
    [JSON.stringify(hashes)],
  );
  return rows.map(({ sha256 }) => sha256);
}
