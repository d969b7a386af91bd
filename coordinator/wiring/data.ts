/** Opens what lies in the data folder: the database and what is read from it once, blobs, keys, the certificate. */
import path from 'node:path';
import { BlobStore } from '../artifacts/blob-store.ts';
import { DenialLog } from '../audit/denials.ts';
import { EventFeed } from '../events/feed.ts';
import { finishRotation, openDataKey } from '../identity/data-key.ts';
import { ownOrigin } from '../merge/origins.ts';
import { readPromotion } from '../offline/promotion.ts';
import { Policies } from '../policies/policies.ts';
import { ProjectSecrets } from '../projects/secrets.ts';
import { Settings } from '../settings/settings.ts';
import { migrations } from '../storage/migrations.ts';
import { openDatabase } from '../storage/open.ts';
import { openTls } from '../tls.ts';
import type { Start } from './start.ts';

export type Data = Awaited<ReturnType<typeof openData>>;

export interface DataOptions {
  /** Names of the strategies that settings may choose. */
  strategies: readonly string[];
  /** Settings have changed. */
  onSettings: () => void;
}

/** Rejects with an error that says what to mend: data in use, newer data, disk full. */
export async function openData({ config, clock, report, stops }: Start, { strategies, onSettings }: DataOptions) {
  const db = await openDatabase({ file: path.join(config.dataDir, 'playfleet.db'), migrations, clock, report });
  stops.add(() => db.close());
  const tls = await openTls(config, clock.now());
  const feed = await EventFeed.open(db, clock);
  stops.add(() => feed.close());
  const store = await BlobStore.open(path.join(config.dataDir, 'blobs'), db, clock);
  const promotion = await db.read(readPromotion);
  const denials = new DenialLog({ db, clock, report });
  stops.add(() => denials.close());
  const keyFile = path.join(config.dataDir, 'secret.key');
  await finishRotation(keyFile, db);
  const dataKey = await openDataKey(keyFile);
  const settings = await Settings.open({
    db,
    key: dataKey.derive('settings'),
    strategies,
    onChange: onSettings,
    report,
  });
  const policies = await Policies.open(db);
  const { id: originId } = await db.read(ownOrigin);
  const secretsKey = dataKey.derive('secrets');
  const secrets = await ProjectSecrets.open({ db, key: secretsKey, report });
  return { db, tls, feed, store, promotion, denials, dataKey, settings, policies, originId, secretsKey, secrets };
}
