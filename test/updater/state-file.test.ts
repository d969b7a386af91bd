/** What an updater remembers, on the disk. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { StateFile } from '../../src-main/updater/state-file.ts';
import { tempFolder } from '../support/folders.ts';

test('changes that are made at the same time stay, all of them', async () => {
  const folder = tempFolder();
  const state = await StateFile.open(folder, () => undefined);
  await Promise.all([
    state.change({ lastCheckAt: 5 }),
    state.change({ failedChecks: 2 }),
    state.change({ postponedUntil: 7 }),
  ]);
  const all = { lastCheckAt: 5, failedChecks: 2, postponedUntil: 7 };
  expect(state.now).toMatchObject(all);
  expect(JSON.parse(await readFile(path.join(folder, 'state.json'), 'utf8'))).toMatchObject(all);
});

test('a change that the disk does not take leaves all as it was, and the next is taken', async () => {
  const folder = tempFolder();
  const state = await StateFile.open(folder, () => undefined);
  const notANumber = 5n as unknown as number;
  await expect(state.change({ lastCheckAt: notANumber })).rejects.toThrow(/BigInt/);
  await state.change({ failedChecks: 1 });
  expect(state.now).toMatchObject({ lastCheckAt: null, failedChecks: 1 });
});
