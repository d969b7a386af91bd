import { expect, test } from 'vitest';
import {
  feedDisagreement,
  judgeManifest,
  keyId,
  openEnvelope,
  packageFor,
  stageOf,
  type MachineFacts,
} from '../../../shared/model/update-trust.ts';
import type { UpdateManifest } from '../../../shared/protocol/update.ts';
import { signManifest } from '../../../scripts/release/signing.ts';
import { newPublisher, type Publisher } from '../../support/update-feed.ts';

const HASH = `${'A'.repeat(86)}==`;
const NOW = Date.parse('2026-11-21T12:00:00Z');
const manifest: UpdateManifest = {
  schema: 1,
  product: 'playfleet',
  version: '1.2.0',
  channel: 'stable',
  released_at: '2026-11-20T12:00:00Z',
  signed_at: '2026-11-20T12:00:00Z',
  expires_at: '2026-12-20T12:00:00Z',
  staged_percent: 100,
  minimum_version: '1.0.0',
  feeds: [],
  packages: [
    { name: 'playfleet-1.2.0-linux-amd64.deb', size: 5, sha512: HASH, platform: 'linux', arch: 'x64', format: 'deb' },
  ],
};
const machine: MachineFacts = {
  now: NOW,
  channel: 'stable',
  installed: '1.1.0',
  seen: null,
  bad: [],
  machineId: 'machine-1',
  fleetPercent: null,
};
const textOf = async (by: readonly Publisher[], change: Partial<UpdateManifest> = {}): Promise<string> =>
  JSON.stringify(
    await signManifest(
      { ...manifest, ...change },
      by.map(({ privateKey }) => privateKey),
    ),
  );

const publisher = newPublisher();
const keys = [publisher.publicKey];

test('a manifest opens when a pinned key has signed its exact bytes', async () => {
  const opened = await openEnvelope(await textOf([publisher]), keys);
  expect(opened).toEqual({ ok: true, value: manifest });
});

test('each changed byte of a manifest is seen, and each changed byte of a signature', async () => {
  const envelope = JSON.parse(await textOf([publisher])) as { manifest: string; signatures: { signature: string }[] };
  for (const at of [2, 40, envelope.manifest.length - 3]) {
    const char = envelope.manifest.charAt(at) === 'x' ? 'y' : 'x';
    const changed = { ...envelope, manifest: envelope.manifest.slice(0, at) + char + envelope.manifest.slice(at + 1) };
    expect(await openEnvelope(JSON.stringify(changed), keys)).toMatchObject({ refused: 'bad_signature' });
  }
  const [first] = envelope.signatures;
  const signature = `${first?.signature.startsWith('A') ? 'B' : 'A'}${first?.signature.slice(1) ?? ''}`;
  const changed = { ...envelope, signatures: [{ ...first, signature }] };
  expect(await openEnvelope(JSON.stringify(changed), keys)).toMatchObject({ refused: 'bad_signature' });
});

test('blanks that JSON does not count are counted by the signature', async () => {
  const envelope = JSON.parse(await textOf([publisher])) as { manifest: string };
  const changed = { ...envelope, manifest: `${envelope.manifest} ` };
  expect(await openEnvelope(JSON.stringify(changed), keys)).toMatchObject({ refused: 'bad_signature' });
});

test('a key that is not pinned signs nothing, also under the id of one that is', async () => {
  const stranger = newPublisher();
  const text = await textOf([stranger]);
  expect(await openEnvelope(text, keys)).toMatchObject({ refused: 'unknown_key' });
  const [ours, theirs] = await Promise.all([keyId(publisher.publicKey), keyId(stranger.publicKey)]);
  expect(await openEnvelope(text.replace(theirs, ours), keys)).toMatchObject({ refused: 'bad_signature' });
  expect(await openEnvelope(text, [])).toMatchObject({ refused: 'unknown_key' });
});

test('while a key is being replaced, either signature is enough', async () => {
  const next = newPublisher();
  const both = await textOf([publisher, next]);
  for (const known of [keys, [next.publicKey], [publisher.publicKey, next.publicKey]])
    expect(await openEnvelope(both, known)).toMatchObject({ ok: true });
  const withNext = await textOf([next]);
  expect(await openEnvelope(withNext, [publisher.publicKey, next.publicKey])).toMatchObject({ ok: true });
  expect(await openEnvelope(withNext, keys)).toMatchObject({ refused: 'unknown_key' });
});

test('what is no manifest, and one of a later form, is told apart from a forged one', async () => {
  for (const text of ['', 'null', '<html>', '{}', '{"manifest":"{}","signatures":[]}'])
    expect(await openEnvelope(text, keys), text).toMatchObject({ refused: 'unreadable' });
  const later = JSON.stringify({ ...manifest, schema: 2, packages: 'elsewhere' });
  const { sign } = await import('node:crypto');
  const { signedBytes } = await import('../../../shared/model/update-trust.ts');
  const signature = sign(null, signedBytes(later), publisher.privateKey).toString('base64');
  const envelope = { manifest: later, signatures: [{ key: await keyId(publisher.publicKey), signature }] };
  expect(await openEnvelope(JSON.stringify(envelope), keys)).toMatchObject({ refused: 'newer_schema' });
});

test.each<[string, Partial<UpdateManifest>, Partial<MachineFacts>, object]>([
  ['a newer version is offered', {}, {}, { ok: true }],
  ['the installed version is not offered again', { version: '1.1.0' }, {}, { passed: 'installed' }],
  ['an older version is refused', { version: '1.0.9' }, {}, { refused: 'downgrade' }],
  [
    'a version older than one seen before is refused',
    {},
    { seen: { version: '1.3.0', signedAt: 0 } },
    { refused: 'downgrade' },
  ],
  [
    'an older signature than one seen before is refused',
    {},
    { seen: { version: '1.2.0', signedAt: NOW } },
    { refused: 'replayed' },
  ],
  ['nothing is taken after its end', { expires_at: '2026-11-21T12:00:00Z' }, {}, { refused: 'expired' }],
  ['another channel is refused', { channel: 'beta' }, {}, { refused: 'other_channel' }],
  ['a version that did not work here is not taken again', {}, { bad: ['1.2.0'] }, { refused: 'marked_bad' }],
  ['one that cannot be installed over this one is refused', { minimum_version: '1.1.1' }, {}, { refused: 'too_old' }],
  ['a version for no machine yet is for none', { staged_percent: 0 }, {}, { passed: 'not_yet_here' }],
  ['a coordinator can let fewer through', {}, { fleetPercent: 0 }, { passed: 'not_yet_here' }],
  [
    'a coordinator cannot let more through than is signed',
    { staged_percent: 0 },
    { fleetPercent: 100 },
    { passed: 'not_yet_here' },
  ],
])('%s', async (_name, change, facts, expected) => {
  expect(await judgeManifest({ ...manifest, ...change }, { ...machine, ...facts })).toMatchObject(expected);
});

test('a staged version goes to about that many machines, always to the same, and stays with them as it grows', async () => {
  const ids = Array.from({ length: 2000 }, (_, n) => `machine-${n}`);
  const stages = await Promise.all(ids.map((id) => stageOf(id, '1.2.0')));
  const tenth = stages.filter((stage) => stage < 10).length;
  expect(tenth).toBeGreaterThan(150);
  expect(tenth).toBeLessThan(250);
  expect(await Promise.all(ids.map((id) => stageOf(id, '1.2.0')))).toEqual(stages);
  const of130 = await Promise.all(ids.map((id) => stageOf(id, '1.3.0')));
  const both = stages.filter((stage, at) => stage < 10 && (of130[at] ?? 100) < 10).length;
  expect(both).toBeLessThan(50);
});

test('a feed file must say what the manifest says', () => {
  const [only] = manifest.packages;
  const good = { version: '1.2.0', files: [{ url: only?.name ?? '', sha512: HASH, size: 5 }] };
  expect(feedDisagreement(good, manifest)).toBeNull();
  expect(feedDisagreement({ ...good, version: '1.2.1' }, manifest)).toContain('1.2.1');
  const [file] = good.files;
  for (const change of [{ url: 'https://evil.example/x.deb' }, { sha512: `B${HASH.slice(1)}` }, { size: 6 }])
    expect(feedDisagreement({ ...good, files: [{ ...file!, ...change }] }, manifest)).not.toBeNull();
});

test('a machine gets the package of its platform, architecture and form', () => {
  const [deb] = manifest.packages;
  const mac = {
    ...deb!,
    name: 'mac.zip',
    platform: 'darwin' as const,
    arch: 'universal' as const,
    format: 'zip' as const,
  };
  const both = { ...manifest, packages: [deb!, mac] };
  expect(packageFor(both, { platform: 'linux', arch: 'x64', format: 'deb' })).toBe(deb);
  expect(packageFor(both, { platform: 'darwin', arch: 'arm64', format: 'zip' })).toBe(mac);
  expect(packageFor(both, { platform: 'linux', arch: 'arm64', format: 'deb' })).toBeNull();
});
