/** Join codes: six words that let one machine in. */
import { useQuery } from '@tanstack/react-query';
import type { z } from 'zod';
import type { JoinCode, joinCodeCreate, joinCodeCreated } from '../../shared/protocol/rest/join-codes.ts';
import { api } from './client.ts';

export type MadeCode = z.infer<typeof joinCodeCreated>;

/** Its words are in this answer and nowhere else. */
export const createJoinCode = (wanted: z.input<typeof joinCodeCreate>): Promise<MadeCode> =>
  api.change<MadeCode>('POST', '/join-codes', wanted);

const pathOf = (id: string): string => `/join-codes/${encodeURIComponent(id)}`;

export const revokeJoinCode = (id: string): Promise<unknown> => api.change('DELETE', pathOf(id));

/** Read again every few seconds, for whoever waits for the machine. */
export const useJoinCode = (id: string) =>
  useQuery({
    queryKey: ['join-codes', id],
    queryFn: ({ signal }) => api.get<JoinCode>(pathOf(id), {}, signal),
    refetchInterval: 3_000,
  });
