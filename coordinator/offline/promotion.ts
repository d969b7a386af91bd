/** What makes a database that of a promoted coordinator: a note in it, made with the database itself. */
import { z } from 'zod';
import { promotionStatement } from '../../shared/protocol/offline/promotion.ts';
import { seal, unseal } from '../identity/data-key.ts';
import type { ReadHandle, WriteHandle } from '../storage/database.ts';

export const promotion = z.strictObject({
  version: z.literal(1),
  /** For whom it acts, and where that is. `pin`: of its own certificate; null: the authorities of the system decide. */
  central: z.strictObject({ origin: z.string(), url: z.string(), pin: z.string().nullable() }),
  machine: z.strictObject({ worker_id: z.string(), name: z.string() }),
  statement: promotionStatement,
  /** What lets it bring home what it did, sealed; null: an admin has to bring it. */
  sync: z.string().nullable(),
  /** Times by the clock of the machine. */
  since: z.int(),
  copied_at: z.int(),
  secrets: z.boolean(),
  /** Set when it takes no more work. */
  draining_since: z.int().nullable(),
});
export type Promotion = z.infer<typeof promotion>;

const KEY = 'promotion';

/** null: an ordinary coordinator. */
export async function readPromotion(r: ReadHandle): Promise<Promotion | null> {
  const row = await r.get<{ value: string }>('SELECT value FROM meta WHERE key = ?', [KEY]);
  return row ? promotion.parse(JSON.parse(row.value)) : null;
}

export async function writePromotion(w: WriteHandle, value: Promotion): Promise<void> {
  await w.run('INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value', [
    KEY,
    JSON.stringify(promotion.parse(value)),
  ]);
}

const PLACE = 'meta/promotion';
export const sealSync = (secret: string, key: Uint8Array): string => seal(secret, key, PLACE);
export const openSync = ({ sync }: Promotion, key: Uint8Array): string | null => sync && unseal(sync, key, PLACE);

/** Returns how many there were. */
export async function resealPromotion(w: WriteHandle, from: Uint8Array, to: Uint8Array): Promise<number> {
  const promotion = await readPromotion(w);
  const secret = promotion && openSync(promotion, from);
  if (!promotion || secret === null) return 0;
  await writePromotion(w, { ...promotion, sync: sealSync(secret, to) });
  return 1;
}
