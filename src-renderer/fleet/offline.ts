/** The time without the coordinator: who keeps a copy of it, whether this one is a promoted one, and what was merged into it. */
import { useQuery } from '@tanstack/react-query';
import type { OriginView } from '../../shared/protocol/offline/journal.ts';
import type { OfflineState } from '../../shared/protocol/offline/promotion.ts';
import type { CopyPermit } from '../../shared/protocol/offline/warm-copy.ts';
import type { Conflict } from '../../shared/protocol/rest/origins.ts';
import { allPages } from './all-pages.ts';
import { api } from './client.ts';
import { queryClient } from './store.ts';

export type Promotion = NonNullable<OfflineState['promotion']>;
export type Copy = OfflineState['copies'][number];
export type { Conflict, CopyPermit, OriginView };

const KEY = ['offline'];

/** A worker that is on asks every five minutes: after three times it is off, or something is wrong. */
export const COPY_IS_OLD_MS = 15 * 60_000;

/** Pure: how a copy stands at `now`. */
export function copyStanding({ at }: Pick<Copy, 'at'>, now: number): 'none' | 'fresh' | 'old' {
  if (at === null) return 'none';
  return now - Date.parse(at) > COPY_IS_OLD_MS ? 'old' : 'fresh';
}

/** Read every few seconds while something comes nearer: a promotion to its end, or a copy to a machine. */
export const useOffline = () =>
  useQuery({
    queryKey: KEY,
    queryFn: ({ signal }) => api.get<OfflineState>('/offline', {}, signal),
    refetchInterval: ({ state: { data } }) =>
      data?.promotion || data?.copies.some(({ at }) => at === null) ? 3_000 : 60_000,
  });

/** Coordinators whose work came here, without this one itself. */
export const useOrigins = () =>
  useQuery({
    queryKey: ['origins'],
    queryFn: async ({ signal }) => {
      const { items } = await api.get<{ items: OriginView[] }>('/origins', {}, signal);
      return items.filter(({ own, promoted_at }) => !own && promoted_at !== null);
    },
    refetchInterval: 10_000,
  });

export const useConflicts = (enabled: boolean) =>
  useQuery({
    queryKey: ['conflicts'],
    enabled,
    queryFn: ({ signal }) => allPages<Conflict>('/merge-conflicts', {}, signal),
    refetchInterval: 10_000,
  });

export const permitCopy = (workerId: string, permit: CopyPermit): Promise<unknown> =>
  api
    .change('PUT', `/workers/${encodeURIComponent(workerId)}/warm-copy`, { permit })
    .finally(() => void queryClient.invalidateQueries({ queryKey: KEY }));

export const demote = (now: boolean): Promise<unknown> =>
  api.change('POST', '/offline/demotion', { now }).finally(() => void queryClient.invalidateQueries({ queryKey: KEY }));

export const resolveConflict = (id: string, take: 'theirs' | 'ours'): Promise<unknown> =>
  api.change('POST', `/merge-conflicts/${encodeURIComponent(id)}/resolve`, { take }).finally(() => {
    void queryClient.invalidateQueries({ queryKey: ['conflicts'] });
    void queryClient.invalidateQueries({ queryKey: ['origins'] });
  });
