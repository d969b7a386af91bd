/** What a suite consists of depends only on its content and the arguments: discovered once, then remembered. */
import { createHash } from 'node:crypto';
import { discovery, type Discovery } from '../../shared/protocol/playwright.ts';
import { runConfig, runSource } from '../../shared/protocol/work.ts';
import type { WriteHandle } from '../storage/database.ts';

/** Raised when discovery learns to report more: entries of an older version are not found any more. */
const CACHE_VERSION = 2;

/** null where the content has no name that lasts (path sources, git branches). The lock file, hence Playwright's version, is part of the content. */
async function cacheKey(w: WriteHandle, runId: string): Promise<string | null> {
  const row = await w.get<{ source: string | null; config: string }>('SELECT source, config FROM runs WHERE id = ?', [
    runId,
  ]);
  if (!row?.source) return null;
  const source = runSource.parse(JSON.parse(row.source));
  if (source.type === 'path') return null;
  if (source.type === 'git' && !source.commit) return null;
  const content = source.type === 'bundle' ? source.tree : `${source.url}@${source.commit}`;
  const config = runConfig.parse(JSON.parse(row.config));
  return createHash('sha256')
    .update(JSON.stringify([CACHE_VERSION, content, source.projectDir, config]))
    .digest('hex');
}

export async function findDiscovery(w: WriteHandle, runId: string, now: number): Promise<Discovery | null> {
  const key = await cacheKey(w, runId);
  if (!key) return null;
  const row = await w.get<{ data: string }>('UPDATE discoveries SET used_at = ? WHERE key = ? RETURNING data', [
    now,
    key,
  ]);
  return row ? discovery.parse(JSON.parse(row.data)) : null;
}

/** Keeps the newest 50: a discovery of a large suite is some megabytes. */
export async function rememberDiscovery(w: WriteHandle, runId: string, found: Discovery, now: number): Promise<void> {
  const key = await cacheKey(w, runId);
  if (!key) return;
  await w.run(
    `INSERT INTO discoveries (key, data, created_at, used_at) VALUES (?, ?, ?, ?)
     ON CONFLICT (key) DO UPDATE SET data = excluded.data, used_at = excluded.used_at`,
    [key, JSON.stringify(found), now, now],
  );
  await w.run('DELETE FROM discoveries WHERE key NOT IN (SELECT key FROM discoveries ORDER BY used_at DESC LIMIT 50)');
}
