/** The key that signs addresses on the content origin: made once per database, so that links outlive a restart. */
import { randomBytes } from 'node:crypto';
import type { Database } from '../storage/database.ts';

const KEY = 'content_key';

export async function contentKey(db: Database): Promise<Uint8Array> {
  const fresh = randomBytes(32).toString('base64');
  const stored = await db.write(async (w) => {
    await w.run('INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO NOTHING', [KEY, fresh]);
    return w.get<{ value: string }>('SELECT value FROM meta WHERE key = ?', [KEY]);
  });
  return Buffer.from(stored?.value ?? fresh, 'base64');
}
