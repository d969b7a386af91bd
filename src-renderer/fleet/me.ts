/** Who is signed in here, and what they may do. The coordinator decides; this only keeps buttons away that would be refused. */
import { useQuery } from '@tanstack/react-query';
import type { z } from 'zod';
import { api } from './client.ts';
import type { whoAmI } from '../../shared/protocol/rest/tokens.ts';
import type { Role } from '../../shared/protocol/rest/roles.ts';

export type Me = z.infer<typeof whoAmI>;

const ORDER: readonly Role[] = ['viewer', 'runner', 'maintainer', 'admin'];

export function useMe() {
  return useQuery({
    queryKey: ['me'],
    queryFn: ({ signal }) => api.get<Me>('/auth/me', {}, signal),
    staleTime: 60_000,
  });
}

/** Whether who is signed in may do what needs this role, in any team. False until it is known. */
export function useMay(needed: Role): boolean {
  const { data } = useMe();
  return data?.role != null && ORDER.indexOf(data.role) >= ORDER.indexOf(needed);
}

export async function signOut(): Promise<void> {
  await api.change('POST', '/auth/logout');
  location.assign('/sign-in');
}
