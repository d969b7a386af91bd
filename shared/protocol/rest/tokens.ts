/** REST shapes of tokens: what lets people, programs and new workers in. Secrets are answered once, when they are made. */
import { z } from 'zod';
import { role } from './roles.ts';

/** join: enrols one worker, once. admin_link: is exchanged for an api token, once. api: people, CI, programs. */
export const tokenKind = z.enum(['join', 'admin_link', 'api']);
export type TokenKind = z.infer<typeof tokenKind>;

const HOUR_S = 3600;
const YEAR_S = 366 * 24 * HOUR_S;
/** How long tokens last, in seconds. Those that work once are short-lived, because they travel through chats and shell histories. */
export const TOKEN_LIFE = {
  join: { default: HOUR_S, max: 24 * HOUR_S },
  admin_link: { default: HOUR_S, max: 24 * HOUR_S },
  api: { default: null, max: 5 * YEAR_S },
} as const;

export const tokenCreate = z.strictObject({
  kind: tokenKind,
  /** For people: whose or what for. */
  name: z.string().trim().min(1).max(200).default('unnamed'),
  /** Only with kind api: what the token may do, at most what its maker may. Default: runner, which is enough for CI. */
  role: role.optional(),
  /**
   * Id or name of the team to which it is bound: an api token sees and does nothing elsewhere, a worker that joins works for that team alone. null:
   * all teams. Default: all for who has a role in all, else the only team that they maintain.
   */
  team: z.string().min(1).max(100).nullable().optional(),
  /** Default: one hour for join and admin_link (24 hours at most), no end for api. */
  expires_in_seconds: z.int().min(1).max(TOKEN_LIFE.api.max).optional(),
});

export const token = z
  .object({
    id: z.string(),
    kind: tokenKind,
    name: z.string(),
    /** Of api tokens. */
    role: role.nullable(),
    /** The only team that it is for; null: all. */
    team_id: z.string().nullable().default(null),
    state: z.enum(['active', 'used', 'expired', 'revoked']),
    created_at: z.string(),
    created_by: z.string(),
    expires_at: z.string().nullable(),
    used_at: z.string().nullable(),
    /** Host name of the worker, or name of the token it was exchanged for. */
    used_by: z.string().nullable(),
    /** To the minute. */
    last_used_at: z.string().nullable(),
    revoked_at: z.string().nullable(),
  })
  .meta({ id: 'Token' });
export type Token = z.infer<typeof token>;

export const tokenCreated = token.extend({
  /** Shown only here. */
  token: z.string(),
  /** join: what `playfleet worker --join` takes. admin_link: the address to open. */
  link: z.string().nullable(),
});

export const exchangeRequest = z.strictObject({
  /** The admin link's token (pfa_…). */
  token: z.string().min(1).max(200),
  name: z.string().trim().min(1).max(200).default('admin'),
});
export const exchangeAnswer = z.object({
  token_id: z.string(),
  name: z.string(),
  /** An api token. */
  token: z.string(),
  expires_at: z.string(),
});

export const whoAmI = z.object({
  /** sync: a machine that brings home what it did as a promoted coordinator. */
  kind: z.enum(['user', 'worker', 'sync']),
  /** Id of the token, of the person who is signed in, or of the worker. */
  id: z.string(),
  name: z.string(),
  /** The highest that they have in any team; null for a worker. */
  role: role.nullable(),
  /** Of a person who is signed in. */
  email: z.string().nullable().default(null),
  /** What they may do in which team; null: the same in all of them. */
  teams: z
    .array(z.object({ id: z.string(), role }))
    .nullable()
    .default(null),
});
