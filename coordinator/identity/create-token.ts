/** Makes a token. */
import { newId } from '../../shared/base/id.ts';
import type { Role } from '../../shared/protocol/rest/roles.ts';
import { TOKEN_LIFE, type TokenKind } from '../../shared/protocol/rest/tokens.ts';
import type { WriteHandle } from '../storage/database.ts';
import { newSecret } from './secrets.ts';

export interface NewToken {
  kind: TokenKind;
  name: string;
  /** What an api token may do; null for the other kinds. */
  role: Role | null;
  createdBy: string;
  /** Bound to it; default: for all teams. */
  teamId?: string | null;
  /** Whose session asks for it. */
  personId?: string | null;
  /** Default: that of its kind. */
  lifeSeconds?: number | undefined;
}

export interface CreatedToken {
  id: string;
  /** The text to hand out; it cannot be had again. */
  secret: string;
  expiresAt: number | null;
}

export async function createToken(w: WriteHandle, wanted: NewToken, now: number): Promise<CreatedToken> {
  const { kind, name, role, createdBy, teamId = null, personId = null, lifeSeconds } = wanted;
  const id = newId(now);
  const secret = newSecret(kind);
  const life = lifeSeconds ?? TOKEN_LIFE[kind].default;
  const expiresAt = life === null ? null : now + life * 1000;
  await w.run(
    'INSERT INTO tokens (id, kind, name, role, hash, created_at, created_by, expires_at, team_id, person_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
    [id, kind, name, role, secret.hash, now, createdBy, expiresAt, teamId, personId],
  );
  return { id, secret: secret.text, expiresAt };
}
