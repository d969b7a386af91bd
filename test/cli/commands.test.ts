/** The commands against a real coordinator, each as a real process. */
import { statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { tempFolder } from '../support/folders.ts';
import { cliHome, startCli, type StartedCli } from './support/start-cli.ts';

interface Listening {
  url: string;
  admin_link: string | null;
  join: string | null;
}

async function startCoordinator(data = tempFolder()): Promise<Listening & StartedCli> {
  const args = ['coordinator', '--port', '0', '--data', data, '--json', '--log-level', 'warn'];
  const started = startCli(args);
  await started.shows(/\n/);
  return { ...started, ...(JSON.parse(started.stdout()) as Listening) };
}

interface Ended {
  code: number;
  out: string;
  err: string;
}

/** Runs a command to its end. */
async function playfleet(env: Record<string, string>, ...args: string[]): Promise<Ended> {
  const { exit, stdout, stderr } = startCli(args, { env, cwd: env['HOME']! });
  return { code: await exit, out: stdout(), err: stderr() };
}

async function json(env: Record<string, string>, ...args: string[]): Promise<Record<string, unknown>> {
  const { code, out, err } = await playfleet(env, ...args, '--json');
  if (code !== 0) throw new Error(`exit ${code}: ${err}`);
  return JSON.parse(out) as Record<string, unknown>;
}

async function loggedIn(): Promise<{
  env: Record<string, string>;
  coordinator: Awaited<ReturnType<typeof startCoordinator>>;
}> {
  const coordinator = await startCoordinator();
  const env = cliHome();
  expect(await playfleet(env, 'login', coordinator.admin_link!)).toMatchObject({
    code: 0,
    out: expect.stringMatching(/^Logged in to http/) as string,
  });
  return { env, coordinator };
}

/** A machine that only polls: enough to be listed and asked. Returns its key. */
async function enrol(link: string, hostname: string): Promise<string> {
  const [url, token] = link.split('#');
  const response = await fetch(`${url}/api/v1/workers/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({
      hostname,
      capabilities: { browsers: ['chromium'], platform: 'linux', max_parallel: 3 },
      tags: ['office'],
    }),
  });
  expect(response.status).toBe(201);
  return ((await response.json()) as { api_key: string }).api_key;
}

test('people are invited, listed, let in again and removed from the command line', async () => {
  const { env, coordinator } = await loggedIn();
  expect((await playfleet(env, 'people')).out).toContain('Nobody has an account yet');
  const invited = await playfleet(env, 'people', 'invite', 'Kim@example.com', '--role', 'viewer');
  expect(invited.err).toContain('For kim@example.com; nobody is written to');
  expect(invited.out).toMatch(new RegExp(`^${coordinator.url}/invitation#token=pfk_[\\w-]{43}\n$`));
  expect((await playfleet(env, 'people', 'list')).out).toMatch(/kim@example\.com +viewer in default/);
  const body = { token: invited.out.trim().split('#token=')[1], name: 'Kim', password: 'purple kettles sing at noon' };
  const joined = await fetch(`${coordinator.url}/api/v1/auth/accept-invitation`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  expect(joined.status).toBe(200);
  expect(await json(env, 'people')).toMatchObject({
    people: [{ email: 'kim@example.com', name: 'Kim' }],
    invitations: [],
  });
  expect((await playfleet(env, 'people', 'reset', 'kim@example.com')).out).toMatch(/\/reset-password#token=pfk_/);
  expect(await playfleet(env, 'people', 'reset', 'kim@example.com', '--second-factor')).toMatchObject({
    code: 2,
    err: expect.stringContaining('has no second factor') as string,
  });
  expect(await playfleet(env, 'people', 'remove', 'kim@example.com')).toMatchObject({ code: 0 });
  expect(await playfleet(env, 'people', 'remove', 'kim@example.com')).toMatchObject({
    code: 2,
    err: expect.stringContaining('Nobody here has the e-mail') as string,
  });
  expect((await playfleet(env, 'teams', 'create', 'North')).out).toContain('Made the team North');
  expect((await playfleet(env, 'teams')).out).toMatch(/North +admin +0 +0 /);
  const bound = await json(env, 'token', 'create', '--api', '--team', 'North');
  expect(bound['team_id']).toEqual(expect.stringMatching(/^[0-9a-f-]{36}$/));
  const admin = await playfleet(env, 'people', 'invite', 'bo@example.com', '--admin');
  expect(admin.code).toBe(0);
  expect((await playfleet(env, 'people')).out).toMatch(/bo@example\.com +admin/);
  expect((await playfleet(env, 'people', 'remove', 'bo@example.com')).out).toContain('The invitation works no longer');
});

test('the link of the first start logs in once; the login is private, serves other commands, and ends with logout', async () => {
  const { env, coordinator } = await loggedIn();
  const file = path.join(env['XDG_CONFIG_HOME']!, 'playfleet/credentials.json');
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(await json(env, 'status')).toMatchObject({ url: coordinator.url, workers: { total: 0 }, active_runs: [] });

  const again = await playfleet(env, 'login', coordinator.admin_link!);
  expect(again.code).toBe(2);
  expect(again.err).toMatch(/The link was not accepted/);
  expect(await playfleet(env, 'login', `${coordinator.url}#pfj_abc`)).toMatchObject({
    code: 2,
    err: expect.stringMatching(/enrols a worker/) as string,
  });
  expect(await playfleet(env, 'login', coordinator.url)).toMatchObject({
    code: 2,
    err: expect.stringMatching(/has no token/) as string,
  });

  expect((await playfleet(env, 'logout')).out).toMatch(/Logged out of .*; the token works no longer/);
  expect(await playfleet(env, 'status')).toMatchObject({
    code: 2,
    err: expect.stringMatching(/not logged in/) as string,
  });
  expect((await playfleet(env, 'logout')).out).toBe('Nobody was logged in.\n');
});

test('tokens are made, listed without secrets, used and revoked', async () => {
  const { env, coordinator } = await loggedIn();
  const made = await playfleet(env, 'token', 'create', '--api', '--name', 'ci', '--expires', '30d');
  expect(made.out).toMatch(/^pft_\S+\n$/);
  const other = { ...cliHome(), PLAYFLEET_URL: coordinator.url, PLAYFLEET_TOKEN: made.out.trim() };
  expect((await playfleet(other, 'runs')).code).toBe(0);

  const tokens = (await json(env, 'token', 'list')) as unknown as { id: string; name: string; kind: string }[];
  const { id } = tokens.find((token) => token.name === 'ci')!;
  expect(JSON.stringify(tokens)).not.toContain(made.out.trim());
  expect((await playfleet(env, 'token', 'revoke', id)).code).toBe(0);
  expect(await playfleet(other, 'runs')).toMatchObject({
    code: 2,
    err: expect.stringMatching(/Log in with the link/) as string,
  });

  const join = await playfleet(env, 'token', 'create', '--join');
  expect(join.out.startsWith(`${coordinator.url}#pfj_`)).toBe(true);
  expect(await playfleet(env, 'token', 'create', '--join', '--expires', '2d')).toMatchObject({
    code: 2,
    err: expect.stringMatching(/expires_in_seconds/) as string,
  });
  expect(await playfleet(env, 'token', 'create')).toMatchObject({
    code: 2,
    err: expect.stringMatching(/Which kind of token/) as string,
  });
});

test('workers are listed, paused, resumed, drained and removed by name', async () => {
  const { env, coordinator } = await loggedIn();
  expect((await playfleet(env, 'workers')).out).toMatch(/No workers.*playfleet token create --join/);
  await enrol(coordinator.join!, 'mac-mini');
  expect((await playfleet(env, 'workers')).out).toMatch(/mac-mini +✓ idle +0\/3 .*chromium +office/);
  for (const [verb, intent] of [
    ['pause', 'paused'],
    ['drain', 'draining'],
    ['resume', 'active'],
  ] as const) {
    expect(await json(env, 'workers', verb, 'mac-mini')).toMatchObject({ hostname: 'mac-mini', intent });
    expect(await json(env, 'workers')).toMatchObject([{ hostname: 'mac-mini', intent }]);
  }
  expect(await playfleet(env, 'workers', 'pause', 'nobody')).toMatchObject({
    code: 2,
    err: expect.stringMatching(/no worker named nobody.\nThere are: mac-mini/) as string,
  });
  expect((await playfleet(env, 'workers', 'remove', 'mac-mini')).out).toBe(
    'mac-mini is removed; its key works no longer.\n',
  );
  expect(await json(env, 'workers')).toEqual([]);
});

test('a worker that failed is shown with why and until when it is held back, and reset by name', async () => {
  const { env, coordinator } = await loggedIn();
  const key = await enrol(coordinator.join!, 'mac-mini');
  const url = coordinator.join!.split('#')[0]!;
  const ask = async (method: string, path: string, body: unknown, bearer: string) => {
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${bearer}` };
    const sent = body === undefined ? {} : { body: JSON.stringify(body) };
    const answer = await fetch(`${url}/api/v1/${path}`, { method, headers, ...sent });
    expect(answer.status).toBeLessThan(300);
    return (await answer.json()) as { token?: string; task_id?: string | null };
  };
  const token = String((await json(env, 'token', 'create', '--api', '--role', 'admin')).token);
  await ask('PUT', 'settings', { breaker_failures_in_row: 1 }, token);
  await ask('POST', 'test-runs/create', { name: 'nightly', total_shards: 1 }, token);
  const { task_id: task } = await ask('GET', 'tasks/next', undefined, key);
  await ask('POST', `tasks/${task}/claim`, undefined, key);
  await ask('POST', `tasks/${task}/fail`, { error_message: 'no disk' }, key);
  const shown = (await playfleet(env, 'workers')).out;
  expect(shown).toMatch(/mac-mini +✕ held back/);
  expect(shown).toMatch(
    /mac-mini: 1 failures? in a row, the last: no disk; it is tried again in .*playfleet workers reset mac-mini/,
  );
  expect((await playfleet(env, 'workers', 'reset', 'mac-mini')).out).toBe(
    'mac-mini gets work again; its earlier failures are forgotten.\n',
  );
  expect(await json(env, 'workers')).toMatchObject([{ breaker: { state: 'closed', reason: null, openings: 0 } }]);
});

test('a run is created, shown by its number, cancelled and repeated', async () => {
  const { env } = await loggedIn();
  const detached = await playfleet(
    env,
    'run',
    '--path',
    '/suites/shop',
    '--name',
    'nightly',
    '--tag',
    'smoke',
    '--detach',
  );
  expect(detached).toMatchObject({ code: 0, out: expect.stringMatching(/^Run #1 nightly: http/) as string });
  expect((await playfleet(env, 'runs', '--tag', 'smoke')).out).toMatch(
    /#1 +◌ (pending|scheduling) +nightly +shop +0\/0/,
  );
  expect((await playfleet(env, 'runs', '--tag', 'other')).out).toMatch(/^No runs/);
  expect((await playfleet(env, 'status')).out).toMatch(/Nothing can run yet\. Add a machine[\s\S]*#1/);
  expect((await playfleet(env, 'status', '#1')).out).toMatch(/^Run #1 nightly {2}◌ (pending|scheduling)\n/);
  expect(await playfleet(env, 'open', '1')).toMatchObject({
    code: 2,
    err: expect.stringMatching(/made when the run has ended/) as string,
  });

  expect((await playfleet(env, 'cancel', '1', '--reason', 'wrong branch')).out).toMatch(
    /^Run #1 is cancelled: nothing of it starts any more\.\n/,
  );
  expect(await json(env, 'status', '1')).toMatchObject({ number: 1, status: 'cancelled', reason: 'wrong branch' });
  expect(await json(env, 'retry', '1')).toMatchObject({ number: 2 });
  expect(await playfleet(env, 'retry', '1', '--failed')).toMatchObject({ code: 2 });
  expect(await playfleet(env, 'logs', '1')).toMatchObject({ code: 0, out: '' });
  expect(await playfleet(env, 'status', '99')).toMatchObject({
    code: 2,
    err: expect.stringMatching(/There is no test run 99/) as string,
  });
  const followed = startCli(['run', '--path', '/suites/shop'], { env, cwd: env['HOME']! });
  await followed.shows(/waits|No worker|no worker/i);
  followed.interrupt();
  expect(await followed.exit).toBe(130);
});

test('the coordinator says when its port or its data are taken, and stops in order', async () => {
  const data = tempFolder();
  const first = await startCoordinator(data);
  const { port } = new URL(first.url);
  const env = cliHome();
  // Whoever else runs tests here may have the next port, which is the default for content.
  const samePort = await playfleet(
    env,
    ...['coordinator', '--port', port, '--content-port', '0', '--data', tempFolder()],
  );
  expect(samePort).toMatchObject({
    code: 2,
    err: `playfleet: Port ${port} on 127.0.0.1 is in use.\nStop what uses it (perhaps another coordinator), or choose another with --port.\n`,
  });
  const sameContentPort = await playfleet(
    env,
    ...['coordinator', '--port', '0', '--content-port', port, '--data', tempFolder()],
  );
  expect(sameContentPort).toMatchObject({
    code: 2,
    err: `playfleet: Port ${port} on 127.0.0.1 is in use.\nStop what uses it (perhaps another coordinator), or choose another with --content-port.\n`,
  });
  const sameData = await playfleet(env, 'coordinator', '--port', '0', '--data', data);
  expect(sameData).toMatchObject({
    code: 2,
    err: expect.stringMatching(/^playfleet: Another coordinator is using the data folder/) as string,
  });
  expect(await playfleet(env, 'coordinator', '--port', 'http')).toMatchObject({
    code: 2,
    err: expect.stringMatching(/^playfleet: --port/) as string,
  });
  first.interrupt();
  expect(await first.exit).toBe(0);
  const second = await startCoordinator(data);
  expect(second.admin_link).toBeNull();
});

test('help lists every command within 80 columns', async () => {
  const help = await playfleet(cliHome(), '--help');
  expect(help.code).toBe(0);
  for (const command of [
    'run',
    'status',
    'runs',
    'cancel',
    'retry',
    'logs',
    'open',
    'download',
    'up',
    'coordinator',
    'worker',
    'login',
    'logout',
    'workers',
    'token',
    'doctor',
  ]) {
    expect(help.out).toMatch(new RegExp(`^  ${command}\\b`, 'm'));
  }
  for (const line of help.out.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
});

test('what is not a command, and an unknown option, end with 2 and where to look', async () => {
  const env = cliHome();
  expect(await playfleet(env, 'rnu')).toMatchObject({
    code: 2,
    err: expect.stringMatching(/unknown command 'rnu'[\s\S]*--help/) as string,
  });
  expect(await playfleet(env, 'run', '--shard', '3')).toMatchObject({
    code: 2,
    err: expect.stringMatching(/unknown option '--shard'/) as string,
  });
  expect(await playfleet(env, '--version')).toMatchObject({
    code: 0,
    out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) as string,
  });
});

test('run --after waits for another run and status says so; an unknown run and a bad file of groups are refused by name', async () => {
  const { env, coordinator } = await loggedIn();
  const key = (await json(env, 'token', 'create', '--api'))['token'] as string;
  const create = async (name: string): Promise<void> => {
    const answer = await fetch(`${coordinator.url}/api/v1/test-runs/create`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
      body: JSON.stringify({ name, total_shards: 1 }),
    });
    expect(answer.status).toBe(201);
  };
  await create('build');
  const run = (...args: string[]) => playfleet(env, 'run', '--path', '/suite', '--detach', '--name', 'shop', ...args);
  const file = path.join(env['HOME']!, 'groups.json');
  writeFileSync(file, JSON.stringify([{ name: 'smoke', select: { tag: '@smoke' } }]));
  expect(await run('--after', '1', '--groups', 'groups.json')).toMatchObject({ code: 0, err: '' });
  const { out } = await playfleet(env, 'status', '2');
  expect(out).toContain('Begins once run #1 (build) has passed');
  expect(out).toMatch(/smoke waiting, 0 tests/);
  expect((await run('--after', '77')).err).toContain('names no test run: "77"');
  expect((await run('--groups', 'nowhere.json')).err).toContain('--groups: nowhere.json cannot be read');
  writeFileSync(file, '[{');
  expect((await run('--groups', 'groups.json')).err).toContain('--groups: groups.json is not JSON');
});

test('rules, caps and weights are added, listed and removed; what is not accepted is named with its mend', async () => {
  const { env } = await loggedIn();
  const added = await json(env, 'rules', 'add', 'macs', '--browser', 'webkit', '--require', 'mac');
  expect(added).toMatchObject({ value: { name: 'macs', when: { browser: 'webkit' }, then: { require: 'mac' } } });
  const listed = await playfleet(env, 'rules', 'list');
  expect(listed.out).toMatch(/macs +browser webkit +require mac/);
  expect((await playfleet(env, 'rules', 'add', 'nothing', '--tag', 'x')).err).toMatch(/then must say prefer, require/);
  expect((await playfleet(env, 'caps', 'add', '2', '--tag', 'db')).code).toBe(0);
  expect((await playfleet(env, 'caps', 'list')).out).toMatch(/2 +tag db/);
  expect((await playfleet(env, 'weights', 'add', '0.5', '--user', 'ben')).code).toBe(0);
  expect((await playfleet(env, 'weights')).out).toMatch(/0\.5 +user ben/);
  expect((await playfleet(env, 'rules', 'remove', String(added.id))).out).toMatch(/The rule for macs was removed/);
  expect((await playfleet(env, 'rules')).out).toMatch(/No rules/);
});
