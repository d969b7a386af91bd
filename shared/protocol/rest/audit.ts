/** REST shapes of the audit log. */
import { z } from 'zod';
import { pageQuery } from './common.ts';

/** Stable names; data says the rest. */
export const auditAction = z.enum([
  'coordinator.first_start',
  'coordinator.key_rotated',
  'coordinator.restored',
  'backup.taken',
  'backup.downloaded',
  'backup.removed',
  'session.opened',
  'session.closed',
  'session.refused',
  'session.revoked',
  'account.locked',
  'mail.tested',
  'person.invited',
  'person.joined',
  'person.changed',
  'person.removed',
  'invitation.revoked',
  'password.changed',
  'password.reset_link',
  'password.reset',
  'second_factor.added',
  'second_factor.removed',
  'second_factor.backup_codes',
  'second_factor.backup_code_used',
  'device.trusted',
  'device.revoked',
  'identity.linked',
  'team.created',
  'team.changed',
  'team.removed',
  'member.changed',
  'member.removed',
  'access.denied',
  'token.created',
  'token.revoked',
  'join_code.created',
  'join_code.used',
  'join_code.locked',
  'join_code.revoked',
  'settings.changed',
  'scheduling.added',
  'scheduling.changed',
  'scheduling.removed',
  'secret.set',
  'secret.removed',
  'worker.enrolled',
  'worker.approved',
  'worker.changed',
  'worker.removed',
  'worker.key_rotated',
  'warm_copy.permitted',
  'warm_copy.taken',
  'promotion.stated',
  'promotion.began',
  'promotion.ended',
  'template.added',
  'template.changed',
  'template.removed',
  'screenshots.accepted',
  'report.opened',
  'report.downloaded',
  'release.imported',
  'release.staged',
  'release.withdrawn',
  'release.cleared',
  'sync.created',
  'sync.revoked',
  'origin.announced',
  'origin.verified',
  'merge.taken_over',
  'merge.resolved',
]);
export type AuditAction = z.infer<typeof auditAction>;

export const auditEntry = z
  .object({
    /** 1, 2, 3, … without gaps. */
    seq: z.int(),
    at: z.string(),
    /** user:<token id>, person:<id>, worker:<id>, system, or nobody. */
    actor: z.string(),
    /** What they were called then; '' where they have no name. */
    actor_name: z.string(),
    /** Network address; '' for the coordinator itself. */
    address: z.string(),
    action: z.string(),
    /** What it was done to; '' where that is clear. */
    target: z.string(),
    data: z.record(z.string(), z.json()),
    /** Hash of the entry before; zeros for the first. */
    previous: z.string(),
    /** SHA-256 over `previous` and all other fields, as hex. */
    hash: z.string(),
  })
  .meta({ id: 'AuditEntry' });
export type AuditEntry = z.infer<typeof auditEntry>;

export const auditFilter = pageQuery.extend({
  order: z.enum(['newest', 'oldest']).default('newest'),
  action: auditAction.optional(),
  /** Id of a promoted coordinator whose log was merged; default: this coordinator's own log. */
  origin: z.string().min(1).max(100).optional(),
  /** As in the entries. */
  actor: z.string().min(1).max(200).optional(),
  /** Of this time and later (ISO 8601). */
  since: z.iso.datetime({ offset: true }).optional(),
  /** Before this time. */
  until: z.iso.datetime({ offset: true }).optional(),
});

/** Where the log stands. Note seq and hash outside the coordinator: `playfleet audit verify --head` compares with them. */
export const auditHead = z.object({
  seq: z.int(),
  hash: z.string(),
  /** How many entries were ever written; more than `seq` means that the last ones were removed. */
  issued: z.int(),
});
export type AuditHead = z.infer<typeof auditHead>;
