/** `playfleet audit` against a real coordinator, whose file is tampered with while it is stopped. */
import path from 'node:path';
import Libsql from 'libsql';
import { expect, test } from 'vitest';
import { startCoordinator } from '../support/coordinator.ts';
import { cliHome, startCli } from './support/start-cli.ts';

async function playfleet(coordinator: { url: string; adminToken: string }, ...args: string[]) {
  const home = cliHome();
  const env = { ...home, PLAYFLEET_URL: coordinator.url, PLAYFLEET_TOKEN: coordinator.adminToken };
  const { exit, stdout, stderr } = startCli(args, { env, cwd: home['HOME']! });
  return { code: await exit, out: stdout(), err: stderr() };
}

test('verify holds for a whole log, and names the entry that was changed', async () => {
  const coordinator = await startCoordinator();
  await coordinator.enrol('mill');
  expect(await playfleet(coordinator, 'audit')).toMatchObject({
    code: 0,
    out: expect.stringMatching(/worker\.enrolled +mill/) as string,
  });
  const whole = await playfleet(coordinator, 'audit', 'verify');
  expect(whole).toMatchObject({ code: 0, out: expect.stringContaining('4 entries, each follows') as string });
  const head = /--head (\S+)/.exec(whole.out)?.[1] ?? '';
  expect((await playfleet(coordinator, 'audit', 'verify', '--head', head)).out).toContain(
    'entry 4 is the one that was noted',
  );
  expect(await playfleet(coordinator, 'audit', 'verify', '--head', `4:${'0'.repeat(64)}`)).toMatchObject({
    code: 1,
    out: expect.stringContaining('history was rewritten') as string,
  });
  expect((await playfleet(coordinator, 'audit', 'verify', '--head', 'x')).code).toBe(2);
  await coordinator.stop();
  const db = new Libsql(path.join(coordinator.dataDir, 'playfleet.db'));
  db.exec("DROP TRIGGER audit_never_changes; UPDATE audit SET address = '10.0.0.1' WHERE seq = 2");
  db.close();
  const again = await startCoordinator({ again: coordinator });
  expect(await playfleet(again, 'audit', 'verify', '--head', head)).toMatchObject({
    code: 1,
    out: expect.stringContaining('entry 2 does not match its hash') as string,
  });
  expect(JSON.parse((await playfleet(again, 'audit', 'verify', '--json')).out)).toMatchObject({
    whole: false,
    broken: { kind: 'changed', seq: 2 },
  });
});
