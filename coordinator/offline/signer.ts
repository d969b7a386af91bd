/** The coordinator's word for who may stand in for it: Ed25519, under a key that follows from the installation's own. */
import { createPrivateKey, createPublicKey, sign } from 'node:crypto';
import {
  STATEMENT_PURPOSE,
  type PromotionStatement,
  type StatementClaims,
} from '../../shared/protocol/offline/promotion.ts';

/** DER around the 32 bytes of an Ed25519 key (RFC 8410). */
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');

export class StatementSigner {
  readonly #key: ReturnType<typeof createPrivateKey>;
  /** Raw, base64url: what workers keep of us. */
  readonly publicKey: string;

  /** `seed`: 32 bytes for this purpose alone. */
  constructor(seed: Uint8Array) {
    this.#key = createPrivateKey({ key: Buffer.concat([PKCS8, seed]), format: 'der', type: 'pkcs8' });
    this.publicKey = createPublicKey(this.#key).export({ format: 'jwk' }).x ?? '';
  }

  sign(claims: StatementClaims): PromotionStatement {
    const text = JSON.stringify(claims);
    return {
      claims: text,
      signature: sign(null, Buffer.from(STATEMENT_PURPOSE + text), this.#key).toString('base64url'),
    };
  }
}
