/** Says whose key or token a secret is. Answers are kept in memory: one process owns the database, so it knows of every change. */
import type { Clock } from '../../shared/base/clock.ts';
import { ROLES, type Role } from '../../shared/protocol/rest/roles.ts';
import type { Principal } from '../http/principal.ts';
import type { Database, ReadHandle } from '../storage/database.ts';
import { hashSecret, secretKind, type SecretKind } from './secrets.ts';

const MAX_KNOWN = 10_000;
const NOTE_USE_MS = 60_000;

interface Known {
  principal: Principal;
  /** Wall-clock milliseconds; null = never. */
  expiresAt: number | null;
  /** Of a session: when it was last used; it ends when it is not. */
  lastUsedAt: number | null;
  /** Of the key of a worker. */
  keyCreatedAt?: number;
  /** A new key of a worker: its first use ends the old one. */
  endsOldKey?: boolean;
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
const KINDS: Record<Shown, readonly SecretKind[]> = { header: ['api', 'worker', 'sync'], cookie: ['session'] };

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
    if (known === null) return null;
    const { principal } = known;
    if (principal.kind === 'worker') {
      if (known.endsOldKey) await this.#endOldKey(principal.workerId);
    } else if (principal.kind === 'user') this.#noteUse(known, principal.session?.id ?? principal.id);
    return principal;
  }

  /** The same, without being a use: a page that was left open does not keep its session alive. */
  async look(secret: string, shown: Shown): Promise<Principal | null> {
    return (await this.#find(secret, shown))?.principal ?? null;
  }

  /** Forgets what it knew. Call it (after the commit) when a token or a key was revoked or replaced. */
  forget(): void {
    this.#generation += 1;
    this.#known.clear();
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
    const found = await this.#db.read(async (r) => FIND[kind]?.(r, hash));
    if (!found || generation !== this.#generation) return found;
    if (this.#known.size >= MAX_KNOWN) this.#known.clear();
    this.#known.set(hash, found);
    return found;
  }

  /** Where this cannot be stored the old key lives on: better than a worker that is refused because our disk is full. */
  async #endOldKey(workerId: string): Promise<void> {
    try {
      await this.#db.write(async (w) => {
        await w.run('UPDATE workers SET old_key_hash = NULL, old_key_created_at = NULL WHERE id = ?', [workerId]);
        w.afterCommit(() => this.forget());
      });
    } catch (error) {
      this.#report(error, 'ending the old key of a worker');
    }
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

const FIND: Partial<Record<SecretKind, (r: ReadHandle, hash: string) => Promise<Known | undefined>>> = {
  api: findToken,
  worker: findWorker,
  session: findSession,
  sync: findSyncCredential,
};

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
  const row = await r.get<{ id: string; is_newest: number; key_created_at: number; old_key_created_at: number | null }>(
    `SELECT id, key_hash = ? AS is_newest, key_created_at, old_key_created_at FROM workers
     WHERE (key_hash = ? OR old_key_hash = ?) AND revoked_at IS NULL`,
    [hash, hash, hash],
  );
  if (!row) return undefined;
  const isNewest = row.is_newest === 1;
  return {
    principal: { kind: 'worker', workerId: row.id },
    expiresAt: null,
    lastUsedAt: null,
    keyCreatedAt: isNewest ? row.key_created_at : (row.old_key_created_at ?? 0),
    endsOldKey: isNewest && row.old_key_created_at !== null,
  };
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

async function findSyncCredential(r: ReadHandle, hash: string): Promise<Known | undefined> {
  const row = await r.get<{ id: string; name: string }>(
    'SELECT id, name FROM sync_credentials WHERE hash = ? AND revoked_at IS NULL',
    [hash],
  );
  return row && { principal: { kind: 'sync', id: row.id, name: row.name }, expiresAt: null, lastUsedAt: null };
}
