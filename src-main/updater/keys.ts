/** The publishers that this build believes: its current key and the next one (docs/updates.md). */
import { readFileSync } from 'node:fs';
import pinned from '../../resources/update-keys.json' with { type: 'json' };
import { updateKeys } from '../../shared/protocol/update.ts';

export const PINNED_KEYS: readonly string[] = updateKeys.parse(pinned).keys;

/** Of a build of one's own: a file like resources/update-keys.json, in place of the pinned ones. Throws with the file and what is wrong in it. */
export function readKeyFile(file: string): readonly string[] {
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new Error(`the update keys ${file} cannot be read: ${(error as Error).message}`, { cause: error });
  }
  const parsed = updateKeys.safeParse(json);
  if (parsed.success) return parsed.data.keys;
  const issue = parsed.error.issues[0];
  throw new Error(`the update keys ${file}: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'not understood'}`);
}
