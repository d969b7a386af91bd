/** Projects, for choosing one. */
import { useQuery } from '@tanstack/react-query';
import type { Project } from '../../shared/protocol/rest/projects.ts';
import { api } from './client.ts';
import type { Page } from './runs.ts';

export function useProjects() {
  return useQuery({
    queryKey: ['projects'],
    queryFn: async ({ signal }) => (await api.get<Page<Project>>('/projects', { limit: 500 }, signal)).items,
  });
}
