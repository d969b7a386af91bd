/** Tokens: what lets people, programs and new workers in. */
import { useQuery } from '@tanstack/react-query';
import type { z } from 'zod';
import type { Token, tokenCreate, tokenCreated } from '../../shared/protocol/rest/tokens.ts';
import { allPages } from './all-pages.ts';
import { api } from './client.ts';
import { queryClient } from './store.ts';

export type NewToken = z.input<typeof tokenCreate>;
export type MadeToken = z.infer<typeof tokenCreated>;

/** Newest first. `watch`: read again every few seconds, such as while somebody waits for one to be used. */
export const useTokens = ({ enabled = true, watch = false } = {}) =>
  useQuery({
    queryKey: ['tokens'],
    enabled,
    queryFn: ({ signal }) => allPages<Token>('/tokens', {}, signal),
    ...(watch ? { refetchInterval: 5_000 } : {}),
  });

const readAgain = () => queryClient.invalidateQueries({ queryKey: ['tokens'] });

/** Its secret is in this answer and nowhere else. */
export const createToken = (wanted: NewToken): Promise<MadeToken> =>
  api.change<MadeToken>('POST', '/tokens', wanted).finally(() => void readAgain());

export const revokeToken = (id: string): Promise<unknown> =>
  api.change('DELETE', `/tokens/${encodeURIComponent(id)}`).finally(() => void readAgain());
