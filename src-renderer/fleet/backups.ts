/** Backups of the coordinator. */
import { useQuery } from '@tanstack/react-query';
import type { BackupsAnswer } from '../../shared/protocol/rest/backups.ts';
import { api } from './client.ts';
import { queryClient } from './store.ts';

const queryKey = ['backups'];

export const useBackups = () =>
  useQuery({ queryKey, queryFn: ({ signal }) => api.get<BackupsAnswer>('/backups', {}, signal) });

const readAgain = () => void queryClient.invalidateQueries({ queryKey });

/** Begins one; that it is done, or has failed, comes as an event. */
export const takeBackup = (): Promise<unknown> => api.change('POST', '/backups', {}).finally(readAgain);

export const removeBackup = (name: string): Promise<unknown> =>
  api.change('DELETE', `/backups/${encodeURIComponent(name)}`).finally(readAgain);

/** Where the browser gets it from, as a file. */
export const backupFile = (name: string): string => `/api/v1/backups/${encodeURIComponent(name)}/download`;
