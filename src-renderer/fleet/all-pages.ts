/** Lists that are read to their end: they are small, or asked for in one piece (exports). */
import { api, type Query } from './client.ts';
import type { Page } from './runs.ts';

const MOST = 500;

/** All items of a list, page by page. `onPage` is told how many there are by now. */
export async function allPages<T>(
  path: string,
  query: Query,
  signal?: AbortSignal,
  onPage?: (n: number) => void,
): Promise<T[]> {
  const items: T[] = [];
  let cursor: string | undefined;
  do {
    const page = await api.get<Page<T>>(path, { limit: MOST, ...query, cursor }, signal);
    items.push(...page.items);
    onPage?.(items.length);
    cursor = page.next_cursor ?? undefined;
  } while (cursor !== undefined);
  return items;
}
