/** People: who has an account, who was invited, and what admins do with accounts. */
import { useQuery } from '@tanstack/react-query';
import type { z } from 'zod';
import type { invite, invited, Invitation, Person, resetLink } from '../../shared/protocol/rest/people.ts';
import { allPages } from './all-pages.ts';
import { api } from './client.ts';
import { queryClient } from './store.ts';

export type Invited = z.infer<typeof invited>;
export type ResetLink = z.infer<typeof resetLink>;

/** By e-mail: all, or those of the teams that one maintains. */
export const usePeople = () =>
  useQuery({ queryKey: ['people'], queryFn: ({ signal }) => allPages<Person>('/people', {}, signal) });

/** Those that nobody has followed yet, newest first. */
export const useInvitations = () =>
  useQuery({
    queryKey: ['people', 'invitations'],
    queryFn: ({ signal }) => allPages<Invitation>('/people/invitations', {}, signal),
  });

const readAgain = () => void queryClient.invalidateQueries({ queryKey: ['people'] });
const path = (id: string, rest = ''): string => `/people/${encodeURIComponent(id)}${rest}`;

/** The link is in this answer and nowhere else. */
export const invitePerson = (wanted: z.input<typeof invite>): Promise<Invited> =>
  api.change<Invited>('POST', '/people/invitations', wanted).finally(readAgain);

export const withdrawInvitation = (id: string) =>
  api.change('DELETE', `/people/invitations/${encodeURIComponent(id)}`).finally(readAgain);

export const changePerson = (id: string, change: { name?: string; admin?: boolean }): Promise<Person> =>
  api.change<Person>('PATCH', path(id), change).finally(readAgain);

export const makeResetLink = (id: string): Promise<ResetLink> => api.change<ResetLink>('POST', path(id, '/reset-link'));
export const removeSecondFactor = (id: string) => api.change('DELETE', path(id, '/second-factor')).finally(readAgain);
export const signOutEverywhere = (id: string) =>
  api.change<{ ended: number }>('DELETE', path(id, '/sessions')).finally(readAgain);
export const removePerson = (id: string) => api.change('DELETE', path(id)).finally(readAgain);
