/** The app's settings over its versions: nothing of an owner's is lost, whichever version comes next. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import {
  FIRST_SETTINGS,
  SETTINGS_VERSION,
  SettingsError,
  SettingsStore,
} from '../../../src-main/desktop/keep/settings.ts';
import { tempFolder } from '../../support/folders.ts';

const coordinator = {
  id: 'c1',
  name: 'office',
  url: 'https://office.example:4800',
  pin: null,
  contentUrl: null,
  own: false,
};

async function written(json: object): Promise<string> {
  const folder = path.join(tempFolder(), 'app');
  await mkdir(folder);
  const file = path.join(folder, 'settings.json');
  await writeFile(file, JSON.stringify(json));
  return file;
}

/** As version 2 wrote them. */
const second = { ...FIRST_SETTINGS, version: 2, coordinators: [coordinator], active: 'c1', isSetUp: true };

test('settings begin as they should, and are found again after changes at the same time', async () => {
  const file = path.join(tempFolder(), 'settings.json');
  const store = await SettingsStore.open(file, 0);
  expect(store.value).toEqual(FIRST_SETTINGS);
  await Promise.all([store.change({ isSetUp: true }), store.change({ secretsInMemory: true })]);
  expect((await SettingsStore.open(file, 0)).value).toEqual({
    ...FIRST_SETTINGS,
    isSetUp: true,
    secretsInMemory: true,
  });
});

test('settings of the first version are read, and stand in for nobody', async () => {
  const { promotion: _, home: __, ...before } = FIRST_SETTINGS;
  const store = await SettingsStore.open(await written({ ...before, version: 1, secretsInMemory: true }), 0);
  expect([store.setAside, store.value]).toEqual([null, { ...FIRST_SETTINGS, secretsInMemory: true }]);
});

test('settings of an older version are taken over, and kept for it as they were', async () => {
  const file = await written(second);
  const store = await SettingsStore.open(file, 0);
  expect(store.value).toMatchObject({ version: SETTINGS_VERSION, isSetUp: true, active: 'c1' });
  expect(store.active).toMatchObject({ name: 'office', copySecrets: false });
  await store.change({ isSetUp: false });
  expect(JSON.parse(await readFile(file, 'utf8'))).toMatchObject({ version: SETTINGS_VERSION, isSetUp: false });
  expect(JSON.parse(await readFile(`${file}.v2`, 'utf8'))).toEqual(second);
});

test('a version that is put back goes on with the settings that were kept for it', async () => {
  const file = await written({ version: SETTINGS_VERSION + 1, somethingNew: true });
  await writeFile(`${file}.v${SETTINGS_VERSION}`, JSON.stringify({ ...FIRST_SETTINGS, isSetUp: true }));
  const store = await SettingsStore.open(file, 0);
  expect(store.setAside).toBeNull();
  expect(store.value.isSetUp).toBe(true);
  await store.change({ secretsInMemory: true });
  const again = await SettingsStore.open(file, 0);
  expect(again.value).toMatchObject({ isSetUp: true, secretsInMemory: true });
});

test('settings of a newer version of which nothing was kept are left alone, with the mend', async () => {
  const newer = { version: SETTINGS_VERSION + 1 };
  const file = await written(newer);
  await expect(SettingsStore.open(file, 0)).rejects.toThrow(SettingsError);
  await expect(SettingsStore.open(file, 0)).rejects.toThrow(/Install that version again/);
  expect(JSON.parse(await readFile(file, 'utf8'))).toEqual(newer);
});

test.each(['{"version":1,"isSetUp":tru', JSON.stringify({ ...FIRST_SETTINGS, isSetUp: 'perhaps' })])(
  'a damaged file is set aside whole: %s',
  async (damaged) => {
    const file = path.join(tempFolder(), 'settings.json');
    await writeFile(file, damaged);
    const store = await SettingsStore.open(file, 42);
    expect(store.value).toEqual(FIRST_SETTINGS);
    expect(store.setAside).toBe(`${file}.damaged-42`);
    expect(await readFile(`${file}.damaged-42`, 'utf8')).toBe(damaged);
  },
);
