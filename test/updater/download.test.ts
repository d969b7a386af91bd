import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { UpdatePackage } from '../../shared/protocol/update.ts';
import { downloadPackage } from '../../src-main/updater/download.ts';
import type { FeedSource } from '../../src-main/updater/http.ts';
import { mountSmallDisk, NO_SMALL_DISK } from '../faults/small-disk.ts';
import { tempFolder } from '../support/folders.ts';
import { JumpClock } from '../support/jump-clock.ts';
import { flipByte, newPublisher, publish, serveFolder, type StaticFeed } from '../support/update-feed.ts';

const MB = 1024 * 1024;

async function start(bytes = 300_000) {
  const feedFolder = path.join(tempFolder(), 'feed');
  const { manifest, package: name } = await publish(feedFolder, { version: '1.2.0', by: newPublisher(), bytes });
  const feed = await serveFolder(() => feedFolder);
  onTestFinished(() => feed.close());
  const wanted = manifest.packages[0] as UpdatePackage;
  return { feed, feedFolder, name, wanted, folder: path.join(tempFolder(), 'loaded') };
}

const sourceOf = ({ url }: StaticFeed): FeedSource => ({ url, headers: () => ({}), pin: null });
const ONE_TRY = { tries: 1, backoff: { baseMs: 1, maxMs: 1 }, longestWaitMs: 1 };

test('a package arrives whole, and a second call loads nothing', async () => {
  const { feed, feedFolder, name, wanted, folder } = await start();
  const clock = new JumpClock();
  const percents: number[] = [];
  const file = await downloadPackage({
    source: sourceOf(feed),
    package: wanted,
    folder,
    clock,
    onProgress: (p) => percents.push(p),
  });
  expect(await readFile(file)).toEqual(await readFile(path.join(feedFolder, name)));
  expect(percents.at(-1)).toBe(100);
  expect(await downloadPackage({ source: sourceOf(feed), package: wanted, folder, clock })).toBe(file);
  expect(feed.requests).toHaveLength(1);
});

test('a broken download goes on where it ended, within one call and in a later one', async () => {
  const { feed, feedFolder, name, wanted, folder } = await start();
  const clock = new JumpClock();
  feed.breakAfter = () => (feed.requests.length <= 2 ? 100_000 : null);
  const loading = { source: sourceOf(feed), package: wanted, folder, clock };
  await expect(downloadPackage({ ...loading, retry: ONE_TRY })).rejects.toMatchObject({ code: 'unreachable' });
  const [part] = await readdir(folder);
  const arrived = (await readFile(path.join(folder, part ?? ''))).length;
  expect(arrived).toBeGreaterThan(0);
  const file = await downloadPackage({ ...loading, retry: { ...ONE_TRY, tries: 3 } });
  expect(await readFile(file)).toEqual(await readFile(path.join(feedFolder, name)));
  expect(feed.requests[1]).toBe(`GET ${name} from ${arrived}`);
  expect(feed.requests).toHaveLength(3);
});

test('a part of other bytes is not continued into a whole: what is wrong is thrown away', async () => {
  const { feed, wanted, folder } = await start();
  const clock = new JumpClock();
  feed.breakAfter = () => (feed.requests.length === 1 ? 50_000 : null);
  const loading = { source: sourceOf(feed), package: wanted, folder, clock, retry: ONE_TRY };
  await expect(downloadPackage(loading)).rejects.toThrow();
  const [part = ''] = await readdir(folder);
  await flipByte(path.join(folder, part));
  await expect(downloadPackage(loading)).rejects.toMatchObject({ code: 'damaged' });
  expect(await readdir(folder)).toEqual([]);
  await expect(downloadPackage(loading)).resolves.toBeTruthy();
});

test('a changed file is refused and not kept, and one with more bytes than were signed is cut off', async () => {
  const { feed, feedFolder, name, wanted, folder } = await start();
  const clock = new JumpClock();
  const loading = { source: sourceOf(feed), package: wanted, folder, clock };
  await flipByte(path.join(feedFolder, name));
  await expect(downloadPackage(loading)).rejects.toMatchObject({ code: 'damaged' });
  await writeFile(path.join(feedFolder, name), Buffer.alloc(wanted.size + 1));
  await expect(downloadPackage(loading)).rejects.toMatchObject({ code: 'damaged' });
  expect((await readdir(folder)).filter((each) => !each.endsWith('.part'))).toEqual([]);
});

test('what does not fit on the disk is not begun, and says how much must be free', async ({ skip }) => {
  const disk = path.join(tempFolder(), 'disk');
  const small = await mountSmallDisk(disk, 4);
  if (!small) return skip(NO_SMALL_DISK);
  onTestFinished(() => small.unmount());
  const { feed, wanted } = await start();
  const folder = path.join(disk, 'loaded');
  const loading = downloadPackage({ source: sourceOf(feed), package: wanted, folder, clock: new JumpClock() });
  await expect(loading).rejects.toThrow(/does not fit on the disk: 6\d MB more must be free/);
  expect(feed.requests).toEqual([]);
  expect(await readdir(folder)).toEqual([]);
  expect(MB).toBeGreaterThan(0);
});
