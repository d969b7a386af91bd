/** Says whose key or token a secret is. Answers are kept in memory: one process owns the database, so it knows of every change. */
import type { Clock } from '../../shared/base/clock.ts';
import type { Role } from '../../shared/protocol/rest/roles.ts';
import type { Principal } from '../http/principal.ts';
import type { Database, ReadHandle } from '../storage/database.ts';
import { hashSecret, secretKind } from './secrets.ts';

const MAX_KNOWN = 10_000;
const NOTE_USE_MS = 60_000;
/** How long an old worker key lives on when its worker did not get the new one. */
const ROTATION_GRACE_MS = 5 * 60_000;

interface Known {
  principal: Principal;
  /** Wall-clock milliseconds; null = never. */
  expiresAt: number | null;
}

export interface AuthenticatorOptions {
  db: Database;
  clock: Clock;
  report: (error: unknown, during: string) => void;
}

export class Authenticator {
  readonly #db: Database;
  readonly #clock: Clock;
  readonly #report: AuthenticatorOptions['report'];
  readonly #known = new Map<string, Known>();
  /** Rises with each forget(), so that an answer read before it is not kept after it. */
  #generation = 0;
  /** When the use of an api token was last written down, by token id. */
  readonly #noted = new Map<string, number>();
  /** Old key's hash → its worker, until the worker has shown the new key or `until` (monotonic) is over. */
  readonly #replaced = new Map<string, { workerId: string; until: number }>();

  constructor({ db, clock, report }: AuthenticatorOptions) {
    this.#db = db;
    this.#clock = clock;
    this.#report = report;
  }

  /** The user or worker that a secret belongs to; null for unknown, expired and revoked ones, and for tokens that only work once. */
  async identify(secret: string): Promise<Principal | null> {
    const kind = secretKind(secret);
    if (kind !== 'api' && kind !== 'worker') return null;
    const hash = hashSecret(secret);
    const now = this.#clock.now();
    const known = this.#known.get(hash) ?? (await this.#look(kind, hash));
    if (!known || (known.expiresAt !== null && known.expiresAt <= now)) return this.#replacedKey(hash);
    if (known.principal.kind === 'user') this.#noteUse(known.principal.id, now);
    else this.#endGrace(known.principal.workerId);
    return known.principal;
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

  async #look(kind: 'api' | 'worker', hash: string): Promise<Known | undefined> {
    const generation = this.#generation;
    const found = await this.#db.read((r) => (kind === 'api' ? findToken(r, hash) : findWorker(r, hash)));
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

  #noteUse(tokenId: string, now: number): void {
    const last = this.#noted.get(tokenId);
    if (last !== undefined && Math.abs(now - last) < NOTE_USE_MS) return;
    this.#noted.set(tokenId, now);
    this.#db
      .write(async (w) => void (await w.run('UPDATE tokens SET last_used_at = ? WHERE id = ?', [now, tokenId])))
      .catch((error: unknown) => this.#report(error, 'noting the use of a token'));
  }
}

async function findToken(r: ReadHandle, hash: string): Promise<Known | undefined> {
  const row = await r.get<{ id: string; name: string; role: Role; expires_at: number | null }>(
    "SELECT id, name, role, expires_at FROM tokens WHERE hash = ? AND kind = 'api' AND revoked_at IS NULL",
    [hash],
  );
  return row && { principal: { kind: 'user', id: row.id, name: row.name, role: row.role }, expiresAt: row.expires_at };
}

async function findWorker(r: ReadHandle, hash: string): Promise<Known | undefined> {
  const row = await r.get<{ id: string }>('SELECT id FROM workers WHERE key_hash = ? AND revoked_at IS NULL', [hash]);
  return row && { principal: { kind: 'worker', workerId: row.id }, expiresAt: null };
}
