/** What people and their tokens may do. Each role may do all that the roles before it may. */
import { z } from 'zod';

/** viewer: reads. runner: starts and cancels runs. maintainer: lets workers in and manages them. admin: settings, people, audit. */
export const role = z.enum(['viewer', 'runner', 'maintainer', 'admin']);
export type Role = z.infer<typeof role>;
export const ROLES = role.options;

/** Whether who has the role `has` may do what needs the role `needed`. */
export function reaches(has: Role, needed: Role): boolean {
  return ROLES.indexOf(has) >= ROLES.indexOf(needed);
}
