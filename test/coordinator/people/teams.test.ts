import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import type { Problem } from '../../../shared/protocol/rest/common.ts';
import type { Project } from '../../../shared/protocol/rest/projects.ts';
import type { Run } from '../../../shared/protocol/rest/runs.ts';
import type { Worker } from '../../../shared/protocol/rest/workers.ts';
import { okJson, startCoordinator, type TestCoordinator } from '../../support/coordinator.ts';
import { heldOf, LinkWorker, passed } from '../../support/link-worker.ts';
import { makePerson } from '../../support/people.ts';
import { discoveryOf } from '../../support/suites.ts';
import { listen } from '../events/listen.ts';

type Ask = (method: string, path: string, body?: unknown) => Promise<Response>;

interface Side {
  team: string;
  /** As a token that is bound to the team, a maintainer. */
  ask: Ask;
  token: string;
}

const listOf = async <T>(ask: Ask, path: string) => (await okJson<{ items: T[] }>(await ask('GET', path))).items;

async function makeTeam(coordinator: TestCoordinator, name: string): Promise<Side> {
  const { id: team } = await okJson<{ id: string }>(await coordinator.request('POST', '/api/v1/teams', { name }));
  const { token } = await okJson<{ token: string }>(
    await coordinator.request('POST', '/api/v1/tokens', { kind: 'api', role: 'maintainer', team: name }),
  );
  const authorization = `Bearer ${token}`;
  return {
    team,
    token,
    ask: (method, path, body) => coordinator.request(method, `/api/v1${path}`, body, { authorization }),
  };
}

async function setUp() {
  const coordinator = await startCoordinator();
  const [north, south] = [await makeTeam(coordinator, 'North'), await makeTeam(coordinator, 'South')];
  const all: Ask = (method, path, body) => coordinator.request(method, `/api/v1${path}`, body);
  return { coordinator, north, south, all };
}

const createRun = async (ask: Ask, over: object = {}) =>
  (await okJson<{ test_run_id: string }>(await ask('POST', '/test-runs/create', { name: 'nightly', ...over })))
    .test_run_id;

/** A worker that joins with a token that this side has made. */
async function enrol(coordinator: TestCoordinator, { ask }: Pick<Side, 'ask'>, hostname: string): Promise<Response> {
  const { token } = await okJson<{ token: string }>(await ask('POST', '/tokens', { kind: 'join' }));
  const body = { hostname, capabilities: { browsers: ['chromium'], platform: 'linux', max_parallel: 2 } };
  return coordinator.request('POST', '/api/v1/workers/register', body, { authorization: `Bearer ${token}` });
}

async function linkWorker(coordinator: TestCoordinator, side: Pick<Side, 'ask'>, name: string): Promise<LinkWorker> {
  const { worker_id, api_key } = await okJson<{ worker_id: string; api_key: string }>(
    await enrol(coordinator, side, name),
  );
  return new LinkWorker(coordinator.url, worker_id, api_key, { name, slots: 1 });
}

test('each team has projects, runs and history of its own, also of the same name', async () => {
  const { north, south, all } = await setUp();
  const [a, b] = [await createRun(north.ask, { project: 'shop' }), await createRun(south.ask, { project: 'shop' })];
  await createRun(all);
  for (const [side, own, other] of [
    [north, a, b],
    [south, b, a],
  ] as const) {
    const projects = await listOf<Project>(side.ask, '/projects');
    expect(projects).toMatchObject([{ name: 'shop', runs: 1, team: { id: side.team } }]);
    expect((await listOf<Run>(side.ask, '/test-runs')).map((run) => run.id)).toEqual([own]);
    expect((await side.ask('GET', `/test-runs/${other}`)).status).toBe(404);
  }
  expect((await listOf<Run>(all, '/test-runs')).length).toBe(3);
  expect((await listOf<Project>(all, '/projects')).map(({ name, team }) => `${team.name}/${name}`).sort()).toEqual([
    'North/shop',
    'South/shop',
    'default/default',
  ]);
  // Numbers are of the whole installation, but name only what is seen.
  const { number } = await okJson<Run>(await north.ask('GET', `/test-runs/${a}`));
  expect((await north.ask('GET', `/test-runs/${number}`)).status).toBe(200);
  expect((await south.ask('GET', `/test-runs/${number}`)).status).toBe(404);
});

test('a run goes to the team that is named, or to the only one that may be meant', async () => {
  const { coordinator, north, all } = await setUp();
  const teamOf = async (name: string) =>
    (await listOf<Project>(all, '/projects')).find((one) => one.name === name)?.team.name;
  await createRun(all, { project: 'named', team: 'South' });
  await createRun(north.ask, { project: 'bound' });
  expect([await teamOf('named'), await teamOf('bound')]).toEqual(['South', 'North']);
  for (const team of ['South', 'nowhere']) {
    const refused = (await (await north.ask('POST', '/test-runs/create', { name: 'x', team })).json()) as Problem;
    expect(refused.errors).toEqual([{ field: 'team', message: `${team} does not exist, or you are not in it` }]);
  }
  const kim = await makePerson(coordinator, { email: 'kim@example.com', team: 'North', role: 'runner' });
  const { id } = await okJson<{ id: string }>(await kim.ask('GET', '/account'));
  const south = (await listOf<{ id: string; name: string }>(all, '/teams')).find((one) => one.name === 'South')!;
  await okJson(await all('PUT', `/teams/${south.id}/members/${id}`, { role: 'viewer' }));
  const create = (body: object) => kim.ask('POST', '/test-runs/create', { name: 'x', ...body });
  expect(((await (await create({})).json()) as Problem).errors?.[0]).toEqual({
    field: 'team',
    message: 'must be named: you are in several',
  });
  expect((await create({ team: 'North' })).status).toBe(201);
  // Seen, but only as a viewer.
  expect((await create({ team: 'South' })).status).toBe(403);
  const seen = (await listOf<Run>((method, path, body) => kim.ask(method, path, body), '/test-runs')).map(
    (run) => run.project,
  );
  expect(seen.sort()).toEqual(['bound', 'default', 'named']);
});

test('a worker of a team is given work of that team alone, a shared one all', async () => {
  const { coordinator, north, south, all } = await setUp();
  const own = await linkWorker(coordinator, north, 'of-north');
  await own.connect();
  const other = await createRun(south.ask, { total_shards: 1 });
  const reason = async () => (await okJson<Run>(await south.ask('GET', `/test-runs/${other}`))).reason;
  await expect.poll(reason).toContain('No worker is connected');
  const mine = await createRun(north.ask, { total_shards: 1 });
  expect((await own.grant()).runId).toBe(mine);
  expect(own.waiting('grant')).toBe(0);
  const shared = await linkWorker(coordinator, { ask: all }, 'shared');
  await shared.connect();
  expect((await shared.grant()).runId).toBe(other);
});

test('a worker of a team that polls knows nothing of other teams’ tasks', async () => {
  const { coordinator, north, south } = await setUp();
  const { api_key: key } = await okJson<{ api_key: string }>(await enrol(coordinator, north, 'of-north'));
  const asWorker = (method: string, path: string) =>
    coordinator.request(method, `/api/v1${path}`, undefined, { authorization: `Bearer ${key}` });
  const next = async () => (await okJson<{ task_id: string | null }>(await asWorker('GET', '/tasks/next'))).task_id;
  const other = await createRun(south.ask, { total_shards: 1 });
  const [task] = await listOf<{ id: string }>(south.ask, `/test-runs/${other}/tasks`);
  await expect
    .poll(async () => (await okJson<Run>(await south.ask('GET', `/test-runs/${other}`))).status)
    .toBe('running');
  expect(await next()).toBeNull();
  expect((await asWorker('POST', `/tasks/${task?.id}/claim`)).status).toBe(404);
  await createRun(north.ask, { total_shards: 1 });
  await expect.poll(next).not.toBeNull();
});

test('workers of other teams are not seen; shared ones are, without what they do for others', async () => {
  const { coordinator, north, south, all } = await setUp();
  await enrol(coordinator, north, 'of-north');
  const shared = await linkWorker(coordinator, { ask: all }, 'shared');
  await shared.connect();
  const run = await createRun(north.ask, { total_shards: 1 });
  await shared.grant();
  const seen = async (ask: Ask) =>
    Object.fromEntries((await listOf<Worker>(ask, '/workers')).map((one) => [one.hostname, one]));
  expect(Object.keys(await seen(north.ask))).toEqual(['of-north', 'shared']);
  expect((await seen(north.ask))['shared']?.current_tasks).toMatchObject([{ test_run_id: run }]);
  expect(Object.keys(await seen(south.ask))).toEqual(['shared']);
  expect((await seen(south.ask))['shared']).toMatchObject({ status: 'busy', current_tasks: [] });
  // Shared machines are for who maintains all of them; a machine of one's own team is not.
  const { shared: machine, 'of-north': mine } = await seen(north.ask);
  expect((await north.ask('PATCH', `/workers/${machine?.id}`, { notes: 'mine now' })).status).toBe(403);
  expect((await north.ask('POST', `/workers/${machine?.id}/reset-breaker`)).status).toBe(403);
  expect((await north.ask('PATCH', `/workers/${mine?.id}`, { notes: 'under the desk' })).status).toBe(200);
  expect((await north.ask('PATCH', `/workers/${mine?.id}`, { team_id: null })).status).toBe(403);
  expect((await all('PATCH', `/workers/${mine?.id}`, { team_id: south.team })).status).toBe(200);
  expect((await all('PATCH', `/workers/${mine?.id}`, { team_id: 'nowhere' })).status).toBe(422);
  expect((await north.ask('GET', `/workers/${mine?.id}`)).status).toBe(404);
});

test('a join token of one team takes over no machine of another', async () => {
  const { coordinator, north, south, all } = await setUp();
  const first = await okJson<{ worker_id: string }>(await enrol(coordinator, north, 'desk'));
  await okJson(await all('DELETE', `/workers/${first.worker_id}`));
  // Removed: the name is free.
  const again = await okJson<{ worker_id: string }>(await enrol(coordinator, south, 'desk'));
  expect(again.worker_id).toBe(first.worker_id);
  expect((await south.ask('GET', `/workers/${again.worker_id}`)).status).toBe(200);
  const refused = await enrol(coordinator, north, 'desk');
  expect(refused.status).toBe(409);
});

test('events of other teams reach nobody, neither stored nor live', async () => {
  const { coordinator, north, south, all } = await setUp();
  const headers = { authorization: `Bearer ${north.token}` };
  const stream = await listen(`${coordinator.url}/api/v1/events/stream`, headers);
  const everything = await listen(`${coordinator.url}/api/v1/events/stream`, {
    authorization: `Bearer ${coordinator.adminToken}`,
  });
  await enrol(coordinator, south, 'of-south');
  await enrol(coordinator, { ask: all }, 'shared');
  const other = await createRun(south.ask);
  await okJson(await all('PUT', '/settings', { log_retention_days: 31 }));
  const mine = await createRun(north.ask);
  const created = (id: string) => (message: { data: { type: string; run_id: string | null } }) =>
    message.data.type === 'run.created' && message.data.run_id === id;
  await stream.until(() => stream.messages.some(created(mine)));
  await everything.until(() => everything.messages.some(created(mine)));
  expect(everything.messages.some(created(other))).toBe(true);
  const workers = (messages: typeof stream.messages) =>
    messages.filter(({ data }) => data.type === 'worker.enrolled').map(({ data }) => data.data['worker']);
  expect(workers(everything.messages)).toEqual(['of-south', 'shared']);
  expect(workers(stream.messages)).toEqual(['shared']);
  expect(stream.messages.every(({ data }) => data.run_id === null || data.run_id === mine)).toBe(true);
  expect(stream.messages.some(({ data }) => data.type === 'settings.changed')).toBe(false);
  const replayed = await listen(`${coordinator.url}/api/v1/events/stream?after=0`, headers);
  await replayed.until(() => replayed.messages.some(created(mine)));
  expect(replayed.messages.every(({ data }) => data.run_id === null || data.run_id === mine)).toBe(true);
  expect(workers(replayed.messages)).toEqual(['shared']);
  interface Stored {
    run_id: string | null;
    type: string;
  }
  const stored = await listOf<Stored>(north.ask, '/events?limit=500');
  expect(new Set(stored.map((event) => event.run_id))).toEqual(new Set([null, mine]));
  expect(stored.some((event) => event.type === 'settings.changed')).toBe(false);
  expect(await listOf(north.ask, `/events?run_id=${other}`)).toEqual([]);
  expect((await listOf<Stored>(all, '/events?limit=500')).some((event) => event.run_id === other)).toBe(true);
  for (const one of [stream, everything, replayed]) one.leave();
});

test('what a test attached can be read by its team alone, also by its hash', async () => {
  const { coordinator, north, south, all } = await setUp();
  const worker = await linkWorker(coordinator, north, 'of-north');
  await worker.connect();
  const run = await createRun(north.ask);
  const discovery = await worker.grant();
  await worker.report({ kind: 'begin', ...heldOf(discovery) });
  await worker.report({ kind: 'discovered', ...heldOf(discovery), discovery: discoveryOf(['a']), commit: null });
  await worker.carryOut(discovery);
  const grant = await worker.grant();
  const bytes = 'a screenshot of the secret product';
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  await okJson(
    await fetch(`${coordinator.url}/api/v1/blobs/${sha256}`, {
      method: 'PUT',
      body: bytes,
      headers: { authorization: `Bearer ${coordinator.adminToken}` },
    }),
  );
  await worker.report({ kind: 'begin', ...heldOf(grant) });
  const report = passed(grant, ['a']);
  if (report.kind === 'results') {
    report.attempts[0]!.attachments.push({ name: 'shot', contentType: 'text/plain', sha256, size: bytes.length });
  }
  expect(await worker.report(report)).toBe('accepted');
  await worker.carryOut(grant);
  expect((await north.ask('GET', `/test-runs/${run}/tests/a`)).status).toBe(200);
  expect((await south.ask('GET', `/test-runs/${run}/tests/a`)).status).toBe(404);
  expect(await (await north.ask('GET', `/blobs/${sha256}`)).text()).toBe(bytes);
  expect((await south.ask('GET', `/blobs/${sha256}`)).status).toBe(404);
  const read = async (ask: Ask) =>
    Buffer.from(await (await ask('POST', '/blobs/read', { hashes: [sha256] })).arrayBuffer());
  expect((await read(north.ask)).includes(bytes)).toBe(true);
  expect((await read(south.ask)).length).toBe(0);
  expect((await all('GET', `/blobs/${sha256}`)).status).toBe(200);
});

test('tokens of a team are made, seen and revoked there, and end with whoever made them', async () => {
  const { coordinator, north, south, all } = await setUp();
  const { id } = await okJson<{ id: string }>(await north.ask('POST', '/tokens', { kind: 'api', name: 'ci' }));
  const names = async (ask: Ask) => (await listOf<{ name: string }>(ask, '/tokens')).map((one) => one.name);
  expect(await names(north.ask)).toContain('ci');
  expect(await names(south.ask)).not.toContain('ci');
  expect((await south.ask('DELETE', `/tokens/${id}`)).status).toBe(404);
  expect((await north.ask('POST', '/tokens', { kind: 'api', team: null })).status).toBe(403);
  expect((await north.ask('POST', '/tokens', { kind: 'api', team: 'South' })).status).toBe(422);
  expect((await north.ask('POST', '/tokens', { kind: 'admin_link' })).status).toBe(403);
  const mo = await makePerson(coordinator, { email: 'mo@example.com', team: 'North', role: 'maintainer' });
  const made = await okJson<{ token: string; team_id: string }>(
    await mo.ask('POST', '/tokens', { kind: 'api', role: 'viewer' }),
  );
  expect(made.team_id).toBe(north.team);
  const asMade = () =>
    coordinator.request('GET', '/api/v1/test-runs', undefined, { authorization: `Bearer ${made.token}` });
  expect((await asMade()).status).toBe(200);
  const person = (await okJson<{ id: string }>(await mo.ask('GET', '/account'))).id;
  expect((await all('DELETE', `/teams/${north.team}/members/${person}`)).status).toBe(200);
  expect((await asMade()).status).toBe(401);
  expect(await listOf((method, path) => mo.ask(method, path), '/test-runs')).toEqual([]);
});

test('everybody makes tokens of their own, which may what they may, and end with them', async () => {
  const { coordinator, north, south, all } = await setUp();
  const kim = await makePerson(coordinator, { email: 'kim@example.com', team: 'North', role: 'runner' });
  const lee = await makePerson(coordinator, { email: 'lee@example.com', team: 'North', role: 'runner' });
  const made = await okJson<{ id: string; token: string; link: string }>(await kim.ask('POST', '/account/tokens', {}));
  expect(made).toMatchObject({ role: 'runner', team_id: north.team, link: `${coordinator.url}#${made.token}` });
  const asMade: Ask = (method, path, body) =>
    coordinator.request(method, `/api/v1${path}`, body, { authorization: `Bearer ${made.token}` });
  const run = await createRun(asMade, { project: 'shop' });
  expect((await north.ask('GET', `/test-runs/${run}`)).status).toBe(200);
  expect((await asMade('GET', '/tokens')).status).toBe(403);
  expect((await asMade('POST', '/account/tokens', {})).status).toBe(403);
  expect((await kim.ask('POST', '/account/tokens', { team: 'South' })).status).toBe(422);
  expect((await listOf<{ id: string }>((m, p) => kim.ask(m, p), '/account/tokens')).map(({ id }) => id)).toEqual([
    made.id,
  ]);
  expect((await lee.ask('DELETE', `/account/tokens/${made.id}`)).status).toBe(404);
  expect((await asMade('GET', '/test-runs')).status).toBe(200);
  expect((await kim.ask('DELETE', `/account/tokens/${made.id}`)).status).toBe(200);
  expect((await asMade('GET', '/test-runs')).status).toBe(401);
  expect((await all('GET', `/teams/${south.team}/members`)).status).toBe(200);
});

test('an invitation ends with the rights of who has made it', async () => {
  const { coordinator, north, all } = await setUp();
  const mo = await makePerson(coordinator, { email: 'mo@example.com', team: 'North', role: 'maintainer' });
  await okJson(
    await mo.ask('POST', '/people/invitations', { email: 'second.mo@example.com', team: 'North', role: 'maintainer' }),
  );
  const { id } = await okJson<{ id: string }>(await mo.ask('GET', '/account'));
  expect((await all('DELETE', `/teams/${north.team}/members/${id}`)).status).toBe(200);
  expect(await listOf(all, '/people/invitations')).toEqual([]);
});

test('people of a team see its members and invitations, and nobody else', async () => {
  const { coordinator, north, south, all } = await setUp();
  await makePerson(coordinator, { email: 'kim@example.com', team: 'North' });
  const lee = await makePerson(coordinator, { email: 'lee@example.com', team: 'South' });
  await okJson(await south.ask('POST', '/people/invitations', { email: 'new@example.com', team: 'South' }));
  const mails = async (ask: Ask, path: string) => (await listOf<{ email: string }>(ask, path)).map((one) => one.email);
  expect(await mails(north.ask, '/people')).toEqual(['kim@example.com']);
  expect(await mails(north.ask, '/people/invitations')).toEqual([]);
  expect(await mails(south.ask, '/people/invitations')).toEqual(['new@example.com']);
  expect(await mails(all, '/people')).toEqual(['kim@example.com', 'lee@example.com']);
  const { id } = await okJson<{ id: string }>(await lee.ask('GET', '/account'));
  // Nobody pulls somebody over from another team.
  expect((await north.ask('PUT', `/teams/${north.team}/members/${id}`, { role: 'viewer' })).status).toBe(404);
  expect((await listOf<{ name: string }>(north.ask, '/teams')).map((one) => one.name)).toEqual(['North']);
  expect((await all('DELETE', `/teams/${south.team}`)).status).toBe(200);
  expect((await south.ask('GET', '/teams')).status).toBe(401);
  expect(await listOf((method, path) => lee.ask(method, path), '/teams')).toEqual([]);
});
