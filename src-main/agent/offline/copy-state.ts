/** What is known about the copy without opening it. Nothing in it is secret. */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { promotionStatement, signingKey } from '../../../shared/protocol/offline/promotion.ts';
import { partHashes } from '../../../shared/protocol/offline/warm-copy.ts';
import { writeAtomically } from '../atomic-file.ts';

const copyState = z.strictObject({
  version: z.literal(1),
  central: z.strictObject({ origin: z.string(), signingKey, url: z.string(), pin: z.string().nullable() }),
  worker: z.strictObject({ id: z.string(), name: z.string() }),
  /** When the copy was last found as new as the coordinator, by the clock of this machine. */
  fresh_at: z.int(),
  /** What of it the next question builds on. */
  hashes: partHashes,
  cursor: z.string(),
  etag: z.string().nullable(),
  /** Whether values of secrets are in it. */
  secrets: z.boolean(),
  tests: z.int(),
  /** Sealed. */
  bytes: z.int(),
  /** By which this machine may stand in. */
  statement: promotionStatement,
  /** Why the last refresh failed; null where it did not. */
  problem: z.string().nullable(),
});
export type CopyState = z.infer<typeof copyState>;

/** null where there is none, or none that can be read: then a copy is fetched from the beginning. */
export async function readCopyState(file: string): Promise<CopyState | null> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  try {
    return copyState.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

export const writeCopyState = (file: string, state: CopyState): Promise<void> =>
  writeAtomically(file, `${JSON.stringify(copyState.parse(state), null, 2)}\n`);
