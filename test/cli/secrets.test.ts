/** `playfleet secrets` and `playfleet coordinator rotate-key` against a real coordinator. */
import { expect, test } from 'vitest';
import { startCoordinator } from '../support/coordinator.ts';
import { cliHome, startCli } from './support/start-cli.ts';

test('a value comes from stdin, is never shown, and outlasts a new key', async () => {
  const coordinator = await startCoordinator();
  const home = cliHome();
  const env = { ...home, PLAYFLEET_URL: coordinator.url, PLAYFLEET_TOKEN: coordinator.adminToken };
  const playfleet = async (args: string[], input = '') => {
    const { child, exit, stdout, stderr } = startCli(args, { env, cwd: home['HOME']! });
    child.stdin?.end(input);
    return { code: await exit, out: stdout() + stderr() };
  };
  const shop = ['--project', 'shop'];
  const set = await playfleet(
    ['secrets', 'set', 'SHOP_PASSWORD', ...shop, '--environment', 'staging'],
    'correct horse\n',
  );
  expect(set).toMatchObject({
    code: 0,
    out: expect.stringContaining('SHOP_PASSWORD is set for shop (staging)') as string,
  });
  const listed = await playfleet(['secrets', 'list', ...shop]);
  expect(listed.out).toMatch(/SHOP_PASSWORD +staging +20/);
  expect(set.out + listed.out).not.toContain('horse');
  expect(await playfleet(['secrets', 'set', 'EMPTY', ...shop], '\n')).toMatchObject({
    code: 2,
    out: expect.stringContaining('no value') as string,
  });
  const data = ['--data', coordinator.dataDir];
  expect(await playfleet(['coordinator', 'rotate-key', ...data])).toMatchObject({
    code: 2,
    out: expect.stringContaining('Stop the coordinator first') as string,
  });
  await coordinator.stop();
  expect((await playfleet(['coordinator', 'rotate-key', ...data])).out).toContain('1 values are sealed with it');
  const again = await startCoordinator({ again: coordinator });
  env.PLAYFLEET_URL = again.url;
  expect((await playfleet(['secrets', 'remove', 'SHOP_PASSWORD', ...shop, '--environment', 'staging'])).code).toBe(0);
  expect((await playfleet(['secrets', 'list', ...shop])).out).not.toContain('SHOP_PASSWORD');
});

test('where several teams have a project of one name, --team says which', async () => {
  const coordinator = await startCoordinator();
  const home = cliHome();
  const env = { ...home, PLAYFLEET_URL: coordinator.url, PLAYFLEET_TOKEN: coordinator.adminToken };
  const playfleet = async (args: string[], input = '') => {
    const { child, exit, stdout, stderr } = startCli(['secrets', ...args, '--project', 'shop'], {
      env,
      cwd: home['HOME']!,
    });
    child.stdin?.end(input);
    return { code: await exit, out: stdout() + stderr() };
  };
  for (const name of ['North', 'South']) {
    expect((await coordinator.request('POST', '/api/v1/teams', { name })).status).toBe(201);
    expect(await playfleet(['set', `OF_${name.toUpperCase()}`, '--team', name], 'correct horse')).toMatchObject({
      code: 0,
    });
  }
  expect(await playfleet(['list'])).toMatchObject({ code: 2, out: expect.stringMatching(/--team|team=/) as string });
  const north = await playfleet(['list', '--team', 'North']);
  expect(north.out).toContain('OF_NORTH');
  expect(north.out).not.toContain('OF_SOUTH');
  expect(await playfleet(['remove', 'OF_NORTH', '--team', 'South'])).toMatchObject({ code: 2 });
  expect(await playfleet(['remove', 'OF_NORTH', '--team', 'North'])).toMatchObject({ code: 0 });
});
