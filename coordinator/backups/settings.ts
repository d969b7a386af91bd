/** What an installation's settings say about backups. */
import path from 'node:path';
import type { SettingValues } from '../settings/registry.ts';
import type { KeepRule } from './rules/retention.ts';
import type { Schedule } from './rules/schedule.ts';

export interface BackupSettings {
  schedule: Schedule;
  keep: KeepRule;
  /** Absolute. */
  folder: string;
  /** As an admin has named it; null: it lies in the data folder, whose place is nobody's business. */
  namedFolder: string | null;
  artifacts: boolean;
  passphrase: string | null;
}

export function backupSettings(values: Readonly<SettingValues>, dataDir: string): BackupSettings {
  const zone = values.backup_zone;
  const { backup_schedule: every, backup_time: time, backup_weekday: weekday } = values;
  return {
    schedule: { every, time, weekday, zone },
    keep: { daily: values.backup_keep_daily, weekly: values.backup_keep_weekly, zone },
    folder: values.backup_folder ?? path.join(dataDir, 'backups'),
    namedFolder: values.backup_folder ?? null,
    artifacts: values.backup_artifacts,
    passphrase: values.backup_passphrase,
  };
}
