/** What a machine does with the copy that it has, while its coordinator is away. With the coordinator: test/offline. */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync, watch, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { newCopyKey, openCopyKey, readGivenKey } from '../../../src-main/agent/offline/copy-key.ts';
import { readCopyState } from '../../../src-main/agent/offline/copy-state.ts';
import { placesIn } from '../../../src-main/agent/offline/places.ts';
import { readCopy, sealedBy, writeSealed } from '../../../src-main/agent/offline/sealed-copy.ts';
import { tempFolder } from '../../support/folders.ts';
import { captureLog } from '../support.ts';
import { anyCopy, copyWithSecrets, keeperOf, placeCopy, sealedAsBefore } from './copies.ts';

/** A machine whose copy was sealed with a key in a file, by a program that knew no other. */
async function before(copy = anyCopy) {
  const own = tempFolder();
  const file = placesIn(own).copyKey;
  const places = await placeCopy(own, copy, { given: null, file });
  await writeSealed(places.copy, sealedAsBefore(copy, await openCopyKey(file)));
  return { own, places, file };
}

async function see(own: string, given: Uint8Array | null, { file = placesIn(own).copyKey, copySecrets = false } = {}) {
  const { log, lines } = captureLog();
  const keeper = keeperOf(placesIn(own), { given, file }, log, copySecrets);
  keeper.begin();
  await keeper.close();
  return lines.join('');
}

test('a copy of a key file is sealed anew with the key that is given, and its old key is deleted', async () => {
  const { own, places, file } = await before();
  const given = randomBytes(32);
  await see(own, given);
  expect(await sealedBy(places.copy)).toBe('given');
  expect(await readCopy(places.copy, { given, file: '/nowhere' })).toEqual(anyCopy);
  expect(existsSync(file)).toBe(false);
  const bytes = readFileSync(places.copy);
  await see(own, given);
  expect(readFileSync(places.copy).equals(bytes)).toBe(true);
});

test('a key file that the owner has named stays: it may hold the key of other copies', async () => {
  const { own, places, file } = await before();
  const named = path.join(tempFolder(), 'stick.key');
  writeFileSync(named, readFileSync(file));
  const given = randomBytes(32);
  await see(own, given, { file: named });
  expect(await readCopy(places.copy, { given, file: '/nowhere' })).toEqual(anyCopy);
  expect([existsSync(named), existsSync(file)]).toEqual([true, false]);
});

test('where nothing is given, the file goes on to be used', async () => {
  const { own, places, file } = await before();
  await see(own, null);
  expect(await sealedBy(places.copy)).toBe('file');
  expect(await readCopy(places.copy, { given: null, file })).toEqual(anyCopy);
});

test('whenever it is killed on the way from one key to the other, the copy opens; and the way is ended by the next one', async () => {
  // Large enough that reading, sealing and writing take their time.
  const history = Array.from({ length: 40_000 }, (_, n) => ({
    project_id: 'shop',
    test_id: randomBytes(16).toString('hex'),
    runs: n,
    mean_ms: n / 7,
    last_outcome: 'passed',
    failure_rate: 0,
    updated_at: n,
  }));
  const copy = { ...anyCopy, history };
  const key = newCopyKey();
  const seen = new Set<string>();
  for (let round = 0; round < 12; round++) {
    const { own, places, file } = await before(copy);
    await killedAt(round, own, key);
    const keys = { given: Buffer.from(key, 'base64'), file };
    seen.add(`${await sealedBy(places.copy)}, key file ${existsSync(file) ? 'there' : 'gone'}`);
    expect((await readCopy(places.copy, keys))?.history).toHaveLength(40_000);
    await see(own, keys.given);
    expect((await readCopy(places.copy, { ...keys, file: '/nowhere' }))?.history).toHaveLength(40_000);
    expect(existsSync(file)).toBe(false);
  }
  expect(seen).toContain('file, key file there');
  console.log(JSON.stringify({ foundAfterKill: [...seen] }));
}, 120_000);

/** Lets a process see to the copy in `own`, and kills it with the change of that number on the disk; 0: before there is one. */
async function killedAt(change: number, own: string, key: string): Promise<void> {
  const { copy } = placesIn(own);
  const program = path.join(import.meta.dirname, 'keep-copy.ts');
  const child = spawn(process.execPath, [program, own, key], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exit = once(child, 'exit');
  let changes = 0;
  const changed = (): void => void (changes++ === change && child.kill('SIGKILL'));
  const watching = [own, path.dirname(copy)].map((folder) => watch(folder, changed));
  child.stdout.once('data', changed);
  await exit;
  for (const each of watching) each.close();
}

test('a given key that is not the one is said at once in the state of the copy, and nothing is deleted', async () => {
  const { own, places } = await before();
  const given = randomBytes(32);
  await see(own, given);
  const sealed = readFileSync(places.copy);
  const log = await see(own, randomBytes(32));
  expect(log).toMatch(/safe storage has lost its key/);
  expect((await readCopyState(places.copyState))?.problem).toMatch(
    /safe storage has lost its key\. It is made anew when the coordinator can be reached/,
  );
  expect(readFileSync(places.copy).equals(sealed)).toBe(true);
  await see(own, null);
  expect((await readCopyState(places.copyState))?.problem).toMatch(/kept by the desktop app/);
  // The key is there again.
  await see(own, given);
  expect((await readCopyState(places.copyState))?.problem).toBeNull();
});

test('secrets that the owner does not want any more leave the disk without the coordinator', async () => {
  const { own, places, file } = await before(copyWithSecrets);
  await see(own, null, { copySecrets: true });
  expect((await readCopy(places.copy, { given: null, file }))?.secrets).toHaveLength(1);
  await see(own, null);
  expect(await readCopy(places.copy, { given: null, file })).toEqual({ ...copyWithSecrets, secrets: null, hashes: {} });
  expect(await readCopyState(places.copyState)).toMatchObject({ secrets: false, etag: null, hashes: {} });
});

test('a key is read from the standard input, and what is none is refused without being repeated', async () => {
  const key = newCopyKey();
  expect(Buffer.from(await readGivenKey(parts(`${key}\n`))).toString('base64')).toBe(key);
  expect(Buffer.from(await readGivenKey(parts(key.slice(0, 9), key.slice(9)))).toString('base64')).toBe(key);
  for (const wrong of ['', 'short', `${key}${key}`, `${key.slice(0, -3)}$$$`, 'x'.repeat(1000)]) {
    const refused = await readGivenKey(parts(wrong)).catch((error: unknown) => (error as Error).message);
    expect(refused).toBe('--copy-key-stdin: standard input must hold the key, 32 bytes as base64, and end');
  }
});

async function* parts(...texts: string[]): AsyncGenerator<string> {
  yield* texts;
}
