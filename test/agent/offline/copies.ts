/** Copies of a coordinator that never was, and their keeper, for tests that need none. */
import { createCipheriv, randomBytes } from 'node:crypto';
import path from 'node:path';
import { mkdirSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { systemClock } from '../../../shared/base/clock.ts';
import { COPIED_TABLES, type WarmCopy } from '../../../shared/protocol/offline/warm-copy.ts';
import type { CopyKeys } from '../../../src-main/agent/offline/copy-key.ts';
import { CopyKeeper } from '../../../src-main/agent/offline/copy-keeper.ts';
import { writeCopyState, type CopyState } from '../../../src-main/agent/offline/copy-state.ts';
import { placesIn, type OfflinePlaces } from '../../../src-main/agent/offline/places.ts';
import { sealCopy, writeSealed } from '../../../src-main/agent/offline/sealed-copy.ts';
import type { Log } from '../../../src-main/agent/log.ts';

const tables = Object.fromEntries(COPIED_TABLES.map((name) => [name, []])) as unknown as WarmCopy['tables'];

export const anyCopy: WarmCopy = {
  version: 1,
  origin: 'central',
  schema: 19,
  hashes: {},
  tables: { ...tables, people: [{ id: 'p', email: 'ada@example.com', totp_secret: 'JBSWY3DPEHPK3PXP' }] },
  secrets: null,
  history: [],
  cursor: '0//',
};

const secret = {
  id: 's',
  project_id: 'shop',
  environment: 'default',
  name: 'API_KEY',
  value: 'hunter22',
  in_discovery: 0 as const,
  created_at: 1,
  updated_at: 1,
  updated_by: 'ada',
};
export const copyWithSecrets: WarmCopy = { ...anyCopy, secrets: [secret], hashes: { secrets: '0123456789abcdef' } };

/** As copies were sealed before a key could be given: the header names none. */
export function sealedAsBefore(copy: WarmCopy, key: Uint8Array): Buffer {
  const head = `${JSON.stringify({ playfleet: 'warm copy', version: 1, origin: copy.origin })}\n`;
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(head));
  const sealed = Buffer.concat([cipher.update(gzipSync(JSON.stringify(copy))), cipher.final()]);
  return Buffer.concat([Buffer.from(head), nonce, cipher.getAuthTag(), sealed]);
}

/** What lies in `own` of an agent that has fetched `copy`. */
export async function placeCopy(own: string, copy: WarmCopy, keys: CopyKeys): Promise<OfflinePlaces> {
  const places = placesIn(own);
  mkdirSync(path.dirname(places.copy), { recursive: true });
  await writeSealed(places.copy, await sealCopy(copy, keys));
  const state: CopyState = {
    version: 1,
    central: { origin: copy.origin, signingKey: 'A'.repeat(43), url: 'http://127.0.0.1:9', pin: null },
    worker: { id: 'w', name: 'laptop' },
    fresh_at: 1,
    hashes: copy.hashes,
    cursor: copy.cursor,
    etag: '"as it was"',
    secrets: copy.secrets !== null,
    tests: 0,
    bytes: 1,
    statement: { claims: '{}', signature: 'A'.repeat(86) },
    problem: null,
  };
  await writeCopyState(places.copyState, state);
  return places;
}

/** Of a machine whose coordinator is away. */
export function keeperOf(places: OfflinePlaces, keys: CopyKeys, log: Log, copySecrets = false): CopyKeeper {
  return new CopyKeeper({
    places,
    keys,
    key: { url: 'http://127.0.0.1:9', pin: null, workerId: 'w', name: 'laptop', apiKey: 'k' },
    copySecrets,
    runsAsOther: false,
    clock: systemClock,
    random: () => 0.5,
    log,
  });
}
