/** `playfleet coordinator rotate-key`: gives a data folder a new key. Like main.ts it only puts together what the rooms know. */
import path from 'node:path';
import type { Logger } from 'pino';
import { systemClock } from '../shared/base/clock.ts';
import { recordAudit, SYSTEM } from './audit/record.ts';
import { rotateDataKey, type DataKey } from './identity/data-key.ts';
import { endJoinCodes } from './joining/queries.ts';
import { resealMails } from './mail/outbox.ts';
import { resealPromotion } from './offline/promotion.ts';
import { resealTotp } from './people/totp.ts';
import { resealSecrets } from './projects/secrets.ts';
import { resealSettings } from './settings/settings.ts';
import { migrations } from './storage/migrations.ts';
import { openDatabase } from './storage/open.ts';

/**
 * All that is sealed is sealed anew in one transaction, so that a kill leaves all of it under one key; the next start, or the next call,
 * finishes what was left. Throws StorageLockedError while a coordinator runs on the folder. Returns how many values there were.
 */
export async function rotateKey(dataDir: string, log: Logger): Promise<number> {
  const clock = systemClock;
  const report = (error: unknown, during: string) => log.warn({ err: error }, `${during} failed`);
  const db = await openDatabase({ file: path.join(dataDir, 'playfleet.db'), migrations, clock, report });
  try {
    return await rotateDataKey(path.join(dataDir, 'secret.key'), db, async (w, from: DataKey, to: DataKey) => {
      // Whatever else is ever sealed under the data key belongs here.
      const settings = await resealSettings(w, from.derive('settings'), to.derive('settings'));
      const secrets = await resealSecrets(w, from.derive('secrets'), to.derive('secrets'));
      const factors = await resealTotp(w, from.derive('second factors'), to.derive('second factors'));
      const mails = await resealMails(w, from.derive('mails'), to.derive('mails'));
      const promotions = await resealPromotion(w, from.derive('bringing home'), to.derive('bringing home'));
      await endJoinCodes(w, clock.now());
      const data = { settings, secrets, second_factors: factors, mails, promotions };
      await recordAudit(w, { ...SYSTEM, action: 'coordinator.key_rotated', data }, clock.now());
      return settings + secrets + factors + mails + promotions;
    });
  } finally {
    await db.close();
  }
}
