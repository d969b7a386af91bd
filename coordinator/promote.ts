/** Makes the data folder of a promoted coordinator from a warm copy. Like main.ts it only puts together what the rooms know. */
import { randomInt } from 'node:crypto';
import { mkdir, open, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Logger } from 'pino';
import { systemClock } from '../shared/base/clock.ts';
import type { PromotionStatement } from '../shared/protocol/offline/promotion.ts';
import type { WarmCopy } from '../shared/protocol/offline/warm-copy.ts';
import { recordAudit, SYSTEM } from './audit/record.ts';
import { openDataKey } from './identity/data-key.ts';
import { markBaseline } from './merge/note.ts';
import { promoteOrigin } from './merge/origins.ts';
import { fillFromCopy } from './offline/fill.ts';
import { readPromotion, sealSync, writePromotion } from './offline/promotion.ts';
import { migrations } from './storage/migrations.ts';
import { openDatabase } from './storage/open.ts';

export interface PromoteOptions {
  /** Is made, and must not hold anything. */
  dataDir: string;
  copy: WarmCopy;
  /** When it was last as new as central, milliseconds since the epoch. */
  copiedAt: number;
  /** Values of secrets are opened, too. */
  withSecrets: boolean;
  central: { url: string; pin: string | null };
  machine: { id: string; name: string };
  /** Key of the certificate that the statement names, as PEM. */
  keyPem: string;
  statement: PromotionStatement;
  /** Credential with which central takes what was done here (pfy_…). */
  sync: string | null;
}

/** This program is older than the coordinator that the copy is of. */
export class OlderProgram extends Error {
  override readonly name = 'OlderProgram';
}

/**
 * What startCoordinator() needs to stand in for another one, in a folder of its own. The note that makes it a promoted one is stored in the same
 * commit as all the rest: cut off before that, it is none.
 * @throws OlderProgram
 */
export async function makePromoted(options: PromoteOptions, log: Logger): Promise<void> {
  const { dataDir, copy, central, machine, withSecrets } = options;
  if (copy.schema > migrations.length) {
    throw new OlderProgram(
      `The copy is of a coordinator with database version ${copy.schema}, this Playfleet knows up to ${migrations.length}: update it on this machine.`,
    );
  }
  const clock = systemClock;
  const report = (error: unknown, during: string) => log.warn({ err: error }, `${during} failed`);
  await mkdir(path.join(dataDir, 'tls'), { recursive: true, mode: 0o700 });
  await writeDurably(path.join(dataDir, 'tls', 'key.pem'), options.keyPem);
  const dataKey = await openDataKey(path.join(dataDir, 'secret.key'));
  const keys = { totp: dataKey.derive('second factors'), secrets: dataKey.derive('secrets') };
  const db = await openDatabase({ file: path.join(dataDir, 'playfleet.db'), migrations, clock, report });
  try {
    await db.write(async (w) => {
      const now = clock.now();
      const of = { origin: copy.origin, name: new URL(central.url).host };
      await promoteOrigin(w, { name: machine.name, of, random: randomInt(2 ** 40) / 2 ** 40 }, now);
      await fillFromCopy(w, copy, { keys, withSecrets }, now);
      await markBaseline(w);
      await writePromotion(w, {
        version: 1,
        central: { origin: copy.origin, ...central },
        machine: { worker_id: machine.id, name: machine.name },
        statement: options.statement,
        sync: options.sync === null ? null : sealSync(options.sync, dataKey.derive('bringing home')),
        since: now,
        copied_at: options.copiedAt,
        secrets: withSecrets && copy.secrets !== null && copy.secrets.length > 0,
        draining_since: null,
      });
      const data = { of: copy.origin, with_secrets: withSecrets };
      await recordAudit(w, { ...SYSTEM, action: 'promotion.began', target: machine.name, data }, now);
    });
  } finally {
    await db.close();
  }
}

/** Whether a folder holds a promoted coordinator: false for what was cut off while it was made. */
export async function isPromoted(dataDir: string, log: Logger): Promise<boolean> {
  if (!(await readdir(dataDir)).includes('playfleet.db')) return false;
  const report = (error: unknown, during: string) => log.warn({ err: error }, `${during} failed`);
  const db = await openDatabase({ file: path.join(dataDir, 'playfleet.db'), migrations, clock: systemClock, report });
  try {
    return (await db.read(readPromotion)) !== null;
  } finally {
    await db.close();
  }
}

/** Removes the whole folder. */
export const removePromoted = (dataDir: string): Promise<void> => rm(dataDir, { recursive: true, force: true });

async function writeDurably(file: string, text: string): Promise<void> {
  await writeFile(file, text, { mode: 0o600, flag: 'wx', flush: true });
  if (process.platform === 'win32') return;
  await using folder = await open(path.dirname(file), 'r');
  await folder.sync();
}
