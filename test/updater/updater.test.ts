/** The real updater against a real feed: what it takes, when, and how it comes back. */
import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { STARTED_WELL_MS } from '../../shared/model/update-trial.ts';
import { tempFolder } from '../support/folders.ts';
import { JumpClock } from '../support/jump-clock.ts';
import { flipByte, newPublisher, publish, serveFolder, signInto, type ReleaseOptions } from '../support/update-feed.ts';
import { UpdatedMachine, type MachineOptions } from '../support/updated-machine.ts';

const HOUR = 3_600_000;
const publisher = newPublisher();

async function start(options: Partial<MachineOptions> = {}) {
  const folder = tempFolder();
  const feedFolder = path.join(folder, 'feed');
  const feed = await serveFolder(() => feedFolder);
  const clock = new JumpClock();
  const source = { url: feed.url, headers: () => ({}), pin: null };
  const machine = new UpdatedMachine({
    folder: path.join(folder, 'updates'),
    keys: [publisher.publicKey],
    source,
    clock,
    ...options,
  });
  onTestFinished(async () => {
    await machine.updater?.stop();
    await feed.close();
  });
  const release = (version: string, more: Partial<ReleaseOptions> = {}) =>
    publish(feedFolder, { version, by: publisher, now: clock.now(), ...more });
  return { folder, feedFolder, feed, clock, machine, release };
}

/** On a busy machine, too. */
const eventually = (holds: () => void): Promise<void> => vi.waitFor(holds, { timeout: 20_000 });

const status = (machine: UpdatedMachine, state: string) =>
  eventually(() => expect(machine.status).toMatchObject({ state }));

/** 1.1.0 was installed and begins; it has not said yet that it works. */
async function startOnTrial() {
  const all = await start();
  const { machine, release } = all;
  await release('1.1.0');
  await machine.boot();
  await machine.updater?.check();
  await eventually(() => expect(machine.installed).toBe('1.1.0'));
  await machine.boot();
  return all;
}

test('a new version is found, loaded, installed when nothing runs, and its package kept once it works', async () => {
  const { machine, release, feedFolder } = await start();
  const { package: name } = await release('1.1.0');
  await machine.boot();
  await machine.updater?.check();
  await eventually(() => expect(machine.ends).toEqual(['1.1.0 is installed']));
  expect(machine.installs[0]?.bytes).toEqual(await readFile(path.join(feedFolder, name)));
  await machine.boot();
  await machine.updater?.startedWell();
  expect(await machine.updater?.check()).toMatchObject({ state: 'none', version: null });
  expect(machine.log).toContain('the new version works');
});

test.each<[string, (s: Awaited<ReturnType<typeof start>>) => Promise<unknown>, RegExp]>([
  [
    'a changed manifest',
    async ({ release, feedFolder }) => {
      const { envelope } = await release('1.1.0');
      const text = await readFile(path.join(feedFolder, envelope), 'utf8');
      await writeFile(path.join(feedFolder, envelope), text.replace('1.1.0', '1.1.1'));
    },
    /signature does not fit/,
  ],
  ['a stranger’s signature', ({ release }) => release('1.1.0', { by: newPublisher() }), /does not know/],
  ['what has ended', ({ release, clock }) => release('1.1.0', { expiresAt: new Date(clock.now() - 1000) }), /ended on/],
  ['an older version', ({ release }) => release('0.9.0'), /older than the installed/],
  ['a version for another machine', ({ release }) => release('1.1.0', { packages: ['linux-arm64.deb'] }), /has no deb/],
  [
    'one that cannot be installed over this one',
    ({ release }) => release('1.1.0', { minimumVersion: '1.0.5' }),
    /1.0.5/,
  ],
  [
    'a feed file that was changed',
    async ({ release, feedFolder }) => {
      await release('1.1.0');
      await flipByte(path.join(feedFolder, 'latest-linux.yml'));
    },
    /latest-linux.yml does not fit the manifest: it was changed after signing/,
  ],
])('%s is refused, and nothing is loaded', async (_name, prepare, why) => {
  const setup = await start();
  await prepare(setup);
  await setup.machine.boot();
  const told = await setup.machine.updater?.check();
  expect(told).toMatchObject({ state: 'refused', version: null });
  expect(told?.problem).toMatch(why);
  expect(setup.feed.requests.some((request) => request.endsWith('.deb'))).toBe(false);
});

test('a changed package is loaded, refused and thrown away', async () => {
  const { machine, release, feedFolder } = await start();
  const { package: name } = await release('1.1.0');
  await flipByte(path.join(feedFolder, name));
  await machine.boot();
  await machine.updater?.check();
  await status(machine, 'failed');
  expect(machine.status.problem).toMatch(/is not what was signed/);
  expect(machine.installs).toEqual([]);
});

test('an older manifest played back is refused, also after a restart and where its version was never installed', async () => {
  const { machine, release, clock, feedFolder } = await start();
  machine.automatic = false;
  const old = await release('1.1.0');
  const oldText = await readFile(path.join(feedFolder, old.envelope), 'utf8');
  clock.jump(HOUR);
  await release('1.2.0', { stagedPercent: 0 });
  await machine.boot();
  expect(await machine.updater?.check()).toMatchObject({ state: 'none' });
  await release('1.1.0', { signedAt: new Date(clock.now() - HOUR) });
  await writeFile(path.join(feedFolder, old.envelope), oldText);
  expect(await machine.updater?.check()).toMatchObject({
    state: 'refused',
    problem: expect.stringMatching(/seen before/) as string,
  });
  await machine.boot();
  expect(await machine.updater?.check()).toMatchObject({
    state: 'refused',
    problem: expect.stringMatching(/seen before/) as string,
  });
  clock.jump(HOUR);
  await release('1.1.0');
  expect(await machine.updater?.check()).toMatchObject({
    problem: expect.stringMatching(/older than 1.2.0/) as string,
  });
});

test('a key is replaced by the next one, and from then on the old one signs nothing', async () => {
  const next = newPublisher();
  const after = newPublisher();
  const { machine, release, clock } = await start({ keys: [publisher.publicKey, next.publicKey] });
  await release('1.1.0', { by: next });
  await machine.boot();
  await machine.updater?.check();
  await eventually(() => expect(machine.installed).toBe('1.1.0'));
  // The new version pins the next key and the one after it.
  machine.follow({ keys: [next.publicKey, after.publicKey] });
  await machine.boot();
  await machine.updater?.startedWell();
  clock.jump(HOUR);
  await release('1.2.0', { by: publisher });
  expect(await machine.updater?.check()).toMatchObject({ state: 'refused' });
  await release('1.2.0', { by: after });
  await machine.updater?.check();
  await eventually(() => expect(machine.installed).toBe('1.2.0'));
});

test('an update that is there during a task waits for its end', async () => {
  const { machine, release, clock } = await start();
  await release('1.1.0');
  machine.around = { ...machine.around, running: 1 };
  await machine.boot();
  await machine.updater?.check();
  await status(machine, 'waiting');
  expect(machine.status.waitingFor).toBe('the task that runs');
  clock.jump(60_000);
  await status(machine, 'waiting');
  expect(machine.installs).toEqual([]);
  machine.around = { ...machine.around, running: 0 };
  clock.jump(60_000);
  await eventually(() => expect(machine.installed).toBe('1.1.0'));
});

test('who wants it at once gets it once what runs was given back', async () => {
  const { machine, release } = await start();
  await release('1.1.0');
  machine.around = { ...machine.around, running: 2 };
  await machine.boot();
  await machine.updater?.check();
  await status(machine, 'waiting');
  await machine.updater?.install({ now: true });
  expect(machine.held).toEqual(['give_back']);
  expect(machine.installs).toEqual([]);
  machine.around = { ...machine.around, running: 0 };
  machine.updater?.wake();
  await eventually(() => expect(machine.installed).toBe('1.1.0'));
});

test('a newer version that is asked for waits until this one works, whose package is kept', async () => {
  const { machine, release, clock } = await startOnTrial();
  clock.jump(HOUR / 60);
  await release('1.2.0');
  await machine.updater?.install({ now: true });
  expect(machine.status).toMatchObject({
    state: 'available',
    version: '1.2.0',
    waitingFor: expect.stringMatching(/come to work/) as string,
  });
  expect(machine.installed).toBe('1.1.0');
  // At the same moment, as where somebody asks just then.
  await Promise.all([machine.updater?.startedWell(), machine.updater?.install({ now: true })]);
  await eventually(() => expect(machine.ends.at(-1)).toBe('1.2.0 is installed'));
  await machine.boot();
  clock.jump(STARTED_WELL_MS);
  await machine.boot();
  clock.jump(STARTED_WELL_MS);
  await eventually(() => expect(machine.installed).toBe('1.1.0'));
});

test('a version that is started well while the feed is looked into has passed, whatever is written first', async () => {
  const { machine, release } = await start();
  await release('1.1.0');
  await machine.boot();
  await machine.updater?.check();
  await eventually(() => expect(machine.installed).toBe('1.1.0'));
  for (const _ of Array(20).keys()) {
    await machine.boot();
    await Promise.all([machine.updater?.check(), machine.updater?.startedWell()]);
  }
  // A trial that was brought back by the look would be two starts too many by now.
  expect(machine.log.filter((text) => text === 'the new version works')).toEqual(['the new version works']);
  expect(machine.installed).toBe('1.1.0');
});

test('a version that never comes to work is put back by the one before, marked, and not taken again', async () => {
  const { machine, release, clock } = await startOnTrial();
  await machine.updater?.startedWell();
  clock.jump(HOUR);
  await release('1.2.0');
  await machine.updater?.check();
  await eventually(() => expect(machine.installed).toBe('1.2.0'));
  await machine.boot();
  clock.jump(STARTED_WELL_MS);
  expect(machine.ends.at(-1)).toMatch(/started once more/);
  await machine.boot();
  clock.jump(STARTED_WELL_MS);
  await eventually(() => expect(machine.installed).toBe('1.1.0'));
  expect(machine.installs.map(({ version }) => version)).toEqual(['1.1.0', '1.2.0', '1.1.0']);
  await machine.boot();
  expect(await machine.updater?.check()).toMatchObject({
    state: 'refused',
    problem: expect.stringMatching(/did not work on this machine/) as string,
  });
  clock.jump(HOUR);
  await release('1.3.0');
  await machine.updater?.check();
  await eventually(() => expect(machine.installed).toBe('1.3.0'));
});

test('a version that dies at each start is put back at the third, before anything of it can fail', async () => {
  const { machine, release, folder } = await start();
  machine.ownPackage = path.join(folder, 'Playfleet.AppImage');
  await writeFile(machine.ownPackage, 'the first version');
  await release('1.1.0');
  await machine.boot();
  await machine.updater?.check();
  await eventually(() => expect(machine.installed).toBe('1.1.0'));
  expect(await machine.boot()).not.toBeNull();
  expect(await machine.boot()).not.toBeNull();
  expect(await machine.boot()).toBeNull();
  expect(machine.installed).toBe('1.0.0');
  expect(machine.installs.at(-1)?.bytes.toString()).toBe('the first version');
});

test('a version that is late, where nothing can be written down any more, says so and goes on', async () => {
  const { machine, clock, folder } = await startOnTrial();
  await machine.boot();
  await rm(path.join(folder, 'updates'), { recursive: true });
  clock.jump(STARTED_WELL_MS);
  await status(machine, 'failed');
  expect(machine.status.problem).toMatch(/ENOENT/);
});

test('where the version before is not kept, people are told, and the new one goes on', async () => {
  const { machine } = await startOnTrial();
  await machine.boot();
  expect(await machine.boot()).not.toBeNull();
  expect(machine.installed).toBe('1.1.0');
  expect(machine.log.join('\n')).toMatch(/1.0.0 is not kept on this machine: install it by hand/);
});

test('an installation that fails is tried once more, then left alone', async () => {
  const { machine, release, clock } = await start();
  await release('1.1.0');
  machine.installFailure = 'the disk is read-only';
  await machine.boot();
  await machine.updater?.check();
  await eventually(() => expect(machine.status.waitingFor).toMatch(/another try/));
  expect(machine.status.problem).toBe('the disk is read-only');
  clock.jump(2 * HOUR);
  await status(machine, 'failed');
  expect(await machine.updater?.check()).toMatchObject({
    state: 'refused',
    problem: expect.stringMatching(/did not work/) as string,
  });
});

test('an installation that changed nothing is noticed at the next start', async () => {
  const { machine, release } = await start();
  await release('1.1.0');
  await machine.boot();
  await machine.updater?.check();
  await eventually(() => expect(machine.installed).toBe('1.1.0'));
  machine.installed = '1.0.0';
  await machine.boot();
  expect(machine.log.join('\n')).toMatch(/was to be installed, and 1.0.0 is still here/);
});

test('a package that was changed after it was loaded is not installed, but loaded again', async () => {
  const { machine, release, folder } = await start();
  const { package: name } = await release('1.1.0');
  machine.around = { ...machine.around, running: 1 };
  await machine.boot();
  await machine.updater?.check();
  await status(machine, 'waiting');
  await flipByte(path.join(folder, 'updates', 'loaded', name));
  machine.around = { ...machine.around, running: 0 };
  machine.updater?.wake();
  await eventually(() => expect(machine.installed).toBe('1.1.0'));
  expect(machine.log.join('\n')).toMatch(/changed after it was loaded/);
  expect(machine.installs).toHaveLength(1);
});

test('a manifest that is signed again for more machines reaches those that it did not reach before', async () => {
  const { machine, release, clock, feedFolder } = await start();
  const { manifest } = await release('1.1.0', { stagedPercent: 0 });
  await machine.boot();
  expect(await machine.updater?.check()).toMatchObject({ state: 'none' });
  const signed_at = new Date(clock.now() + 1000).toISOString();
  await signInto(feedFolder, { ...manifest, staged_percent: 100, signed_at }, publisher);
  await machine.updater?.check();
  await eventually(() => expect(machine.installed).toBe('1.1.0'));
});

test('the owner puts it off, and then has it after all', async () => {
  const { machine, release, clock } = await start();
  await release('1.1.0');
  machine.around = { ...machine.around, running: 1 };
  await machine.boot();
  await machine.updater?.check();
  await status(machine, 'waiting');
  await machine.updater?.postpone(clock.now() + 24 * HOUR);
  machine.around = { ...machine.around, running: 0 };
  clock.jump(HOUR);
  await eventually(() => expect(machine.status.waitingFor).toBe('you have put it off'));
  await machine.updater?.install({ now: false });
  await eventually(() => expect(machine.installed).toBe('1.1.0'));
});

test('a build that pins no keys takes nothing, and says so', async () => {
  const { machine, release, feed } = await start({ keys: [] });
  await release('1.1.0');
  await machine.boot();
  expect(await machine.updater?.check()).toMatchObject({
    state: 'unsupported',
    problem: expect.stringMatching(/knows no publisher/) as string,
  });
  expect(feed.requests).toEqual([]);
});
