/** `playfleet backup` and `playfleet restore` as people call them. */
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { storeBlob } from '../coordinator/backups/support.ts';
import { startCoordinator, type TestCoordinator } from '../support/coordinator.ts';
import { cliHome, startCli } from './support/start-cli.ts';

/** A shell of somebody who is logged in as its admin. */
function shellOf(coordinator: TestCoordinator) {
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
  return { cwd, env, playfleet };
}

const says = (text: string | RegExp, code = 0) => ({
  code,
  out: (typeof text === 'string' ? expect.stringContaining(text) : expect.stringMatching(text)) as string,
});

test('a backup is taken, brought here, listed, checked and restored', { timeout: 120_000 }, async () => {
  const coordinator = await startCoordinator();
  const { cwd, env, playfleet } = shellOf(coordinator);
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
  expect(await playfleet('backup', 'verify', 'sealed.tar')).toMatchObject(
    says('It is encrypted: give its passphrase', 2),
  );
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

test(
  'a folder fetches only the artifacts that it has not, and older backups in it may go',
  { timeout: 120_000 },
  async () => {
    const coordinator = await startCoordinator();
    const { cwd, playfleet } = shellOf(coordinator);
    const store = async (count: number) => {
      for (let n = 0; n < count; n++) {
        const bytes = randomBytes(2000);
        await storeBlob(coordinator, createHash('sha256').update(bytes).digest('hex'), bytes);
      }
    };
    /** How many artifacts each fetch asked for, by the audit log. */
    const fetched = async () => {
      const answer = await coordinator.request('GET', '/api/v1/audit?action=backup.downloaded&limit=100');
      const { items } = (await answer.json()) as { items: { data: { artifacts: string | number } }[] };
      return items.map(({ data }) => data.artifacts).filter((artifacts) => typeof artifacts === 'number');
    };
    const names = (folder: string) =>
      readdirSync(path.join(cwd, folder)).filter((name) => name.startsWith('playfleet-'));
    await store(5);
    expect(await playfleet('backup', '--to', 'folder/')).toMatchObject(says('is in folder/'));
    expect(await fetched()).toEqual([5]);
    await store(2);
    expect(await playfleet('backup', '--to', 'folder/')).toMatchObject(says('is in folder/'));
    expect((await fetched()).toSorted()).toEqual([2, 5]);
    const [older, newer] = names('folder').toSorted();
    expect(readdirSync(path.join(cwd, 'folder')).toSorted()).toEqual(
      ['artifacts', 'backups.lock', older, newer].toSorted(),
    );

    // What was cut off in the middle is gone with the next one; an artifact that was cut off is fetched again.
    mkdirSync(path.join(cwd, 'folder', '.playfleet-20200101T000000Z.partial'));
    const artifacts = path.join(cwd, 'folder', 'artifacts');
    const [one] = readdirSync(artifacts, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    truncateSync(path.join(one!.parentPath, one!.name), 10);
    expect(await playfleet('backup', 'verify', 'folder')).toMatchObject(says(/was changed|cut off/, 2));
    rmSync(path.join(cwd, 'folder', older!), { recursive: true });
    expect(await playfleet('backup', '--to', 'folder/')).toMatchObject(says('is in folder/'));
    expect((await fetched()).toSorted()).toEqual([1, 2, 5]);
    expect(readdirSync(path.join(cwd, 'folder'))).not.toContain('.playfleet-20200101T000000Z.partial');
    expect(await playfleet('backup', 'verify', 'folder', '--name', newer!)).toMatchObject(says('7 artifacts'));

    // The same into a folder where names are sealed.
    writeFileSync(path.join(cwd, 'phrase'), 'correct horse battery\n');
    const sealed = ['backup', '--to', 'sealed/', '--encrypt', '--passphrase-file', 'phrase'];
    expect(await playfleet(...sealed)).toMatchObject(says('is in sealed/'));
    await store(1);
    expect(await playfleet(...sealed)).toMatchObject(says('is in sealed/'));
    expect((await fetched()).toSorted()).toEqual([1, 1, 2, 5, 7]);
    expect(await playfleet('backup', 'verify', 'sealed', '--passphrase-file', 'phrase')).toMatchObject(
      says('8 artifacts'),
    );

    const [named] = (
      (await (await coordinator.request('GET', '/api/v1/backups')).json()) as { items: { name: string }[] }
    ).items;
    const at = `/api/v1/backups/${named!.name}/artifacts`;
    expect((await coordinator.request('POST', at, { artifacts: ['0'.repeat(64)] })).status).toBe(409);
    expect((await coordinator.request('POST', at, { artifacts: ['../secret.key'] })).status).toBe(422);
  },
);
