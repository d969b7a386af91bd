/** Says whose key or token a secret is. Answers are kept in memory: one process owns the database, so it knows of every change. */
import type { Clock } from '../../shared/base/clock.ts';
import { ROLES, type Role } from '../../shared/protocol/rest/roles.ts';
import type { Principal } from '../http/principal.ts';
import type { Database, ReadHandle } from '../storage/database.ts';
import { hashSecret, secretKind, type SecretKind } from './secrets.ts';

const MAX_KNOWN = 10_000;
const NOTE_USE_MS = 60_000;
/** How long an old worker key lives on when its worker did not get the new one. */
const ROTATION_GRACE_MS = 5 * 60_000;

interface Known {
  principal: Principal;
  /** Wall-clock milliseconds; null = never. */
  expiresAt: number | null;
  /** Of a session: when it was last used; it ends when it is not. */
  lastUsedAt: number | null;
  /** Of the key of a worker. */
  keyCreatedAt?: number;
}

export interface AuthenticatorOptions {
  db: Database;
  clock: Clock;
  /** For how long a session lives without being used. */
  sessionIdleMs: () => number;
  /** Milliseconds; Infinity: for ever. Asked at each use, because it is a setting. Default: for ever. */
  workerKeyLifeMs?: () => number;
  report: (error: unknown, during: string) => void;
}

/** Who shows what: programs a token or a worker's key in a header, browsers a session in a cookie. */
export type Shown = 'header' | 'cookie';
const KINDS: Record<Shown, readonly SecretKind[]> = { header: ['api', 'worker'], cookie: ['session'] };

export class Authenticator {
  readonly #db: Database;
  readonly #clock: Clock;
  readonly #sessionIdleMs: () => number;
  readonly #report: AuthenticatorOptions['report'];
  readonly #workerKeyLifeMs: () => number;
  readonly #known = new Map<string, Known>();
  /** Rises with each forget(), so that an answer read before it is not kept after it. */
  #generation = 0;
  /** When the use of a token or session was last written down, by its id. */
  readonly #noted = new Map<string, number>();
  /** Old key's hash → its worker, until the worker has shown the new key or `until` (monotonic) is over. */
  readonly #replaced = new Map<string, { workerId: string; until: number }>();

  constructor({ db, clock, sessionIdleMs, workerKeyLifeMs = () => Infinity, report }: AuthenticatorOptions) {
    this.#workerKeyLifeMs = workerKeyLifeMs;
    this.#db = db;
    this.#clock = clock;
    this.#sessionIdleMs = sessionIdleMs;
    this.#report = report;
  }

  /** The user or worker that a secret belongs to; null for unknown, expired and revoked ones, and for tokens that only work once. */
  async identify(secret: string, shown: Shown = 'header'): Promise<Principal | null> {
    const known = await this.#find(secret, shown);
    if (known === null) return this.#replacedKey(hashSecret(secret));
    const { principal } = known;
    if (principal.kind === 'worker') this.#endGrace(principal.workerId);
    else this.#noteUse(known, principal.session?.id ?? principal.id);
    return principal;
  }

  /** The same, without being a use: a page that was left open does not keep its session alive. */
  async look(secret: string, shown: Shown): Promise<Principal | null> {
    return (await this.#find(secret, shown))?.principal ?? this.#replacedKey(hashSecret(secret));
  }

  /** Forgets what it knew. Call it (after the commit) when a token or a key was revoked or replaced. */
  forget(): void {
    this.#generation += 1;
    this.#known.clear();
  }

  /** The worker asked for a new key: the old one goes on working for a while, in case the answer with the new one is lost. */
  replaceKey(workerId: string, oldHash: string): void {
    this.forget();
    this.#replaced.set(oldHash, { workerId, until: this.#clock.monotonic() + ROTATION_GRACE_MS });
  }

  /** Ends such graces of a worker at once. */
  dropReplacedKeys(workerId: string): void {
    this.forget();
    this.#endGrace(workerId);
  }

  async #find(secret: string, shown: Shown): Promise<Known | null> {
    const kind = secretKind(secret);
    if (kind === null || !KINDS[shown].includes(kind)) return null;
    const hash = hashSecret(secret);
    const known = this.#known.get(hash) ?? (await this.#readNow(kind, hash));
    const now = this.#clock.now();
    if (!known || (known.expiresAt !== null && known.expiresAt <= now)) return null;
    if (known.keyCreatedAt !== undefined && known.keyCreatedAt + this.#workerKeyLifeMs() <= now) return null;
    return known.lastUsedAt !== null && known.lastUsedAt + this.#sessionIdleMs() <= now ? null : known;
  }

  async #readNow(kind: SecretKind, hash: string): Promise<Known | undefined> {
    const generation = this.#generation;
    const find = kind === 'api' ? findToken : kind === 'worker' ? findWorker : findSession;
    const found = await this.#db.read((r) => find(r, hash));
    if (!found || generation !== this.#generation) return found;
    if (this.#known.size >= MAX_KNOWN) this.#known.clear();
    this.#known.set(hash, found);
    return found;
  }

  #replacedKey(hash: string): Principal | null {
    const entry = this.#replaced.get(hash);
    if (!entry) return null;
    if (entry.until > this.#clock.monotonic()) return { kind: 'worker', workerId: entry.workerId };
    this.#replaced.delete(hash);
    return null;
  }

  #endGrace(workerId: string): void {
    for (const [hash, entry] of this.#replaced) if (entry.workerId === workerId) this.#replaced.delete(hash);
  }

  #noteUse(known: Known, id: string): void {
    const now = this.#clock.now();
    const isSession = known.lastUsedAt !== null;
    if (isSession) known.lastUsedAt = now;
    const last = this.#noted.get(id);
    if (last !== undefined && Math.abs(now - last) < NOTE_USE_MS) return;
    if (this.#noted.size >= MAX_KNOWN) this.#noted.clear();
    this.#noted.set(id, now);
    const statement = isSession
      ? 'UPDATE sessions SET last_seen_at = ? WHERE id = ?'
      : 'UPDATE tokens SET last_used_at = ? WHERE id = ?';
    this.#db
      .write(async (w) => void (await w.run(statement, [now, id])))
      .catch((error: unknown) => this.#report(error, 'noting the use of a token or session'));
  }
}

async function findToken(r: ReadHandle, hash: string): Promise<Known | undefined> {
  const row = await r.get<{ id: string; name: string; role: Role; team_id: string | null; expires_at: number | null }>(
    "SELECT id, name, role, team_id, expires_at FROM tokens WHERE hash = ? AND kind = 'api' AND revoked_at IS NULL",
    [hash],
  );
  if (!row) return undefined;
  const { id, name, role, team_id: team } = row;
  const teams = team === null ? null : new Map([[team, role]]);
  const principal = { kind: 'user', id, name, role, teams, session: null } as const;
  return { principal, expiresAt: row.expires_at, lastUsedAt: null };
}

async function findWorker(r: ReadHandle, hash: string): Promise<Known | undefined> {
  const row = await r.get<{ id: string; key_created_at: number }>(
    'SELECT id, key_created_at FROM workers WHERE key_hash = ? AND revoked_at IS NULL',
    [hash],
  );
  const principal = { kind: 'worker' as const, workerId: row?.id ?? '' };
  return row && { principal, expiresAt: null, lastUsedAt: null, keyCreatedAt: row.key_created_at };
}

interface SessionRow {
  id: string;
  person_id: string;
  email: string;
  name: string;
  admin: number;
  /** JSON: pairs of team and role. */
  teams: string;
  last_seen_at: number;
  expires_at: number;
}

async function findSession(r: ReadHandle, hash: string): Promise<Known | undefined> {
  const row = await r.get<SessionRow>(
    `SELECT s.id, s.person_id, p.email, p.name, p.admin, s.last_seen_at, s.expires_at,
       (SELECT json_group_array(json_array(m.team_id, m.role)) FROM members m WHERE m.person_id = p.id) AS teams
     FROM sessions s JOIN people p ON p.id = s.person_id WHERE s.hash = ?`,
    [hash],
  );
  if (!row) return undefined;
  const teams = new Map(JSON.parse(row.teams) as [string, Role][]);
  const roles = [...teams.values()].sort((a, b) => ROLES.indexOf(b) - ROLES.indexOf(a));
  const rights =
    row.admin === 1 ? { role: 'admin' as const, teams: null } : { role: roles[0] ?? ('viewer' as const), teams };
  const session = { id: row.id, email: row.email };
  const principal = { kind: 'user' as const, id: row.person_id, name: row.name, ...rights, session };
  return { principal, expiresAt: row.expires_at, lastUsedAt: row.last_seen_at };
}
