/** REST shapes of merging: whose work is here, what did not prevail, and what lets a machine bring its work. */
import { z } from 'zod';
import { registerKind } from '../offline/journal.ts';
import { pageQuery } from './common.ts';

export const conflict = z
  .object({
    id: z.string(),
    /** Of the other version. */
    origin: z.object({ id: z.string(), name: z.string() }),
    kind: registerKind,
    /** Name of the setting, e-mail of the person, …. */
    key: z.string(),
    /** What counts now, and what the origin has; null: not there. */
    ours: z.json(),
    theirs: z.json(),
    theirs_at: z.string(),
    theirs_by: z.string(),
    /** Why theirs does not count. */
    why: z.string(),
    found_at: z.string(),
    state: z.enum(['open', 'theirs', 'ours']),
    resolved_at: z.string().nullable(),
    resolved_by: z.string().nullable(),
  })
  .meta({ id: 'MergeConflict' });
export type Conflict = z.infer<typeof conflict>;

export const conflictFilter = pageQuery.extend({ state: z.enum(['open', 'resolved', 'all']).default('open') });
export const conflictResolve = z.strictObject({
  /** theirs: it counts from now on. ours: it stays as it is. */
  take: z.enum(['theirs', 'ours']),
});

export const syncCredential = z
  .object({
    id: z.string(),
    name: z.string(),
    created_at: z.string(),
    created_by: z.string(),
    revoked_at: z.string().nullable(),
  })
  .meta({ id: 'SyncCredential' });
export type SyncCredentialView = z.infer<typeof syncCredential>;
export const syncCredentialCreate = z.strictObject({ name: z.string().trim().min(1).max(200) });
export const syncCredentialCreated = syncCredential.extend({
  /** Shown only here. */
  secret: z.string(),
});
