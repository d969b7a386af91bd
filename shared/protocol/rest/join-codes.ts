/** REST shapes of join codes: six words that let one machine in (shared/protocol/joining.ts). */
import { z } from 'zod';
import { JOINING_PROTOCOL, NONCE_BYTES, SALT_BYTES } from '../joining.ts';

/** Short: a code is said aloud, and is typed where it is said. */
export const CODE_LIFE = { min: 60, max: 600 } as const;

export const joinCodeCreate = z.strictObject({
  /** For people: whose or what for. */
  name: z.string().trim().min(1).max(200).default('unnamed'),
  /** As of join tokens: the team for which alone the machine works; null: all. Default: all for who has a role in all, else their only team. */
  team: z.string().min(1).max(100).nullable().optional(),
  expires_in_seconds: z.int().min(CODE_LIFE.min).max(CODE_LIFE.max).default(CODE_LIFE.max),
});

export const joinCode = z
  .object({
    id: z.string(),
    name: z.string(),
    team_id: z.string().nullable(),
    /** used: it was exchanged for a join token; locked: too many wrong tries. */
    state: z.enum(['active', 'used', 'expired', 'locked', 'revoked']),
    created_at: z.string(),
    created_by: z.string(),
    expires_at: z.string(),
    used_at: z.string().nullable(),
    /** The machine that has joined by it; null until then. */
    worker: z.string().nullable(),
  })
  .meta({ id: 'JoinCode' });
export type JoinCode = z.infer<typeof joinCode>;

export const joinCodeCreated = joinCode.extend({
  /** Six words with spaces between them. Shown only here. */
  code: z.string(),
  /** Where the machine finds this coordinator, as whoever asked has found it. */
  address: z.string(),
});

/** Bytes as base64url. */
const bytes = (count: number) =>
  z.string().regex(new RegExp(`^[A-Za-z0-9_-]{${Math.ceil((count * 4) / 3)}}$`), `must be ${count} bytes as base64url`);
const sealed = z.string().min(1).max(2000);

export const joiningHello = z.strictObject({
  protocol: z.literal(
    JOINING_PROTOCOL,
    `must be ${JOINING_PROTOCOL}: the machine and the coordinator are of different versions`,
  ),
  nonce: bytes(NONCE_BYTES),
});
export const joiningChallenge = z.object({
  protocol: z.literal(JOINING_PROTOCOL),
  salt: bytes(SALT_BYTES),
  /** To be given back; it works for a minute. */
  challenge: sealed,
});

export const joiningProve = z.strictObject({
  challenge: sealed,
  nonce: bytes(NONCE_BYTES),
  lookup: bytes(16),
  proof: bytes(32),
});
export const joiningProved = z.object({
  proof: bytes(32),
  /** JSON of `joiningGrant`, for whoever has the code. */
  sealed: z.string().min(1).max(10_000),
});

export const joiningGrant = z.object({
  /** Enrols one worker, once; with the pin behind it where the certificate is the coordinator's own. */
  token: z.string().min(1).max(500),
  /** What the coordinator is called. */
  name: z.string().min(1).max(200),
});
