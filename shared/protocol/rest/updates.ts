/** REST shapes of the updates that a coordinator serves to its machines (../update.ts has what is signed). */
import { z } from 'zod';
import { MAX_ENVELOPE_BYTES, updateChannel, updateFileName, version } from '../update.ts';
import { sha256 } from '../work.ts';

const percent = z.number().min(0).max(100);

export const releaseImport = z.strictObject({
  /** The text of `playfleet-<channel>.json`, as it was signed. */
  envelope: z.string().max(MAX_ENVELOPE_BYTES),
  /** The files that the manifest names, uploaded before as blobs. */
  files: z
    .array(z.strictObject({ name: updateFileName, sha256 }))
    .min(1)
    .max(120),
});
export type ReleaseImport = z.infer<typeof releaseImport>;

export const releasePatch = z.strictObject({
  /** How many of a hundred machines get it: at most what is signed; null: as signed. */
  staged_percent: percent.nullable(),
});

export const release = z
  .object({
    id: z.string(),
    channel: updateChannel,
    version,
    /**
     * current: what machines of this channel are offered; older: a newer one is there; expired: machines refuse it, sign and import its
     * manifest again; withdrawn: offered to nobody.
     */
    state: z.enum(['current', 'older', 'expired', 'withdrawn']),
    /** In force here. */
    staged_percent: percent,
    signed_percent: percent,
    released_at: z.string(),
    signed_at: z.string(),
    expires_at: z.string(),
    imported_at: z.string(),
    imported_by: z.string(),
    /** Kept here: none of a release that was withdrawn a week ago. */
    files: z.array(z.object({ name: z.string(), size: z.int() })),
  })
  .meta({ id: 'Release' });
export type Release = z.infer<typeof release>;

export const releasesAnswer = z.object({
  items: z.array(release),
  /** Setting minimum_agent_version. */
  minimum_agent_version: z.string().nullable(),
  /** Machines by the version that they said last. */
  fleet: z.array(z.object({ agent_version: z.string().nullable(), workers: z.int(), online: z.int() })),
});

export const feedFileParam = z.object({ channel: updateChannel, name: updateFileName });
