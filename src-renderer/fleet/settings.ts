/** What the installation may be tuned by, and what admins say about scheduling. */
import { useQuery } from '@tanstack/react-query';
import type { Cap, Kept, Rule, Weight } from '../../shared/protocol/rest/scheduling.ts';
import type { Setting } from '../../shared/protocol/rest/settings.ts';
import { allPages } from './all-pages.ts';
import { api } from './client.ts';
import { queryClient } from './store.ts';

export type SettingValue = Setting['value'];

export const useSettings = () =>
  useQuery({
    queryKey: ['settings'],
    queryFn: async ({ signal }) => (await api.get<{ items: Setting[] }>('/settings', {}, signal)).items,
  });

/** null puts a setting back to its default. All or none of them. */
export async function changeSettings(change: Readonly<Record<string, SettingValue>>): Promise<void> {
  const { items } = await api.change<{ items: Setting[] }>('PUT', '/settings', change);
  queryClient.setQueryData(['settings'], items);
}

export interface Policies {
  caps: Cap;
  weights: Weight;
  rules: Rule;
}
export type PolicyKind = keyof Policies;

const path = (kind: PolicyKind, id = ''): string =>
  `/scheduling/${kind}${id === '' ? '' : `/${encodeURIComponent(id)}`}`;

/** In the order in which they count. */
export const usePolicies = <K extends PolicyKind>(kind: K) =>
  useQuery({
    queryKey: ['scheduling', kind],
    queryFn: ({ signal }) => allPages<Kept<Policies[K]>>(path(kind), {}, signal),
  });

const readAgain = () => void queryClient.invalidateQueries({ queryKey: ['scheduling'] });

/** Adds one, or replaces the one with this id. */
export const putPolicy = <K extends PolicyKind>(kind: K, id: string | null, value: Policies[K]) =>
  (id === null ? api.change('POST', path(kind), value) : api.change('PUT', path(kind, id), value)).finally(readAgain);

export const removePolicy = (kind: PolicyKind, id: string) => api.change('DELETE', path(kind, id)).finally(readAgain);
