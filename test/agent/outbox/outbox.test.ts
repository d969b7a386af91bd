import {
  appendFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { systemClock } from '../../../shared/base/clock.ts';
import { Outbox } from '../../../src-main/agent/outbox/outbox.ts';
import { endOrphans } from '../../../src-main/agent/outbox/end-orphans.ts';
import { finishWithoutBlob } from '../../../src-main/agent/outbox/finish-without-blob.ts';
import { endWithout } from '../../../src-main/agent/slots/process-end.ts';
import { tempFolder } from '../../support/folders.ts';
import { captureLog } from '../support.ts';
import { reportNo } from './reports.ts';

async function open(folder: string) {
  const { log, lines } = captureLog();
  return { outbox: await Outbox.open({ folder, clock: systemClock, log }), lines };
}

const ids = (outbox: Outbox): number[] => [...outbox.entries()].map(({ id }) => id);
async function texts(outbox: Outbox): Promise<string[]> {
  const all = await Promise.all(ids(outbox).map((id) => outbox.read(id)));
  return all.map(
    (text) => (JSON.parse(text ?? 'null') as { report: { attempts: [{ testId: string }] } }).report.attempts[0].testId,
  );
}
const files = (folder: string): string[] => readdirSync(folder).sort();
const size = (folder: string): number =>
  files(folder).reduce((sum, name) => sum + statSync(path.join(folder, name)).size, 0);

test('reports come back in order after a restart, without those that were settled, and ids go on rising', async () => {
  const folder = tempFolder();
  const first = await open(folder);
  for (let n = 1; n <= 5; n++) expect(await first.outbox.add(reportNo(n))).toBe(n);
  first.outbox.settle(2);
  first.outbox.settle(4);
  await first.outbox.close();

  const second = await open(folder);
  expect(ids(second.outbox)).toEqual([1, 3, 5]);
  expect(await texts(second.outbox)).toEqual(['test 1', 'test 3', 'test 5']);
  expect(second.outbox.held().map(({ fence }) => fence)).toEqual([1, 3, 5]);
  for (const id of [1, 3, 5]) second.outbox.settle(id);
  await second.outbox.close();

  const third = await open(folder);
  expect(third.outbox.size).toBe(0);
  expect(await third.outbox.add(reportNo(6))).toBe(6);
  await third.outbox.close();
});

test('a line cut off at any byte is dropped, and all before it stay', async () => {
  const folder = tempFolder();
  const { outbox } = await open(folder);
  await outbox.add(reportNo(1));
  await outbox.add(reportNo(2));
  await outbox.close();
  const file = path.join(folder, files(folder)[0] ?? '');
  const whole = readFileSync(file);
  const firstLine = whole.indexOf('\n') + 1;
  for (let length = firstLine; length < whole.length; length++) {
    writeFileSync(file, whole.subarray(0, length));
    const cut = await open(folder);
    expect(ids(cut.outbox)).toEqual([1]);
    expect(cut.lines).toEqual([]);
    expect(await cut.outbox.add(reportNo(9))).toBe(2);
    await cut.outbox.close();
    const after = await open(folder);
    expect(await texts(after.outbox)).toEqual(['test 1', 'test 9']);
    await after.outbox.close();
  }
});

test('a damaged line is told and left out, and those around it stay', async () => {
  const folder = tempFolder();
  const { outbox } = await open(folder);
  for (let n = 1; n <= 3; n++) await outbox.add(reportNo(n));
  await outbox.close();
  const file = path.join(folder, files(folder)[0] ?? '');
  const bytes = readFileSync(file);
  bytes[bytes.indexOf('test 2')] = 0x52;
  writeFileSync(file, bytes);
  const again = await open(folder);
  expect(ids(again.outbox)).toEqual([1, 3]);
  expect(again.lines.join('')).toContain('a line of the outbox is damaged');
  await again.outbox.close();
});

test('what is settled leaves the disk', async () => {
  const folder = tempFolder();
  const { outbox } = await open(folder);
  for (let n = 1; n <= 40; n++) await outbox.add(reportNo(n, 100_000));
  expect(size(folder)).toBeGreaterThan(4_000_000);
  expect(files(folder).length).toBeGreaterThan(3);
  for (const id of ids(outbox)) outbox.settle(id);
  await outbox.add(reportNo(41));
  outbox.settle(41);
  await outbox.close();
  expect(files(folder)).toHaveLength(1);
  expect(size(folder)).toBeLessThan(200_000);
});

test('more than fits in memory is read from the disk again', async () => {
  const folder = tempFolder();
  const { outbox } = await open(folder);
  const count = 20;
  for (let n = 1; n <= count; n++) await outbox.add(reportNo(n, 1_000_000));
  expect(await texts(outbox)).toEqual(Array.from({ length: count }, (_, i) => `test ${i + 1}`));
  await outbox.close();
});

test('a report that was damaged on disk meanwhile is dropped with an error when it is to be sent', async () => {
  const folder = tempFolder();
  const first = await open(folder);
  await first.outbox.add(reportNo(1));
  await first.outbox.close();
  const { outbox, lines } = await open(folder);
  const file = path.join(folder, files(folder)[0] ?? '');
  truncateSync(file, 10);
  appendFileSync(file, 'y'.repeat(300));
  expect(await outbox.read(1)).toBeNull();
  expect(outbox.size).toBe(0);
  expect(lines.join('')).toContain('a report was damaged on disk and is lost');
  await outbox.close();
});

test('what waits for a blob stays behind until it is there, across a restart too', async () => {
  const folder = tempFolder();
  const sha256 = 'a'.repeat(64);
  const { outbox } = await open(folder);
  await outbox.add(reportNo(1), sha256);
  expect([...outbox.entries()][0]?.after).toBe(sha256);
  await outbox.close();
  const again = await open(folder);
  let changes = 0;
  again.outbox.onChange = () => changes++;
  expect([...again.outbox.entries()][0]?.after).toBe(sha256);
  again.outbox.unlock(sha256);
  expect([...again.outbox.entries()][0]?.after).toBeNull();
  expect(changes).toBe(1);
  await again.outbox.close();
});

test('an end whose blob cannot be brought is said without it', async () => {
  const folder = tempFolder();
  const sha256 = 'b'.repeat(64);
  const { outbox } = await open(folder);
  const end = endWithout('finished', null, 5, { blobSha256: sha256, blobSize: 7 });
  await outbox.add({ taskId: 't', attempt: 1, fence: 1, kind: 'finish', end }, sha256);
  await finishWithoutBlob(outbox, sha256);
  const [entry, ...more] = [...outbox.entries()];
  expect(more).toEqual([]);
  expect(entry).toMatchObject({ id: 2, after: null, held: { fence: 1 } });
  const message = JSON.parse((await outbox.read(2)) ?? '') as { report: { end: unknown } };
  expect(message.report.end).toEqual({ ...end, blobSha256: null, blobSize: null });
  await outbox.close();
});

test('a disk that takes nothing is told, nothing counts as handed over meanwhile, and it goes on when it takes again', async () => {
  // The file's place is taken by a folder, which fails every open as a broken disk would; unlike rights, this stops root too.
  const other = tempFolder();
  const blocked = await open(other);
  const place = path.join(other, '000000000000001.log');
  mkdirSync(place);
  const trouble = new Promise<void>(
    (resolve) => (blocked.outbox.onChange = () => blocked.outbox.trouble !== null && resolve()),
  );
  let isHandedOver = false;
  const adding = blocked.outbox.add(reportNo(1)).then(() => (isHandedOver = true));
  await trouble;
  expect(blocked.outbox.trouble).toContain('EISDIR');
  expect(isHandedOver).toBe(false);
  rmSync(place, { recursive: true });
  await adding;
  expect(blocked.outbox.trouble).toBeNull();
  await blocked.outbox.close();
  expect(await texts((await open(other)).outbox)).toEqual(['test 1']);
});

test('an attempt without a last word gets one behind its results, once', async () => {
  const folder = tempFolder();
  const { outbox } = await open(folder);
  await outbox.add(reportNo(1));
  await outbox.add(reportNo(2));
  await outbox.add({ taskId: 'task-2', attempt: 1, fence: 2, kind: 'release', reason: 'drained' });
  expect(await endOrphans(outbox)).toBe(1);
  expect(await endOrphans(outbox)).toBe(0);
  await outbox.close();
  const again = await open(folder);
  expect([...again.outbox.entries()].map(({ kind, held }) => `${held.fence} ${kind}`)).toEqual([
    '1 results',
    '2 results',
    '2 release',
    '1 finish',
  ]);
  await again.outbox.close();
});

test('a report that no connection would carry is refused before it is written', async () => {
  const folder = tempFolder();
  const { outbox } = await open(folder);
  await expect(outbox.add(reportNo(1, 33 * 1024 * 1024))).rejects.toThrow(
    /a report takes 34 MB to tell, more than the 32 MB/,
  );
  expect(outbox.size).toBe(0);
  await outbox.close();
  expect(files(folder)).toEqual([]);
});
