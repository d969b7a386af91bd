import { chmodSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { readCliConfig, type CliConfig } from '../../src-main/cli/config.ts';
import { findCredentials, parseLink, readLogin, removeLogin, storeLogin } from '../../src-main/cli/credentials.ts';
import { tempFolder } from '../support/folders.ts';

const PIN = `pfp_${'x'.repeat(43)}`;

const config = (dir: string, env: Record<string, string> = {}): CliConfig =>
  readCliConfig({ XDG_CONFIG_HOME: dir, ...env }, 'linux');

test('a login is kept for its user alone, and replaced whole', async () => {
  const { configDir } = config(tempFolder());
  const file = await storeLogin(configDir, { url: 'http://a:1', token: 'pft_1', pin: null });
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(statSync(configDir).mode & 0o777).toBe(0o700);
  chmodSync(file, 0o644);
  await storeLogin(configDir, { url: 'http://b:2', token: 'pft_2', pin: null });
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(await readLogin(configDir)).toEqual({ url: 'http://b:2', token: 'pft_2', pin: null });
  expect(await readLogin(configDir, 'http://a:1')).toBeNull();
  expect(readdirSync(configDir)).toEqual(['credentials.json']);
  expect([await removeLogin(configDir), await removeLogin(configDir)]).toEqual([true, false]);
});

test('the environment wins over the login, and its address alone does not borrow a token of another one', async () => {
  const dir = tempFolder();
  await storeLogin(config(dir).configDir, { url: 'http://a:1', token: 'pft_stored', pin: null });
  expect(await findCredentials(config(dir))).toEqual({
    url: 'http://a:1',
    token: 'pft_stored',
    pin: null,
    from: 'login',
  });
  expect(await findCredentials(config(dir, { PLAYFLEET_URL: 'http://b:2', PLAYFLEET_TOKEN: 'pft_env' }))).toEqual({
    url: 'http://b:2',
    token: 'pft_env',
    pin: null,
    from: 'environment',
  });
  expect(await findCredentials(config(dir, { PLAYFLEET_URL: 'http://b:2' }))).toMatchObject({ token: null });
  expect(await findCredentials(config(dir, { PLAYFLEET_URL: 'http://a:1/' }))).toMatchObject({ token: 'pft_stored' });
  expect(await findCredentials(config(dir, { PLAYFLEET_URL: 'http://b:2#pft_in' }))).toMatchObject({ token: 'pft_in' });
});

test('nobody logged in, and a damaged file, are said with the mend', async () => {
  const dir = tempFolder();
  await expect(findCredentials(config(dir))).rejects.toMatchObject({
    message: expect.stringMatching(/not logged in/) as string,
    mend: expect.stringMatching(/playfleet login/) as string,
  });
  const { configDir } = config(dir);
  mkdirSync(configDir, { recursive: true });
  writeFileSync(path.join(configDir, 'credentials.json'), '{');
  await expect(findCredentials(config(dir))).rejects.toMatchObject({
    message: expect.stringMatching(/credentials.json is damaged/) as string,
    mend: expect.stringMatching(/logout/) as string,
  });
});

test('links are read in both forms', () => {
  expect(parseLink('http://h:4800/welcome#token=pfa_x', 'it')).toEqual({
    url: 'http://h:4800',
    token: 'pfa_x',
    pin: null,
  });
  expect(parseLink('http://h:4800#pft_x', 'it')).toEqual({ url: 'http://h:4800', token: 'pft_x', pin: null });
  expect(parseLink('https://h/fleet/#pft_x', 'it')).toEqual({ url: 'https://h/fleet', token: 'pft_x', pin: null });
  expect(parseLink('http://h:1/', 'it')).toEqual({ url: 'http://h:1', token: null, pin: null });
  for (const text of ['h:4800#x', 'nonsense', 'file:///x#y', 'http://user:pw@h#x'])
    expect(() => parseLink(text, 'PLAYFLEET_URL')).toThrow(/^PLAYFLEET_URL/);
});

test('the pin of a certificate comes with the token, is kept with the login, and goes with the address that it belongs to', async () => {
  const dir = tempFolder();
  const { configDir } = config(dir);
  expect(parseLink(`https://c:1/welcome#token=pfa_a.${PIN}`, 'x')).toEqual({
    url: 'https://c:1',
    token: 'pfa_a',
    pin: PIN,
  });
  expect(parseLink(`https://c:1#${PIN}`, 'x')).toMatchObject({ token: null, pin: PIN });
  await storeLogin(configDir, { url: 'https://c:1', token: 'pft_1', pin: PIN });
  expect(await findCredentials(config(dir))).toMatchObject({ token: 'pft_1', pin: PIN });
  expect(await findCredentials(config(dir, { PLAYFLEET_TOKEN: 'pft_2' }))).toMatchObject({ token: 'pft_2', pin: PIN });
  expect(await findCredentials(config(dir, { PLAYFLEET_URL: 'https://c:1' }))).toMatchObject({ pin: PIN });
  expect(await findCredentials(config(dir, { PLAYFLEET_URL: 'https://d:1' }))).toMatchObject({ pin: null });
  const ci = config(tempFolder(), { PLAYFLEET_URL: 'https://d:1', PLAYFLEET_TOKEN: `pft_3.${PIN}` });
  expect(await findCredentials(ci)).toMatchObject({ url: 'https://d:1', token: 'pft_3', pin: PIN });
});

test('a damaged pin, and one for an address without encryption, are refused', async () => {
  for (const link of [`https://c:1#pft_a.${PIN}x`, `https://c:1#pft_a.${PIN}.${PIN}`, `https://c:1#.${PIN}`])
    expect(() => parseLink(link, 'The link')).toThrow(/The link is damaged/);
  expect(() => parseLink(`http://c:1#pft_a.${PIN}`, 'The link')).toThrow(/is not encrypted/);
  const env = { PLAYFLEET_URL: 'https://c:1', PLAYFLEET_TOKEN: 'pft_a.pfp_short' };
  await expect(findCredentials(config(tempFolder(), env))).rejects.toThrow(/PLAYFLEET_TOKEN is damaged/);
});
