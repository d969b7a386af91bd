/**
 * How a machine proves that it may stand in for a coordinator, and what is said of a promoted one. While it is reachable, the central coordinator
 * signs a short statement for each machine that holds a warm copy; workers compare it with the key that they have learned from central itself.
 */
import { z } from 'zod';
import { copyPermit } from './warm-copy.ts';

/** Before the signed text, so that a signature for this purpose is good for no other. */
export const STATEMENT_PURPOSE = 'playfleet promotion statement 1\n';

/** "This machine, with this key, may act for this origin until then." */
export const statementClaims = z.strictObject({
  version: z.literal(1),
  /** For whom it may act. */
  origin: z.string().min(1).max(100),
  machine: z.strictObject({ worker_id: z.string().min(1).max(100), name: z.string().min(1).max(200) }),
  /** Pin (shared/protocol/pin.ts) of the only certificate that it may act with. */
  pin: z.string().regex(/^pfp_[A-Za-z0-9_-]{43}$/),
  issued_at: z.int(),
  expires_at: z.int(),
});
export type StatementClaims = z.infer<typeof statementClaims>;

/** `claims`: the JSON text that was signed, to the byte. `signature`: Ed25519, base64url. */
export const promotionStatement = z.strictObject({
  claims: z.string().max(2000),
  signature: z.string().regex(/^[A-Za-z0-9_-]{86}$/),
});
export type PromotionStatement = z.infer<typeof promotionStatement>;

/** Raw Ed25519 public key, base64url. */
export const signingKey = z.string().regex(/^[A-Za-z0-9_-]{43}$/);

/** `sync`: the machine has no credential to bring home what it does as a promoted coordinator. */
export const statementRequest = z.strictObject({ pin: statementClaims.shape.pin, sync: z.boolean().default(false) });
export const statementAnswer = z.object({
  statement: promotionStatement,
  /** Shown only here; null where it was not asked for. */
  sync: z.string().nullable(),
});

/** Part of the link's welcome: what a worker has to know while its coordinator is there, for when it is not. */
export const offlineWelcome = z.object({
  origin: z.string(),
  signingKey,
  copy: copyPermit,
  /** Set by a promoted coordinator: for whom it acts. */
  actsFor: z.string().nullable(),
});
export type OfflineWelcome = z.infer<typeof offlineWelcome>;

/** GET /api/v1/promotion of a promoted coordinator, for anybody: what a worker checks before it shows its key. */
export const promotionShown = z.object({
  version: z.literal(1),
  /** Its own. */
  origin: z.string(),
  statement: promotionStatement,
  since: z.string(),
  /** No new work: workers go home. */
  draining: z.boolean(),
});
export type PromotionShown = z.infer<typeof promotionShown>;

/** Where the merge with central is. waiting: all that is over is there, and runs go on here. */
export const homecoming = z.object({
  state: z.enum(['uploading', 'waiting', 'unreachable', 'refused', 'verified']),
  /** Of what `state` says, for people; null where there is nothing to say. */
  detail: z.string().nullable(),
  /** Not at central yet, as far as is known: those that go on here, and all while it was not compared. */
  runs_to_bring: z.int().min(0),
  sent: z.int().min(0),
  total: z.int().min(0),
  verified_at: z.string().nullable(),
  /** As central answered. */
  counts: z.record(z.string(), z.int()).nullable(),
  /** SHA-256 over counts and sums of all kinds and of the bytes: the same on both sides. */
  hash: z.string().nullable(),
  conflicts: z.int().min(0).nullable(),
});
export type Homecoming = z.infer<typeof homecoming>;

/** What a promoted coordinator cannot do. */
export const lack = z.enum([
  /** Nobody is written to. */
  'mails',
  /** Nobody signs in through GitHub and the like. */
  'providers',
  /** Values of secrets are not here: they were not copied, or were refused for this machine. */
  'secrets',
  /** Codes for a lost second factor stay with central: each works once. */
  'backup_codes',
  /** Runs from before are at central, with their reports. */
  'earlier_runs',
  /** Repositories and registries that are elsewhere are reached only as far as the network here goes. */
  'remotes',
]);
export type Lack = z.infer<typeof lack>;

/** GET /api/v1/offline: for the dashboard and `playfleet status`. */
export const offlineState = z.object({
  origin: z.string(),
  /** null: this is no promoted coordinator. */
  promotion: z
    .object({
      of: z.object({ origin: z.string(), url: z.string() }),
      machine: z.string(),
      since: z.string(),
      /** When what it knows of central was copied. */
      copied_at: z.string(),
      secrets: z.boolean(),
      draining: z.boolean(),
      homecoming,
      lacks: z.array(lack),
    })
    .nullable(),
  copies: z.array(
    z.object({
      worker_id: z.string(),
      hostname: z.string(),
      permit: copyPermit,
      /** When it was last as new as the coordinator; null: never. */
      at: z.string().nullable(),
    }),
  ),
});
export type OfflineState = z.infer<typeof offlineState>;

/** `now`: what has not begun is cancelled; otherwise it is waited for. */
export const demotion = z.strictObject({ now: z.boolean().default(false) });

export const copyPermitPut = z.strictObject({ permit: copyPermit });
