/** `playfleet backup` and `playfleet restore` as people call them. */
import { readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { startCoordinator } from '../support/coordinator.ts';
import { cliHome, startCli } from './support/start-cli.ts';

test('a backup is taken, brought here, listed, checked and restored', { timeout: 120_000 }, async () => {
  const coordinator = await startCoordinator();
  const home = cliHome();
  const cwd = home['HOME']!;
  const env: Record<string, string> = {
    ...home,
    PLAYFLEET_URL: coordinator.url,
    PLAYFLEET_TOKEN: coordinator.adminToken,
  };
  const playfleet = async (...args: string[]) => {
    const { child, exit, stdout, stderr } = startCli(args, { env, cwd });
    child.stdin?.end();
    return { code: await exit, out: stdout() + stderr() };
  };
  const says = (text: string | RegExp, code = 0) => ({
    code,
    out: (typeof text === 'string' ? expect.stringContaining(text) : expect.stringMatching(text)) as string,
  });
  expect(await playfleet('backup', 'list')).toMatchObject(says('There is no backup yet'));
  expect(await playfleet('backup')).toMatchObject(
    says(/playfleet-\d+T\d+Z is in the coordinator's folder, and was read back whole/),
  );
  expect(await playfleet('backup', 'list')).toMatchObject(says(/playfleet-\d+T\d+Z +20.* no +no/));
  expect(await playfleet('backup', '--to', 'mine.tar')).toMatchObject(says('is in mine.tar'));
  expect(await playfleet('backup', '--to', 'folder/')).toMatchObject(says('is in folder/'));
  expect(await playfleet('backup', 'list', 'folder')).toMatchObject(says(/playfleet-\d+T\d+Z/));
  expect(await playfleet('backup', 'verify', 'mine.tar')).toMatchObject(says('It can be restored'));
  writeFileSync(path.join(cwd, 'phrase'), 'correct horse battery\n');
  const phrase = ['--passphrase-file', 'phrase'];
  expect(await playfleet('backup', '--to', 'sealed.tar', '--encrypt', ...phrase)).toMatchObject(
    says('is in sealed.tar'),
  );
  expect(readFileSync(path.join(cwd, 'sealed.tar')).includes('SQLite format')).toBe(false);
  expect(await playfleet('backup', 'verify', 'sealed.tar')).toMatchObject(says('encrypted: give their passphrase', 2));
  expect(await playfleet('backup', 'verify', 'sealed.tar', ...phrase)).toMatchObject(says('It can be restored'));
  expect(await playfleet('backup', '--to', 'more.tar', '--encrypt')).toMatchObject(says('There is no passphrase', 2));
  const data = ['--data', coordinator.dataDir];
  expect(await playfleet('backup', ...data, '--to', 'x.tar')).toMatchObject(says('Leave --data out', 2));
  expect(await playfleet('restore', 'mine.tar', '--into', coordinator.dataDir)).toMatchObject(
    says("has a coordinator's data", 2),
  );
  await coordinator.stop();
  expect(await playfleet('backup', ...data, '--to', 'offline/')).toMatchObject(
    says(/is in offline\/, and was read back whole[^]*The keys of the coordinator/),
  );
  const restored = await playfleet('restore', 'sealed.tar', '--into', 'restored', ...phrase);
  expect(restored).toMatchObject(
    says(/is restored into .*restored, every byte of it checked[^]*State of +20.* ago[^]*playfleet coordinator --data/),
  );
  expect(readdirSync(path.join(cwd, 'restored')).sort()).toEqual(['blobs', 'playfleet.db', 'playfleet.db.lock']);
  truncateSync(path.join(cwd, 'mine.tar'), 5000);
  expect(await playfleet('restore', 'mine.tar', '--into', 'elsewhere')).toMatchObject(says('was cut off', 2));
  expect(readdirSync(cwd)).not.toContain('elsewhere');
  expect(await playfleet('restore', 'nowhere.tar', '--into', 'elsewhere')).toMatchObject(says('There is no', 2));
  const into = path.join(cwd, 'restored');
  const again = await startCoordinator({ again: { dataDir: into, adminToken: coordinator.adminToken } });
  env['PLAYFLEET_URL'] = again.url;
  expect((await playfleet('audit', 'verify')).code).toBe(0);
});
