/** Looks through the folder that electron-builder has filled: which packages and feed files a release consists of. */
import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { feedDisagreement } from '../../shared/model/update-trust.ts';
import { UPDATE_SCHEMA, type UpdateManifest, type UpdatePackage } from '../../shared/protocol/update.ts';
import { readFeedFile } from '../../src-main/updater/feed-file.ts';
import { sha512Of } from '../../src-main/updater/hash.ts';
import { ReleaseError } from './signing.ts';

export interface ReleaseFacts {
  version: string;
  channel: string;
  releasedAt: Date;
  signedAt: Date;
  expiresAt: Date;
  stagedPercent: number;
  minimumVersion: string;
}

/** By the end of the name. */
const FORMATS: readonly { end: string; format: UpdatePackage['format']; platform: UpdatePackage['platform'] }[] = [
  { end: '.AppImage', format: 'AppImage', platform: 'linux' },
  { end: '.deb', format: 'deb', platform: 'linux' },
  { end: '.tar.gz', format: 'tar.gz', platform: 'linux' },
  { end: '.exe', format: 'exe', platform: 'win32' },
  { end: '.zip', format: 'zip', platform: 'darwin' },
  { end: '.dmg', format: 'dmg', platform: 'darwin' },
];
const ARCHS: readonly [RegExp, UpdatePackage['arch']][] = [
  [/(x64|x86_64|amd64)/, 'x64'],
  [/(arm64|aarch64)/, 'arm64'],
  [/universal/, 'universal'],
];

/** Throws a ReleaseError for a folder that machines would refuse: an unknown architecture, feed files of other packages. */
export async function collectRelease(folder: string, facts: ReleaseFacts): Promise<UpdateManifest> {
  const names = (await readdir(folder)).sort();
  const packages: UpdatePackage[] = [];
  for (const name of names) {
    const kind = FORMATS.find(({ end }) => name.endsWith(end));
    if (!kind) continue;
    if (!name.includes(facts.version))
      throw new ReleaseError(
        `${name} does not name version ${facts.version}: files of another release must not lie beside it`,
      );
    const arch = ARCHS.find(([pattern]) => pattern.test(name))?.[1];
    if (!arch) throw new ReleaseError(`${name} does not name its architecture (x64, arm64, universal)`);
    packages.push({ ...(await described(folder, name)), platform: kind.platform, arch, format: kind.format });
  }
  if (packages.length === 0) throw new ReleaseError(`there is no package in ${folder}`);
  const feeds = names.filter((name) => name.endsWith('.yml') && !name.startsWith('builder-'));
  const manifest: UpdateManifest = {
    schema: UPDATE_SCHEMA,
    product: 'playfleet',
    version: facts.version,
    channel: facts.channel,
    released_at: facts.releasedAt.toISOString(),
    signed_at: facts.signedAt.toISOString(),
    expires_at: facts.expiresAt.toISOString(),
    staged_percent: facts.stagedPercent,
    minimum_version: facts.minimumVersion,
    feeds: await Promise.all(feeds.map((name) => described(folder, name))),
    packages,
  };
  for (const name of feeds) {
    const feed = readFeedFile(await readFile(path.join(folder, name), 'utf8'));
    const problem = 'problem' in feed ? feed.problem : feedDisagreement(feed, manifest);
    if (problem !== null) throw new ReleaseError(`${name} does not fit the packages beside it: ${problem}`);
  }
  return manifest;
}

async function described(folder: string, name: string): Promise<{ name: string; size: number; sha512: string }> {
  const file = path.join(folder, name);
  return { name, size: (await stat(file)).size, sha512: await sha512Of(file) };
}
