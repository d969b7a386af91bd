/** What an updater is given. */
import type { Clock } from '../../shared/base/clock.ts';
import type { UpdateFacts } from '../../shared/model/update-policy.ts';
import type { UpdateKey } from '../../shared/model/update-trust.ts';
import type { UpdateStatus } from '../../shared/protocol/update.ts';
import type { FeedSource } from './http.ts';
import type { Installer } from './install/installer.ts';

export interface UpdaterLog {
  info(fields: object, text: string): void;
  warn(fields: object, text: string): void;
}

export interface UpdaterOptions {
  /** Of this program. */
  version: string;
  /** Absolute, its own. */
  folder: string;
  keys: readonly UpdateKey[];
  /** Where updates come from now; null: nowhere yet. */
  source: () => FeedSource | null;
  channel: () => string;
  /** Looking and loading without being asked. */
  automatic: () => boolean;
  platform: string;
  arch: string;
  /** Stable for as long as the machine is the same; decides who is first. */
  machineId: () => string;
  /** 0 ≤ x < 1, one per machine. */
  jitter: number;
  installer: Installer;
  /** What is going on; asked at each look. */
  machine: () => UpdateFacts['machine'] & { isShutOut: boolean };
  /** drain: take no new tasks; give_back: also give back what runs; null: take tasks again. */
  hold: (how: 'drain' | 'give_back' | null, reason: string) => void;
  /** Ends this program, so that the version that is installed now starts. */
  end: (why: string) => void;
  onStatus: (status: UpdateStatus) => void;
  clock: Clock;
  log: UpdaterLog;
}
