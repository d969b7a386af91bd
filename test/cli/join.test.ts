/** `playfleet join` and `playfleet coordinators`, as real processes against a real coordinator that serves https. */
import { expect, test, vi } from 'vitest';
import { okJson, startCoordinator } from '../support/coordinator.ts';
import { cliHome, startCli } from './support/start-cli.ts';

vi.setConfig({ testTimeout: 180_000 });

async function playfleet(env: Record<string, string>, ...args: string[]) {
  const { exit, stdout, stderr } = startCli(args, { env, cwd: env['HOME']! });
  return { code: await exit, out: stdout(), err: stderr() };
}

test('six words make this machine a worker, of a second coordinator, too; it works for one of them', async () => {
  const env = { ...cliHome(), PLAYFLEET_INSTALL: 'false' };
  const named: Record<string, string> = {};
  for (const which of ['one', 'two']) {
    const coordinator = await startCoordinator({ tls: 'own' });
    const { code, id } = await okJson<{ code: string; id: string }>(
      await coordinator.request('POST', '/api/v1/join-codes', { name: which }),
    );
    const words = code.split(' ').map((word) => word.slice(0, 4));
    const at = coordinator.url.replace('https://', '');
    const wrong = await playfleet(env, 'join', ...words.slice(1), 'qqqq', '--at', at);
    expect(wrong).toMatchObject({ code: 2, out: '' });
    expect(wrong.err).toMatch(/Word 6, "qqqq", is in no join code/);
    const joined = await playfleet(env, 'join', ...words, '--at', at, '--name', `laptop-${which}`, '--no-start');
    expect(joined).toMatchObject({ code: 0, err: '' });
    expect(joined.out).toContain(`as laptop-${which}.`);
    const seen = await okJson<object>(await coordinator.request('GET', `/api/v1/join-codes/${id}`));
    expect(seen).toMatchObject({ state: 'used', worker: `laptop-${which}` });
    named[which] = coordinator.url;
  }
  const list = async () =>
    JSON.parse((await playfleet(env, 'coordinators', '--json')).out) as { id: string; url: string; active: boolean }[];
  expect((await list()).map(({ url, active }) => [url, active])).toEqual([
    [named['one'], false],
    [named['two'], true],
  ]);
  const [first, second] = await list();
  expect((await playfleet(env, 'coordinators', 'forget', second!.id)).err).toMatch(/is the active one/);
  expect(await playfleet(env, 'coordinators', 'use', named['one']!)).toMatchObject({ code: 0 });
  expect((await playfleet(env, 'coordinators', 'forget', second!.id)).code).toBe(0);
  expect(await list()).toMatchObject([{ id: first!.id, active: true }]);
  expect((await playfleet(env, 'coordinators', 'use', 'nobody')).err).toMatch(/No coordinator nobody is remembered/);
});

test('without an address it says what to add, and a link works as well', async () => {
  const env = { ...cliHome(), PLAYFLEET_INSTALL: 'false' };
  const lost = await playfleet(env, 'join', 'abacus abbey acorn album amber apple');
  expect(lost.code).toBe(2);
  expect(lost.err).toMatch(/Add --at ADDRESS.*--discover/);
  const coordinator = await startCoordinator({ tls: 'own' });
  const { link } = await okJson<{ link: string }>(
    await coordinator.request('POST', '/api/v1/tokens', { kind: 'join' }),
  );
  const joined = await playfleet(env, 'join', `playfleet://join/${encodeURIComponent(link)}`, '--no-start');
  expect(joined).toMatchObject({ code: 0, err: '' });
  expect(joined.out).not.toContain('pfj_');
});
