/** Makes join codes, and exchanges each for a join token with whoever proves to know it (shared/protocol/joining.ts). */
import { randomBytes } from 'node:crypto';
import type { Clock } from '../../shared/base/clock.ts';
import { newId } from '../../shared/base/id.ts';
import {
  base64url,
  isProof,
  lookupOf,
  proofOf,
  sealAnswer,
  SALT_BYTES,
  type Exchange,
} from '../../shared/protocol/joining.ts';
import { withPin } from '../../shared/protocol/pin.ts';
import { recordAudit, type Actor } from '../audit/record.ts';
import { Refusal } from '../http/refusal.ts';
import { createToken } from '../identity/create-token.ts';
import { seal, unseal } from '../identity/data-key.ts';
import type { Database, WriteHandle } from '../storage/database.ts';
import { CodeHash, newJoinCode } from './hash-code.ts';
import { MOST_TRIES } from './queries.ts';

/** A challenge is answered within it: a slow machine takes some seconds for the hash. */
const CHALLENGE_MS = 60_000;
/** The token is shown the moment it is made. */
const TOKEN_SECONDS = 600;
/** Of the installation, at once. */
const MOST_ACTIVE = 200;

export interface JoinCodesOptions {
  db: Database;
  clock: Clock;
  /** 32 bytes, of the data key. */
  key: Uint8Array;
  /** The same for as long as that key is. */
  salt: Uint8Array;
  /** Of the key that connections show; null: they are not encrypted by this coordinator. */
  shownPin: string | null;
  /** Goes along with tokens; null: authorities vouch for the certificate. */
  pin: string | null;
  /** What the coordinator is called, for people. */
  name: string;
}

export interface NewJoinCode {
  name: string;
  teamId: string | null;
  createdBy: string;
  personId: string | null;
  lifeMs: number;
}

interface Found {
  id: string;
  name: string;
  team_id: string | null;
  created_by: string;
  person_id: string | null;
  sealed_key: string;
  tries: number;
}

export class JoinCodes {
  readonly #options: JoinCodesOptions;
  readonly #salt: string;
  readonly #hash = new CodeHash();

  constructor(options: JoinCodesOptions) {
    this.#options = options;
    this.#salt = base64url(options.salt.slice(0, SALT_BYTES));
  }

  /** The words, and what is to be stored of them by `insert`. Throws a 409 where connections are not encrypted. */
  async prepare(): Promise<{
    code: string;
    insert: (w: WriteHandle, wanted: NewJoinCode, now: number) => Promise<string>;
  }> {
    const code = newJoinCode();
    const key = await this.#hash.hash(code, this.#salt, this.#shownPin());
    const lookup = await lookupOf(key);
    const insert = async (w: WriteHandle, wanted: NewJoinCode, now: number): Promise<string> => {
      const active = await w.get<{ n: number }>(
        'SELECT count(*) AS n FROM join_codes WHERE expires_at > ? AND sealed_key IS NOT NULL',
        [now],
      );
      if ((active?.n ?? 0) >= MOST_ACTIVE)
        throw new Refusal(
          409,
          'too_many_codes',
          `${MOST_ACTIVE} join codes wait to be used. Revoke some, or wait ten minutes.`,
        );
      const id = newId(now);
      const sealed = seal(base64url(key), this.#options.key, placeOf(id));
      const { name, createdBy, teamId, personId, lifeMs } = wanted;
      await w.run(
        'INSERT INTO join_codes (id, name, team_id, created_at, created_by, person_id, expires_at, lookup, sealed_key) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
        [id, name, teamId, now, createdBy, personId, now + lifeMs, lookup, sealed],
      );
      return id;
    };
    return { code, insert };
  }

  /** What a machine needs to show that it knows a code; says nothing about which codes there are. */
  hello(nonce: string): { salt: string; challenge: string } {
    this.#shownPin();
    const { clock, key } = this.#options;
    const text = JSON.stringify({ nonce, until: clock.now() + CHALLENGE_MS, own: base64url(randomBytes(16)) });
    return { salt: this.#salt, challenge: base64url(Buffer.from(seal(text, key, 'challenge'), 'base64')) };
  }

  /** Throws one and the same 401 for a code that is unknown, over, used, locked or wrongly proven. */
  async prove(
    shown: { challenge: string; nonce: string; lookup: string; proof: string },
    actor: Actor,
  ): Promise<{ proof: string; sealed: string }> {
    const { db, clock, key: sealing, pin, name } = this.#options;
    const { challenge, nonce } = shown;
    const exchange: Exchange = { pin: this.#shownPin(), salt: this.#salt, nonce, challenge };
    this.#requireOwn(challenge, nonce);
    // Counted before anything is looked at: many tries at once gain nothing.
    const found = await db.write((w) => countTry(w, shown.lookup, clock.now()));
    if (!found) throw refused();
    const text = unseal(found.sealed_key, sealing, placeOf(found.id));
    if (text === null) throw refused();
    const key = new Uint8Array(Buffer.from(text, 'base64url'));
    if (!(await isProof(key, 'machine', exchange, shown.proof))) {
      if (found.tries >= MOST_TRIES) await db.write((w) => this.#noteLocked(w, found, actor));
      throw refused();
    }
    const token = await db.write((w) => this.#spend(w, found, actor));
    return {
      proof: await proofOf(key, 'coordinator', exchange),
      sealed: await sealAnswer(key, exchange, JSON.stringify({ token: withPin(token, pin), name })),
    };
  }

  /** In one command: of two that prove it at once, one gets a token. */
  async #spend(w: WriteHandle, code: Found, actor: Actor): Promise<string> {
    const now = this.#options.clock.now();
    const { changes } = await w.run(
      `UPDATE join_codes SET used_at = ?, sealed_key = NULL
       WHERE id = ? AND used_at IS NULL AND revoked_at IS NULL AND expires_at > ?`,
      [now, code.id, now],
    );
    if (changes === 0) throw refused();
    const { name, created_by: createdBy, team_id: teamId, person_id: personId } = code;
    const wanted = { kind: 'join', name, role: null, createdBy, teamId, personId, lifeSeconds: TOKEN_SECONDS } as const;
    const made = await createToken(w, wanted, now);
    await w.run('UPDATE join_codes SET token_id = ? WHERE id = ?', [made.id, code.id]);
    const data = { id: code.id, token: made.id, by: createdBy };
    await recordAudit(w, { ...actor, action: 'join_code.used', target: name, data }, now);
    return made.secret;
  }

  async #noteLocked(w: WriteHandle, { id, name }: Found, actor: Actor): Promise<void> {
    await w.run('UPDATE join_codes SET sealed_key = NULL WHERE id = ?', [id]);
    const data = { id, tries: MOST_TRIES };
    await recordAudit(w, { ...actor, action: 'join_code.locked', target: name, data }, this.#options.clock.now());
  }

  #requireOwn(challenge: string, nonce: string): void {
    const { clock, key } = this.#options;
    const text = unseal(Buffer.from(challenge, 'base64url').toString('base64'), key, 'challenge');
    const said = text === null ? null : (JSON.parse(text) as { nonce: string; until: number });
    if (said === null || said.nonce !== nonce || said.until <= clock.now()) throw refused();
  }

  #shownPin(): string {
    const { shownPin } = this.#options;
    if (shownPin !== null) return shownPin;
    throw new Refusal(
      409,
      'needs_tls',
      'Join codes need connections that this coordinator encrypts itself: start it with --tls, or use a join token (playfleet token create --join).',
    );
  }
}

const placeOf = (id: string): string => `join_codes ${id}`;

/** The code that is asked for with one try fewer; undefined where it may not be tried any more. */
const countTry = (w: WriteHandle, lookup: string, now: number): Promise<Found | undefined> =>
  w.get<Found>(
    `UPDATE join_codes SET tries = tries + 1
     WHERE lookup = ? AND tries < ? AND used_at IS NULL AND revoked_at IS NULL AND expires_at > ? AND sealed_key IS NOT NULL
     RETURNING id, name, team_id, created_by, person_id, sealed_key, tries`,
    [lookup, MOST_TRIES, now],
  );

const refused = (): Refusal =>
  new Refusal(
    401,
    'token_refused',
    'This join code is not known here, was used already, or is over: each works once, for ten minutes. Check the words, or make a new one on the page of the workers.',
    { headers: { 'www-authenticate': 'Bearer realm="playfleet"' } },
  );
