/** Stores tags of workers: the machine and people each have a say, and neither undoes the other (rules.ts). */
import type { ReadHandle, WriteHandle } from '../storage/database.ts';
import { tagsOf, withTags, type TagSets } from './rules.ts';

/** What the machine says of itself. Nothing happens where there is no such worker. */
export async function saveOwnTags(w: WriteHandle, workerId: string, own: readonly string[]): Promise<void> {
  const sets = await readSets(w, workerId);
  if (sets) await save(w, workerId, { ...sets, own });
}

/** What people say that its tags are to be. Nothing happens where there is no such worker. */
export async function saveWantedTags(w: WriteHandle, workerId: string, wanted: readonly string[]): Promise<void> {
  const sets = await readSets(w, workerId);
  if (sets) await save(w, workerId, withTags(sets, wanted));
}

async function readSets(r: ReadHandle, workerId: string): Promise<TagSets | null> {
  const row = await r.get<{ own_tags: string; added_tags: string; hidden_tags: string }>(
    'SELECT own_tags, added_tags, hidden_tags FROM workers WHERE id = ?',
    [workerId],
  );
  const tags = (text: string) => JSON.parse(text) as string[];
  return row ? { own: tags(row.own_tags), added: tags(row.added_tags), hidden: tags(row.hidden_tags) } : null;
}

async function save(w: WriteHandle, workerId: string, sets: TagSets): Promise<void> {
  await w.run('UPDATE workers SET tags = ?, own_tags = ?, added_tags = ?, hidden_tags = ? WHERE id = ?', [
    JSON.stringify(tagsOf(sets)),
    JSON.stringify(sets.own),
    JSON.stringify(sets.added),
    JSON.stringify(sets.hidden),
    workerId,
  ]);
}
