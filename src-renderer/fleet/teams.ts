/** Teams and who is in them. */
import { useQuery } from '@tanstack/react-query';
import type { Member, Team } from '../../shared/protocol/rest/people.ts';
import type { Role } from '../../shared/protocol/rest/roles.ts';
import { api } from './client.ts';
import { queryClient } from './store.ts';

/** Those that one sees, by name. */
export const useTeams = (enabled = true) =>
  useQuery({
    queryKey: ['teams'],
    enabled,
    queryFn: async ({ signal }) => (await api.get<{ items: Team[] }>('/teams', {}, signal)).items,
  });

const path = (id: string) => `/teams/${encodeURIComponent(id)}`;

export const useMembers = (teamId: string) =>
  useQuery({
    queryKey: ['members', teamId],
    queryFn: async ({ signal }) => (await api.get<{ items: Member[] }>(`${path(teamId)}/members`, {}, signal)).items,
  });

async function readAgain(): Promise<void> {
  await Promise.all(
    ['teams', 'members', 'people', 'me'].map((key) => queryClient.invalidateQueries({ queryKey: [key] })),
  );
}

export const createTeam = (name: string) =>
  api.change<Team>('POST', '/teams', { name }).finally(() => void readAgain());
export const renameTeam = (id: string, name: string) =>
  api.change<Team>('PATCH', path(id), { name }).finally(() => void readAgain());
export const removeTeam = (id: string) => api.change('DELETE', path(id)).finally(() => void readAgain());

export const setMember = (teamId: string, personId: string, role: Role) =>
  api
    .change<Member>('PUT', `${path(teamId)}/members/${encodeURIComponent(personId)}`, { role })
    .finally(() => void readAgain());
export const removeMember = (teamId: string, personId: string) =>
  api.change('DELETE', `${path(teamId)}/members/${encodeURIComponent(personId)}`).finally(() => void readAgain());
