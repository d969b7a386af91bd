/** What goes on by itself beside the engine: tidying, giving up runs, reports, backups, and what is brought home from elsewhere. */
import os from 'node:os';
import path from 'node:path';
import { BackupKeeper } from '../backups/keeper.ts';
import { backupSettings } from '../backups/settings.ts';
import { Applier } from '../merge/apply.ts';
import { connectCentral } from '../merge/central.ts';
import { nameOrigin } from '../merge/origins.ts';
import { Upload } from '../merge/upload.ts';
import { cancelAllRuns } from '../offline/cancel-all.ts';
import { HomeComing } from '../offline/homecoming.ts';
import { openSync } from '../offline/promotion.ts';
import { startGivingUp } from '../operations/fail-unservable.ts';
import { startTidying } from '../operations/tidy.ts';
import { ReportLoop } from '../reports/report-loop.ts';
import { migrations } from '../storage/migrations.ts';
import { WithdrawnFiles } from '../updates/withdrawn-files.ts';
import type { Access } from './access.ts';
import type { Data } from './data.ts';
import type { Engine } from './engine.ts';
import type { Start } from './start.ts';

export type Background = Awaited<ReturnType<typeof startBackground>>;

interface BackgroundParts {
  data: Data;
  access: Pick<Access, 'authenticator'>;
  engine: Pick<Engine, 'dispatch'>;
}

export async function startBackground(start: Start, { data, access, engine }: BackgroundParts) {
  const { config, version, log, clock, report, stops } = start;
  const { db, store, settings, policies } = data;
  stops.add(startTidying({ db, clock, report }));
  stops.add(
    startGivingUp({
      db,
      clock,
      timeoutMs: () => settings.values.unservable_timeout_seconds * 1000,
      enabled: () => settings.values.scheduler_enabled,
      report,
    }),
  );
  const reports = new ReportLoop({
    db,
    clock,
    store,
    workDir: path.join(config.dataDir, 'reports'),
    nodePath: process.execPath,
    log,
  });
  stops.add(() => reports.stop());
  const backups = { settings: () => backupSettings(settings.values, config.dataDir) };
  const keeper = await BackupKeeper.open({ db, clock, dataDir: config.dataDir, version, ...backups, report });
  stops.add(() => keeper.stop());
  const withdrawn = WithdrawnFiles.begin({ db, clock, store, report });
  stops.add(() => withdrawn.stop());
  await db.write((w) => nameOrigin(w, os.hostname()));
  const registers = { settings, policies, forget: () => access.authenticator.forget() };
  const applier = new Applier({ db, clock, registers, report });
  stops.add(() => applier.stop());
  const home = await goingHome(start, data, engine);
  stops.add(() => home?.stop());
  return { backups, keeper, registers, applier, home };
}

/** null: this coordinator was not promoted. */
async function goingHome(
  { clock }: Start,
  { db, store, promotion, dataKey }: Data,
  { dispatch }: Pick<Engine, 'dispatch'>,
): Promise<HomeComing | null> {
  if (promotion === null) return null;
  const token = openSync(promotion, dataKey.derive('bringing home'));
  const central = token === null ? null : connectCentral({ ...promotion.central, token });
  return HomeComing.open({
    db,
    clock,
    upload:
      central &&
      ((onChange) =>
        new Upload({ db, store, clock, central, schema: migrations.length, random: Math.random, onChange })),
    cancelRuns: ({ actorName }) => cancelAllRuns(db, `the promotion was ended by ${actorName}`, () => clock.now()),
    sendHome: (reason) => dispatch.link.sendHome(reason),
  });
}
