/** What helps to start a run, and starting it. */
import { useQuery } from '@tanstack/react-query';
import type { z } from 'zod';
import type {
  Preview,
  previewRequest,
  Sources,
  Suite,
  Template,
  templatePut,
  templateRun,
} from '../../shared/protocol/rest/launch.ts';
import type { runCreate } from '../../shared/protocol/rest/runs.ts';
import { ApiError } from './api-error.ts';
import { api } from './client.ts';
import type { Page } from './runs.ts';
import { queryClient } from './store.ts';

export type RunRequest = z.input<typeof runCreate>;
export type PreviewRequest = z.input<typeof previewRequest>;
export type TemplateRequest = z.input<typeof templatePut>;

const of = (project: string): string => `/projects/${encodeURIComponent(project)}`;

/** A project that was never run is no error here: there is just nothing known of it. */
async function orNothing<T>(asked: Promise<T>): Promise<T | null> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof ApiError && (error.status === 404 || error.code === 'nothing_known')) return null;
    throw error;
  }
}

/** null: no run has told what its suite consists of. */
export function useSuite(project: string) {
  return useQuery({
    queryKey: ['suite', project],
    queryFn: ({ signal }) => orNothing(api.get<Suite>(`${of(project)}/suite`, {}, signal)),
    enabled: project !== '',
  });
}

/** Where earlier runs had their files from. null: there are none. */
export function useSources(project: string) {
  return useQuery({
    queryKey: ['sources', project],
    queryFn: ({ signal }) => orNothing(api.get<Sources>(`${of(project)}/sources`, {}, signal)),
    enabled: project !== '',
  });
}

const PREVIEW_MS = 15_000;

/** What a run of this choice would be. Slots come and go: asked again now and then. */
export function usePreview(project: string, request: PreviewRequest) {
  return useQuery({
    queryKey: ['preview', project, request],
    queryFn: () => orNothing(api.change<Preview>('POST', `${of(project)}/preview`, request)),
    enabled: project !== '',
    refetchInterval: PREVIEW_MS,
    placeholderData: (before: Preview | null | undefined, query) =>
      query?.queryKey[1] === project ? before : undefined,
    gcTime: 60_000,
  });
}

export const startRun = (request: RunRequest) =>
  api.change<{ test_run_id: string; number: number }>('POST', '/test-runs/create', request);

const MOST_TEMPLATES = 200;

export function useTemplates() {
  return useQuery({
    queryKey: ['run-templates'],
    queryFn: ({ signal }) => api.get<Page<Template>>('/run-templates', { limit: MOST_TEMPLATES }, signal),
    select: ({ items }) => items,
  });
}

const templatesAgain = () => queryClient.invalidateQueries({ queryKey: ['run-templates'] });

/** Without an id a new one is made. */
export async function saveTemplate(id: string | null, template: TemplateRequest): Promise<Template> {
  const saved =
    id === null
      ? await api.change<Template>('POST', '/run-templates', template)
      : await api.change<Template>('PUT', `/run-templates/${encodeURIComponent(id)}`, template);
  await templatesAgain();
  return saved;
}

export async function deleteTemplate(id: string): Promise<void> {
  await api.change<unknown>('DELETE', `/run-templates/${encodeURIComponent(id)}`);
  await templatesAgain();
}

/** Starts what the template sets; what is given stands in its place this once. */
export const runTemplate = (id: string, once: z.input<typeof templateRun> = {}) =>
  api.change<{ test_run_id: string; number: number }>('POST', `/run-templates/${encodeURIComponent(id)}/run`, once);
