/** Secrets of a project: they can be named, written and removed, never read. */
import { useQuery } from '@tanstack/react-query';
import type { Secret } from '../../shared/protocol/rest/secrets.ts';
import { api, textOf } from './client.ts';
import { queryClient } from './store.ts';

/** The project by its name, and the team whose it is, because two teams may have one of that name. */
export interface ProjectOfTeam {
  name: string;
  teamId: string;
}

const path = ({ name }: ProjectOfTeam, ...rest: string[]): string =>
  ['/projects', name, 'secrets', ...rest]
    .map((part, index) => (index === 0 ? part : encodeURIComponent(part)))
    .join('/');

export const useSecrets = (project: ProjectOfTeam) =>
  useQuery({
    queryKey: ['secrets', project],
    queryFn: async ({ signal }) =>
      (await api.get<{ items: Secret[] }>(path(project), { team: project.teamId }, signal)).items,
  });

const readAgain = () => void queryClient.invalidateQueries({ queryKey: ['secrets'] });

export const setSecret = (
  project: ProjectOfTeam,
  { environment, name, ...value }: { environment: string; name: string; value: string; in_discovery: boolean },
) => api.change('PUT', path(project, environment, name) + textOf({ team: project.teamId }), value).finally(readAgain);

export const removeSecret = (project: ProjectOfTeam, environment: string, name: string) =>
  api.change('DELETE', path(project, environment, name) + textOf({ team: project.teamId })).finally(readAgain);
