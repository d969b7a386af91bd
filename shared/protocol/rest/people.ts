/** REST shapes of people: accounts, invitations, sessions, second factors, teams. Secrets are answered once, when they are made. */
import { z } from 'zod';
import { role } from './roles.ts';

/** Kept and compared in lower case. */
export const email = z
  .string()
  .trim()
  .max(254)
  .regex(/^[^\s@\p{C}]+@[^\s@\p{C}]+$/u, 'must be a mail address')
  .transform((text) => text.toLowerCase());
export const personName = z
  .string()
  .trim()
  .min(1)
  .max(100)
  .regex(/^[^\p{C}\p{Zl}\p{Zp}]+$/u, 'must not contain control or invisible characters');
export const MIN_PASSWORD = 12;
/** Any characters; the upper bound keeps hashing from being made to work on megabytes. */
const newPassword = z.string().min(MIN_PASSWORD).max(200);
const password = z.string().min(1).max(200);
/** Six digits of an authenticator, or a backup code. */
const code = z.string().trim().min(6).max(20);
const ticket = z.string().min(1).max(200);

export const INVITATION_LIFE_S = 7 * 24 * 3600;
export const RESET_LIFE_S = 24 * 3600;
/** Of a link that was asked for on the sign-in page. */
export const MAILED_RESET_LIFE_S = 3600;

export const signIn = z.strictObject({ email, password });
/** done: the cookie is set. second_factor: send a code with the ticket within ten minutes. */
export const signedIn = z.object({
  step: z.enum(['done', 'second_factor']),
  ticket: z.string().nullable(),
});
export type SignedIn = z.infer<typeof signedIn>;
export const secondFactor = z.strictObject({
  ticket,
  code,
  /** Do not ask for a code in this browser for 30 days. */
  trust_device: z.boolean().default(false),
});
export const firstAccount = z.strictObject({
  /** The admin link's token (pfa_…). */
  token: ticket,
  email,
  name: personName,
  password: newPassword,
});
export const acceptInvitation = z.strictObject({ token: ticket, name: personName, password: newPassword });
export const resetPassword = z.strictObject({ token: ticket, password: newPassword });
export const changePassword = z.strictObject({ current: password, password: newPassword });
/** The account's password once more, for what a passer-by at an unlocked screen should not do. */
export const withPassword = z.strictObject({ password });
export const confirmCode = z.strictObject({ code });

export const membership = z.object({ id: z.string(), name: z.string(), role });

export const person = z
  .object({
    id: z.string(),
    email: z.string(),
    name: z.string(),
    /** Of the whole installation: may do everything in every team. */
    admin: z.boolean(),
    teams: z.array(membership),
    /** A code of an authenticator is asked for. */
    second_factor: z.boolean(),
    /** Has a password; otherwise signs in through a provider. */
    password: z.boolean(),
    providers: z.array(z.string()),
    locked_until: z.string().nullable(),
    created_at: z.string(),
    created_by: z.string(),
    last_sign_in_at: z.string().nullable(),
  })
  .meta({ id: 'Person' });
export type Person = z.infer<typeof person>;

export const personPatch = z.strictObject({ name: personName, admin: z.boolean() }).partial();

export const invite = z.strictObject({
  email,
  /** In the team; without a team it must be admin. */
  role: role.default('runner'),
  /** Id or name. null: no team, but an admin of the whole installation. */
  team: z.string().min(1).max(100).nullable().default('default'),
});
export const invitation = z.object({
  id: z.string(),
  email: z.string(),
  role,
  /** null: the whole installation. */
  team: z.string().nullable(),
  created_at: z.string(),
  created_by: z.string(),
  expires_at: z.string(),
});
export type Invitation = z.infer<typeof invitation>;
export const invited = invitation.extend({
  /** Shown only here. */
  link: z.string(),
  /** A mail with the link is on its way. Otherwise pass it on by a way that you trust. */
  mailed: z.boolean().default(false),
});
export const forgotPassword = z.strictObject({ email });
export const resetLink = z.object({ link: z.string(), expires_at: z.string() });

/** A signed-in or trusted browser. */
const browser = {
  id: z.string(),
  /** This very one. */
  current: z.boolean(),
  /** `Chrome 141 on Linux`, as far as it can be told. */
  browser: z.string(),
  address: z.string(),
  created_at: z.string(),
  /** To the minute. */
  last_seen_at: z.string(),
  expires_at: z.string(),
};
export const session = z.object({
  ...browser,
  /** password, invitation, admin_link, or the name of a provider. */
  method: z.string(),
});
export type Session = z.infer<typeof session>;
export const trustedDevice = z.object(browser);
export type TrustedDevice = z.infer<typeof trustedDevice>;
/** What the sign-in page offers. */
export const waysIn = <T extends z.ZodType>(item: T) =>
  z.object({
    items: z.array(item),
    /** Who has forgotten their password can ask for a link by mail. */
    reset_by_mail: z.boolean().default(false),
  });
export const items = <T extends z.ZodType>(item: T) => z.object({ items: z.array(item) });

export const newSecondFactor = z.object({
  /** Base32, to be typed into an authenticator. */
  secret: z.string(),
  /** The same as an otpauth:// address, for those that read it from a QR code. */
  uri: z.string(),
});
/** Each opens the account once when the authenticator is lost. */
export const backupCodes = z.object({ backup_codes: z.array(z.string()) });

export const teamName = z
  .string()
  .trim()
  .min(1)
  .max(100)
  .regex(/^[^\p{C}\p{Zl}\p{Zp}]+$/u, 'must not contain control or invisible characters');
export const teamWrite = z.strictObject({ name: teamName });
export const team = z.object({
  id: z.string(),
  name: z.string(),
  /** What the asking person or token may do there. */
  role,
  members: z.int(),
  projects: z.int(),
  created_at: z.string(),
});
export type Team = z.infer<typeof team>;
export const member = z.object({ person_id: z.string(), email: z.string(), name: z.string(), role });
export type Member = z.infer<typeof member>;
export const memberWrite = z.strictObject({ role });

/** Through whom people may sign in here. */
export const providerId = z.enum(['github', 'google', 'discord', 'oidc']);
export type ProviderId = z.infer<typeof providerId>;
export const provider = z.object({ id: providerId, name: z.string() });

/** A token of one's own, for the command line and programs: with one's own role in a team, or in all of them. */
export const ownTokenCreate = z.strictObject({
  name: z.string().trim().min(1).max(200).default('command line'),
  /** Id or name. Left out: all teams for admins of the installation, else the only one. */
  team: z.string().min(1).max(100).optional(),
  /** At most a year. */
  expires_in_seconds: z
    .int()
    .min(1)
    .max(366 * 24 * 3600)
    .default(90 * 24 * 3600),
});
