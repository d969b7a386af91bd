/** Makes a token. */
import { newId } from '../../shared/base/id.ts';
import { TOKEN_LIFE, type TokenKind } from '../../shared/protocol/rest/tokens.ts';
import type { WriteHandle } from '../storage/database.ts';
import { newSecret } from './secrets.ts';

export interface NewToken {
  kind: TokenKind;
  name: string;
  createdBy: string;
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
  const id = newId(now);
  const secret = newSecret(wanted.kind);
  const life = wanted.lifeSeconds ?? TOKEN_LIFE[wanted.kind].default;
  const expiresAt = life === null ? null : now + life * 1000;
  await w.run(
    'INSERT INTO tokens (id, kind, name, hash, created_at, created_by, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?)',
    [id, wanted.kind, wanted.name, secret.hash, now, wanted.createdBy, expiresAt],
  );
  return { id, secret: secret.text, expiresAt };
}
