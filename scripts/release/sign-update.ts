/**
 * `node scripts/release/sign-update.ts FOLDER --key FILE`: signs what electron-builder has put into FOLDER, and writes the manifest beside
 * it as `playfleet-<channel>.json`. The key comes from a file or, for a workflow, from PLAYFLEET_UPDATE_SIGNING_KEY (PEM); its passphrase
 * from PLAYFLEET_UPDATE_PASSPHRASE. Two --key sign with both, while a key is being replaced. With --pinned, nothing is signed that builds of
 * this repository would refuse. docs/updates.md says when to use what.
 */
import { readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import packageJson from '../../package.json' with { type: 'json' };
import pinned from '../../resources/update-keys.json' with { type: 'json' };
import { keyId, openEnvelope } from '../../shared/model/update-trust.ts';
import { envelopeName, updateEnvelope, updateManifest, type UpdateManifest } from '../../shared/protocol/update.ts';
import { collectRelease } from './collect.ts';
import { whyNotSignedBy } from './pinned.ts';
import { publicKeyOf, readKey, readKeyFrom, ReleaseError, signManifest } from './signing.ts';

const DAY_MS = 86_400_000;

try {
  await main();
} catch (error) {
  if (!(error instanceof ReleaseError) && (error as { code?: string }).code?.startsWith('ERR_PARSE_ARGS') !== true)
    throw error;
  console.error(`sign-update: ${(error as Error).message}`);
  process.exitCode = 2;
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      key: { type: 'string', multiple: true },
      channel: { type: 'string', default: 'stable' },
      version: { type: 'string', default: packageJson.version },
      days: { type: 'string', default: '90' },
      staged: { type: 'string', default: '100' },
      minimum: { type: 'string', default: '0.1.0' },
      pinned: { type: 'boolean', default: false },
    },
  });
  const [folder, ...rest] = positionals;
  if (folder === undefined || rest.length > 0)
    throw new ReleaseError('name one folder, with the packages of one release');
  const passphrase = process.env['PLAYFLEET_UPDATE_PASSPHRASE'] ?? null;
  const given = process.env['PLAYFLEET_UPDATE_SIGNING_KEY'];
  const keys = (values.key ?? []).map((file) => readKeyFrom(file, passphrase));
  if (given !== undefined) keys.push(readKey(given, passphrase, 'PLAYFLEET_UPDATE_SIGNING_KEY'));
  if (keys.length === 0)
    throw new ReleaseError('name the key with --key FILE, or put it into PLAYFLEET_UPDATE_SIGNING_KEY');
  const publicKeys = keys.map(publicKeyOf);
  const unknown = whyNotSignedBy(publicKeys, pinned.keys);
  if (values.pinned && unknown !== null) throw new ReleaseError(unknown);
  const now = new Date();
  const file = path.join(folder, envelopeName(values.channel));
  const before = await manifestIn(file);
  const manifest = await collectRelease(folder, {
    version: values.version,
    channel: values.channel,
    // The same version signed again has not come out again.
    releasedAt: before?.version === values.version ? new Date(before.released_at) : now,
    signedAt: now,
    expiresAt: new Date(now.getTime() + numberIn('--days', values.days, 1, 730) * DAY_MS),
    stagedPercent: numberIn('--staged', values.staged, 0, 100),
    minimumVersion: values.minimum,
  });
  const text = `${JSON.stringify(await signManifest(manifest, keys), null, 2)}\n`;
  const checked = await openEnvelope(text, publicKeys);
  if (!checked.ok) throw new ReleaseError(`what was signed cannot be read again: ${checked.why}`);
  await writeFile(`${file}.part`, text);
  await rename(`${file}.part`, file);
  console.log(
    `${file}: ${manifest.version} on ${manifest.channel}, ${manifest.staged_percent} %, until ${manifest.expires_at.slice(0, 10)}`,
  );
  console.log(
    `${manifest.packages.length} packages, ${manifest.feeds.length} feed files, signed with ${(await Promise.all(publicKeys.map(keyId))).join(', ')}`,
  );
  if (unknown !== null) console.log(`note: ${unknown}`);
}

function numberIn(flag: string, text: string, least: number, most: number): number {
  const number = Number(text);
  if (text.trim() === '' || !(number >= least && number <= most))
    throw new ReleaseError(`${flag} must be a number from ${least} to ${most}`);
  return number;
}

async function manifestIn(file: string): Promise<UpdateManifest | null> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (text === null) return null;
  try {
    return updateManifest.parse(JSON.parse(updateEnvelope.parse(JSON.parse(text)).manifest));
  } catch (error) {
    throw new ReleaseError(`${file} is there and holds no manifest: remove it`, { cause: error });
  }
}
