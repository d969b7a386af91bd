/** Looks into a feed: what it offers to this machine, once everything about it has been checked. */
import { createHash } from 'node:crypto';
import type { Clock } from '../../shared/base/clock.ts';
import {
  feedDisagreement,
  judgeManifest,
  openEnvelope,
  packageFor,
  type Judged,
  type MachineFacts,
  type UpdateKey,
} from '../../shared/model/update-trust.ts';
import {
  envelopeName,
  MAX_ENVELOPE_BYTES,
  STAGED_HEADER,
  type PackageFormat,
  type UpdateManifest,
  type UpdatePackage,
} from '../../shared/protocol/update.ts';
import { retry, type RetryPolicy } from '../transfer/retry.ts';
import { getSmallFile, type FeedSource } from './http.ts';

export interface Offer {
  manifest: UpdateManifest;
  package: UpdatePackage;
}

export interface Looked {
  judged: Judged<Offer>;
  /** What the feed shows now, where it is genuine: nothing older is believed from then on. */
  seen: { version: string; signedAt: number } | null;
}

export interface LookOptions {
  source: FeedSource;
  keys: readonly UpdateKey[];
  machine: Omit<MachineFacts, 'fleetPercent'>;
  target: { platform: string; arch: string; format: PackageFormat };
  clock: Clock;
  signal?: AbortSignal;
}

const RETRY: RetryPolicy = { tries: 3, backoff: { baseMs: 500, maxMs: 5000 }, longestWaitMs: 10_000 };
/** Genuine, whatever becomes of it here. */
const SEEN_ALL_THE_SAME = new Set(['marked_bad', 'too_old', 'no_package', 'feed_disagrees']);

/** Throws TryAgain or UpdateError where the feed cannot be read; what it says is never an error. */
export async function lookIntoFeed(options: LookOptions): Promise<Looked> {
  const { source, keys, machine, clock, signal } = options;
  const found = await retry(RETRY, clock, signal, () =>
    getSmallFile(source, envelopeName(machine.channel), MAX_ENVELOPE_BYTES, { clock, signal }),
  );
  if (found === null) {
    const why = `the feed offers nothing on the channel ${machine.channel}`;
    return { judged: { ok: false, passed: 'installed', why }, seen: null };
  }
  const opened = await openEnvelope(found.bytes.toString(), keys);
  if (!opened.ok) return { judged: opened, seen: null };
  const manifest = opened.value;
  const percent = found.headers.get(STAGED_HEADER);
  const fleetPercent = percent !== null && /^\d{1,3}(\.\d+)?$/.test(percent) ? Number(percent) : null;
  const judged = await judgeManifest(manifest, { ...machine, fleetPercent });
  const offered = judged.ok ? await offerIn(manifest, options) : judged;
  const isGenuine = offered.ok || 'passed' in offered || SEEN_ALL_THE_SAME.has(offered.refused);
  return {
    judged: offered,
    seen: isGenuine ? { version: manifest.version, signedAt: Date.parse(manifest.signed_at) } : null,
  };
}

async function offerIn(manifest: UpdateManifest, options: LookOptions): Promise<Judged<Offer>> {
  const { source, target, clock, signal } = options;
  const fitting = packageFor(manifest, target);
  if (fitting === null) {
    const what = `${target.format} for ${target.platform} ${target.arch}`;
    return { ok: false, refused: 'no_package', why: `${manifest.version} has no ${what}` };
  }
  for (const { name, size, sha512 } of manifest.feeds) {
    const file = await retry(RETRY, clock, signal, () => getSmallFile(source, name, size, { clock, signal }));
    const problem = await problemOf(file?.bytes ?? null, sha512, manifest);
    if (problem !== null)
      return { ok: false, refused: 'feed_disagrees', why: `${name} does not fit the manifest: ${problem}` };
  }
  return { ok: true, value: { manifest, package: fitting } };
}

async function problemOf(bytes: Buffer | null, sha512: string, manifest: UpdateManifest): Promise<string | null> {
  if (bytes === null) return 'it is not there';
  if (createHash('sha512').update(bytes).digest('base64') !== sha512) return 'it was changed after signing';
  // Only where there is an update: a worker need not hold the parser in memory for months.
  const { readFeedFile } = await import('./feed-file.ts');
  const feed = readFeedFile(bytes.toString());
  return 'problem' in feed ? feed.problem : feedDisagreement(feed, manifest);
}
