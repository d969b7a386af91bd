/** Where the key of the warm copy lies, and what becomes of copy and key when the system's safe storage comes, goes, or has lost it. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test, vi } from 'vitest';
import { writeSuite } from '../../agent/playwright/inline-suite.ts';
import { cliHome } from '../../cli/support/start-cli.ts';
import { command, ended, startRun } from '../../offline/support.ts';
import { readCopy } from '../../../src-main/agent/offline/sealed-copy.ts';
import { okJson } from '../../support/coordinator.ts';
import { tempFolder } from '../../support/folders.ts';
import { startApp, type TestApp } from '../app.ts';
import { decrypted } from '../double/electron.ts';
import { nameOf, permit, startCentral, teammate } from '../team.ts';

// Several programs, each with Playwright in it, on machines that may be busy.
vi.setConfig({ testTimeout: 600_000 });

const workerFolder = (app: TestApp): string => path.join(app.folder, 'desktop/workers', app.state.coordinators[0]!.id);

/** As a program of this user reads it that the keyring lets in. */
function keptKey(app: TestApp): string {
  const { items } = JSON.parse(readFileSync(path.join(app.folder, 'desktop/secrets.json'), 'utf8')) as {
    items: Record<string, string>;
  };
  return decrypted(Buffer.from(items[`copy key ${app.state.coordinators[0]!.id}`]!, 'base64'));
}

/** A test that writes down all that it can see of this user's processes. */
const spy = (
  into: string,
) => String.raw`import { appendFileSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { test } from '@playwright/test';
test('looks around', () => {
  const write = (text) => appendFileSync(${JSON.stringify(into)}, text + '\n');
  write('own ' + JSON.stringify(process.env));
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name)))
    for (const what of ['cmdline', 'environ'])
      try {
        write(what + ' ' + readFileSync('/proc/' + pid + '/' + what, 'latin1').replaceAll('\0', ' '));
      } catch {}
});`;

test.runIf(process.platform === 'linux')(
  'the key lies in the safe storage alone; a test that looks into all processes of its user does not find it',
  async () => {
    const central = await startCentral();
    const app = await teammate(central);
    await permit(central, app);
    await app.until(({ offline }) => offline.copy?.key === 'safe');
    const key = keptKey(app);
    const [base64, hex, raw] = [key, Buffer.from(key, 'base64').toString('hex'), Buffer.from(key, 'base64')];
    expect(raw).toHaveLength(32);

    const seen = path.join(tempFolder(), 'seen');
    const run = await startRun(central.ask, await writeSuite({ 'spy.spec.ts': spy(seen) }));
    expect(await ended(central.ask, run)).toMatchObject({ outcome: 'passed' });
    const text = readFileSync(seen, 'latin1');
    // It saw the agent: its command line, and what it was started with.
    expect(text).toMatch(/cmdline .* worker --data .* --copy-key-stdin/);
    expect(text).toMatch(/environ .*PLAYFLEET_UPDATES=false/);
    for (const form of [base64, hex, raw.toString('latin1')]) expect(text).not.toContain(form);

    expect(existsSync(path.join(workerFolder(app), 'copy.key'))).toBe(false);
    const files = readdirSync(app.folder, { recursive: true, withFileTypes: true }).filter((one) => one.isFile());
    expect(files.map(({ name }) => name)).toContain('copy.sealed');
    for (const { parentPath, name } of files) {
      const bytes = readFileSync(path.join(parentPath, name));
      for (const form of [base64, hex, raw]) expect(bytes.includes(form), name).toBe(false);
    }
    // By hand it is said who has the key.
    const flags = ['promote', '--data', workerFolder(app), '--without-secrets', '--host', '127.0.0.2', '--port', '0'];
    const said = await command(cliHome(), flags, 2);
    expect(said).toMatch(/The key of the warm copy is kept by the desktop app .*stand in from the app/);
    expect(said).not.toMatch(/damaged|cannot be used/);
  },
);

test('a copy of a key file is taken over offline; a promotion goes on without the key; a lost key is said, and the copy made anew', async () => {
  const central = await startCentral();
  const home = { env: cliHome(), promotedHost: '127.0.0.2' };
  const first = await teammate(central, { safeStorage: 'basic_text', env: home.env });
  await permit(central, first);
  // No safe place: today's file, and this computer says so.
  expect(first.state.offline.copy).toMatchObject({ key: 'file', problem: null });
  expect(first.state.secrets).toMatchObject({ kept: 'session', reason: expect.stringContaining('keyring') as string });
  const folder = workerFolder(first);
  const file = path.join(folder, 'copy.key');
  expect(existsSync(file)).toBe(true);
  await first.quit();
  await central.process.kill();

  // The system has a safe place now, and nobody is there to ask for another copy.
  const again = { ...home, folder: first.folder };
  const safe = await startApp(again);
  await safe.until(({ offline }) => offline.copy?.key === 'safe');
  await expect.poll(() => existsSync(file)).toBe(false);
  await safe.ask('promote', { secrets: false });
  const [address] = safe.state.offline.promotion!.shown!.addresses;
  await safe.quit();

  // The key chain is another one: the copy opens no more, but what was promoted needs it no more.
  const other = await startApp({ ...again, safeStorage: 'other_key' });
  await other.until(({ offline }) => offline.promotion?.shown?.addresses[0] === address);
  await other.until(({ offline }) => /safe storage has lost its key/.test(offline.copy?.problem ?? ''));
  const sealed = readFileSync(path.join(folder, 'warm-copy/copy.sealed'));
  await central.comeBack();
  await other.until(({ offline }) => offline.copy?.problem === null);
  expect(readFileSync(path.join(folder, 'warm-copy/copy.sealed')).equals(sealed)).toBe(false);
  await other.ask('demote', { now: true });
  await other.until(({ offline }) => offline.home?.deleted);
  await other.quit();
  await central.process.kill();

  // Lost once more, with nobody to fetch from: it is said, with the mend, and nothing is half promoted.
  const lost = await startApp(again);
  await lost.until(({ offline }) => /lost its key/.test(offline.copy?.problem ?? ''));
  const refused = await lost.refusal('promote', { secrets: false });
  expect(refused.message).toMatch(/lost its key\. It is made anew when the coordinator can be reached/);
  expect(lost.state.offline.promotion).toBeNull();
  await lost.quit();
  const without = await startApp({ ...again, safeStorage: 'none' });
  expect(await without.refusal('promote', { secrets: false })).toMatchObject({
    code: 'no_safe_place',
    message: expect.stringContaining(`Or wait for ${nameOf(central)}`) as string,
  });
});

test("values of secrets are in the copy while its owner and an admin want it, and leave the disk at the owner's word, also without the coordinator", async () => {
  const central = await startCentral();
  await okJson(await central.ask('PUT', '/api/v1/projects/shop/secrets/default/API_KEY', { value: 'hunter22' }));
  // What the app was started with counts no more.
  const app = await teammate(central, { env: { PLAYFLEET_COPY_SECRETS: 'true' } });
  expect((await app.ask('state')).offline.copySecrets).toBe(false);
  await permit(central, app, 'secrets');
  const copied = async () => {
    const keys = { given: Buffer.from(keptKey(app), 'base64'), file: '/nowhere' };
    return (
      (await readCopy(path.join(workerFolder(app), 'warm-copy/copy.sealed'), keys))?.secrets?.map(({ name }) => name) ??
      null
    );
  };
  expect([app.state.offline.copy?.secrets, await copied()]).toEqual([false, null]);
  expect((await app.ask('setCopySecrets', { on: true })).offline.copySecrets).toBe(true);
  await app.until(({ offline }) => offline.copy?.secrets);
  expect(await copied()).toEqual(['API_KEY']);

  await central.process.kill();
  await app.ask('setCopySecrets', { on: false });
  await app.until(({ offline }) => offline.copy?.secrets === false);
  expect(await copied()).toBeNull();
  // The way back asks the coordinator, and the answer is kept over a start.
  await app.ask('setCopySecrets', { on: true });
  await app.quit();
  await central.comeBack();
  const again = await startApp({ folder: app.folder, env: cliHome() });
  await again.until(({ offline }) => offline.copySecrets && offline.copy?.secrets);
  expect(await copied()).toEqual(['API_KEY']);
});
