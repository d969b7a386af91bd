import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import type { Problem } from '../../../shared/protocol/rest/common.ts';
import type { Person as PersonView, Session } from '../../../shared/protocol/rest/people.ts';
import { okJson, startCoordinator, type TestCoordinator } from '../../support/coordinator.ts';
import {
  cookieOf,
  fromPage,
  invite,
  makeAdmin,
  makePerson,
  PASSWORD,
  personWith,
  signIn,
} from '../../support/people.ts';

const problemOf = async (answer: Response) => ({ ...((await answer.json()) as Problem), status: answer.status });
const audit = async (coordinator: TestCoordinator) =>
  (
    await okJson<{ items: { action: string; actor_name: string; target: string; data: Record<string, unknown> }[] }>(
      await coordinator.request('GET', '/api/v1/audit?limit=100'),
    )
  ).items;

test('the admin link makes the account of an admin, once', async () => {
  const coordinator = await startCoordinator();
  const ada = await makeAdmin(coordinator);
  expect(await okJson(await ada.ask('GET', '/auth/me'))).toMatchObject({
    kind: 'user',
    name: 'ada',
    role: 'admin',
    email: 'ada@example.com',
    teams: null,
  });
  expect((await ada.ask('GET', '/settings')).status).toBe(200);
  const link = await okJson<{ token: string }>(
    await coordinator.request('POST', '/api/v1/tokens', { kind: 'admin_link' }),
  );
  const make = (email: string) =>
    fromPage(coordinator.url, 'POST', '/api/v1/auth/first-account', {
      token: link.token,
      email,
      name: 'B',
      password: PASSWORD,
    });
  expect(await problemOf(await make('ADA@example.com'))).toMatchObject({ status: 409, code: 'email_taken' });
  // What was refused has not used it up.
  expect((await make('bo@example.com')).status).toBe(200);
  expect(await problemOf(await make('cy@example.com'))).toMatchObject({ status: 401, code: 'token_refused' });
});

test('an invitation makes one account in its team, with a password that is good enough', async () => {
  const coordinator = await startCoordinator();
  const { url } = coordinator;
  const token = await invite(coordinator, { email: ' Kim@Example.com ', role: 'viewer' });
  const accept = (password: string) =>
    fromPage(url, 'POST', '/api/v1/auth/accept-invitation', { token, name: 'Kim Berger', password });
  for (const [password, message] of [
    ['short', 'must have at least 12 characters'],
    ['password1234', 'is one of the first'],
    ['KimBerger-1234', 'your own name'],
  ]) {
    const refused = await problemOf(await accept(password!));
    expect(refused.status).toBe(422);
    expect(refused.errors?.[0]?.field).toBe('password');
    expect(refused.errors?.[0]?.message).toContain(message);
  }
  const answers = await Promise.all(Array.from({ length: 8 }, () => accept(PASSWORD)));
  expect(answers.map((answer) => answer.status).sort()).toEqual([200, ...Array<number>(7).fill(401)]);
  const kim = personWith(url, 'kim@example.com', cookieOf(answers.find((answer) => answer.ok)!));
  expect(await okJson(await kim.ask('GET', '/account'))).toMatchObject({
    email: 'kim@example.com',
    name: 'Kim Berger',
    admin: false,
    teams: [{ id: 'default', name: 'default', role: 'viewer' }],
    second_factor: false,
  });
  expect((await kim.ask('POST', '/test-runs/create', { name: 'x' })).status).toBe(403);
  expect((await kim.ask('GET', '/settings')).status).toBe(403);
  const actions = (await audit(coordinator)).map((entry) => entry.action);
  expect(actions).toEqual(expect.arrayContaining(['person.invited', 'person.joined', 'session.opened']));
});

test('invitations end by time, by being taken back, and by a newer one', async () => {
  const coordinator = await startCoordinator();
  const first = await invite(coordinator, { email: 'kim@example.com' });
  const second = await invite(coordinator, { email: 'kim@example.com', role: 'viewer' });
  const { items } = await okJson<{ items: { id: string; role: string }[] }>(
    await coordinator.request('GET', '/api/v1/people/invitations'),
  );
  expect(items).toHaveLength(1);
  expect(items[0]?.role).toBe('viewer');
  expect(JSON.stringify(items)).not.toContain('pfk_');
  expect((await coordinator.request('DELETE', `/api/v1/people/invitations/${items[0]?.id}`)).status).toBe(200);
  for (const token of [first, second, 'pfk_nonsense', `pfk_${'A'.repeat(43)}`]) {
    const answer = await fromPage(coordinator.url, 'POST', '/api/v1/auth/accept-invitation', {
      token,
      name: 'Kim',
      password: PASSWORD,
    });
    expect(await problemOf(answer)).toMatchObject({ status: 401, code: 'token_refused' });
  }
});

test('nobody invites beyond their own role, nor into a team that they are not in', async () => {
  const coordinator = await startCoordinator();
  await makeAdmin(coordinator);
  const other = await okJson<{ id: string }>(await coordinator.request('POST', '/api/v1/teams', { name: 'Other' }));
  const mo = await makePerson(coordinator, { email: 'mo@example.com', role: 'maintainer' });
  const status = async (body: object) => (await mo.ask('POST', '/people/invitations', body)).status;
  expect(await status({ email: 'a@example.com', role: 'maintainer' })).toBe(201);
  expect(await status({ email: 'a@example.com', role: 'admin' })).toBe(403);
  expect(await status({ email: 'a@example.com', role: 'admin', team: null })).toBe(403);
  // Not told from one that does not exist.
  const unlike = await Promise.all(
    [other.id, 'nothing'].map(async (team) => {
      const answer = await problemOf(
        await mo.ask('POST', '/people/invitations', { email: 'a@example.com', role: 'viewer', team }),
      );
      return { status: answer.status, detail: answer.detail.replace(team, '…') };
    }),
  );
  expect(unlike[0]).toEqual(unlike[1]);
  expect(unlike[0]?.status).toBe(422);
  expect(await status({ email: 'mo@example.com', role: 'viewer' })).toBe(409);
});

test('signing in tells nothing of who has an account', async () => {
  const coordinator = await startCoordinator();
  await makePerson(coordinator, { email: 'kim@example.com' });
  const answers = [];
  for (const [email, password] of [
    ['kim@example.com', 'wrong wrong wrong'],
    ['nobody@example.com', PASSWORD],
  ]) {
    const started = performance.now();
    const { instance, ...problem } = await problemOf(await signIn(coordinator.url, email!, password));
    expect(instance).toBeTruthy();
    expect(performance.now() - started).toBeGreaterThanOrEqual(245);
    answers.push(problem);
  }
  expect(answers[0]).toMatchObject({ status: 401, code: 'sign_in_failed' });
  expect(answers[1]).toEqual(answers[0]);
  const good = await signIn(coordinator.url, 'KIM@example.com');
  expect(await okJson(good)).toEqual({ step: 'done', ticket: null });
  expect(good.headers.getSetCookie()[0]).toMatch(/^playfleet_session=pfs_[\w-]{43}; .*HttpOnly.*SameSite=Strict/);
});

test('after too many wrong passwords the right one does not do either, for a while', async () => {
  const coordinator = await startCoordinator();
  await makeAdmin(coordinator);
  await makePerson(coordinator, { email: 'kim@example.com' });
  const wrong = await Promise.all(
    Array.from({ length: 12 }, () => signIn(coordinator.url, 'kim@example.com', 'not the password')),
  );
  expect(new Set(wrong.map((answer) => answer.status))).toEqual(new Set([401]));
  expect((await signIn(coordinator.url, 'kim@example.com')).status).toBe(401);
  expect((await signIn(coordinator.url, 'ada@example.com')).status).toBe(200);
  const entries = await audit(coordinator);
  // However many came at once, no more than five were looked at.
  expect(entries.filter((entry) => entry.action === 'session.refused')).toHaveLength(5);
  expect(entries.find((entry) => entry.action === 'account.locked')).toMatchObject({
    target: 'kim@example.com',
    data: { failures: 5, seconds: 30 },
  });
  const { items } = await okJson<{ items: PersonView[] }>(await coordinator.request('GET', '/api/v1/people'));
  const kim = items.find((one) => one.email === 'kim@example.com')!;
  expect(Date.parse(kim.locked_until ?? '')).toBeGreaterThan(Date.now());
  const reset = await okJson<{ link: string }>(
    await coordinator.request('POST', `/api/v1/people/${kim.id}/reset-link`),
  );
  const token = reset.link.split('#token=')[1];
  const renewed = await fromPage(coordinator.url, 'POST', '/api/v1/auth/reset-password', {
    token,
    password: `${PASSWORD}!`,
  });
  expect(renewed.status).toBe(200);
  expect((await signIn(coordinator.url, 'kim@example.com', `${PASSWORD}!`)).status).toBe(200);
});

test('sessions are listed with their browsers, and end one by one or all others at once', async () => {
  const coordinator = await startCoordinator();
  const { url } = coordinator;
  await makePerson(coordinator, { email: 'kim@example.com' });
  const open = async () => personWith(url, 'kim@example.com', cookieOf(await signIn(url, 'kim@example.com')));
  const [a, b, d] = [await open(), await open(), await open()];
  const list = async () => (await okJson<{ items: Session[] }>(await a.ask('GET', '/account/sessions'))).items;
  const before = await list();
  expect(before).toHaveLength(4);
  expect(before.filter((one) => one.current)).toHaveLength(1);
  expect(before[0]).toMatchObject({ browser: 'Chrome 141 on Linux', method: 'password', address: '127.0.0.1' });
  expect((await a.ask('DELETE', `/account/sessions/${before[0]?.id}`)).status).toBe(200);
  expect((await d.ask('GET', '/auth/me')).status).toBe(401);
  expect((await b.ask('GET', '/auth/me')).status).toBe(200);
  expect(await okJson(await a.ask('DELETE', '/account/sessions'))).toMatchObject({ ended: 2 });
  expect((await b.ask('GET', '/auth/me')).status).toBe(401);
  expect(await list()).toHaveLength(1);
  expect((await a.ask('POST', '/auth/logout')).status).toBe(200);
  expect((await a.ask('GET', '/auth/me')).status).toBe(401);
});

test('nobody reaches the session of somebody else', async () => {
  const coordinator = await startCoordinator();
  const kim = await makePerson(coordinator, { email: 'kim@example.com' });
  const lee = await makePerson(coordinator, { email: 'lee@example.com' });
  const { items } = await okJson<{ items: Session[] }>(await lee.ask('GET', '/account/sessions'));
  expect((await kim.ask('DELETE', `/account/sessions/${items[0]?.id}`)).status).toBe(404);
  expect((await lee.ask('GET', '/auth/me')).status).toBe(200);
});

test('changing the password needs the old one, and signs out all other browsers', async () => {
  const coordinator = await startCoordinator();
  const { url } = coordinator;
  const kim = await makePerson(coordinator, { email: 'kim@example.com' });
  const other = personWith(url, 'kim@example.com', cookieOf(await signIn(url, 'kim@example.com')));
  const change = (current: string, password: string) => kim.ask('POST', '/account/password', { current, password });
  expect((await problemOf(await change('wrong', `${PASSWORD}?`))).errors?.[0]?.field).toBe('current');
  expect((await change(PASSWORD, 'qwertyuiop12')).status).toBe(422);
  expect((await change(PASSWORD, `${PASSWORD}?`)).status).toBe(200);
  expect((await kim.ask('GET', '/auth/me')).status).toBe(200);
  expect((await other.ask('GET', '/auth/me')).status).toBe(401);
  expect((await signIn(url, 'kim@example.com')).status).toBe(401);
  expect((await signIn(url, 'kim@example.com', `${PASSWORD}?`)).status).toBe(200);
});

test('a link for a new password works once and signs out everywhere', async () => {
  const coordinator = await startCoordinator();
  const { url } = coordinator;
  const kim = await makePerson(coordinator, { email: 'kim@example.com' });
  const { id } = await okJson<{ id: string }>(await kim.ask('GET', '/account'));
  const link = async () =>
    (await okJson<{ link: string }>(await coordinator.request('POST', `/api/v1/people/${id}/reset-link`))).link;
  const [old, now] = [await link(), await link()];
  expect(now).toMatch(new RegExp(`^${url}/reset-password#token=pfk_[\\w-]{43}$`));
  const use = (made: string) =>
    fromPage(url, 'POST', '/api/v1/auth/reset-password', { token: made.split('#token=')[1], password: `${PASSWORD}.` });
  expect((await use(old)).status).toBe(401);
  expect((await kim.ask('GET', '/auth/me')).status).toBe(200);
  expect((await use(now)).status).toBe(200);
  expect((await use(now)).status).toBe(401);
  expect((await kim.ask('GET', '/auth/me')).status).toBe(401);
});

test('a person who is removed is out at once, but the last admin stays', async () => {
  const coordinator = await startCoordinator();
  const ada = await makeAdmin(coordinator);
  const kim = await makePerson(coordinator, { email: 'kim@example.com' });
  const idOf = async (person: typeof ada) => (await okJson<{ id: string }>(await person.ask('GET', '/account'))).id;
  const [adaId, kimId] = [await idOf(ada), await idOf(kim)];
  for (const [method, body] of [
    ['DELETE', undefined],
    ['PATCH', { admin: false }],
  ] as const) {
    expect(await problemOf(await ada.ask(method, `/people/${adaId}`, body))).toMatchObject({
      status: 409,
      code: 'last_admin',
    });
  }
  expect((await ada.ask('DELETE', `/people/${kimId}`)).status).toBe(200);
  expect((await kim.ask('GET', '/auth/me')).status).toBe(401);
  expect((await signIn(coordinator.url, 'kim@example.com')).status).toBe(401);
  expect((await ada.ask('DELETE', `/people/${kimId}`)).status).toBe(404);
});

test('a change of role counts with the next request', async () => {
  const coordinator = await startCoordinator();
  const ada = await makeAdmin(coordinator);
  const kim = await makePerson(coordinator, { email: 'kim@example.com', role: 'viewer' });
  const { id } = await okJson<{ id: string }>(await kim.ask('GET', '/account'));
  const create = async () => (await kim.ask('POST', '/test-runs/create', { name: 'x', total_shards: 1 })).status;
  expect(await create()).toBe(403);
  expect((await ada.ask('PUT', `/teams/default/members/${id}`, { role: 'runner' })).status).toBe(200);
  expect(await create()).toBe(201);
  expect((await ada.ask('PATCH', `/people/${id}`, { admin: true })).status).toBe(200);
  expect((await kim.ask('GET', '/settings')).status).toBe(200);
  const members = await okJson<{ items: object[] }>(await kim.ask('GET', '/teams/default/members'));
  expect(members.items).toEqual([{ person_id: id, email: 'kim@example.com', name: 'kim', role: 'runner' }]);
});

test('pages of other origins cannot sign a browser in, and a session works in a cookie alone', async () => {
  const coordinator = await startCoordinator();
  const kim = await makePerson(coordinator, { email: 'kim@example.com' });
  const foreign = await fetch(`${coordinator.url}/api/v1/auth/sign-in`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: 'http://evil.example' },
    body: JSON.stringify({ email: 'kim@example.com', password: PASSWORD }),
  });
  expect(await problemOf(foreign)).toMatchObject({ status: 403, code: 'cross_origin' });
  const secret = kim.cookie.split('=')[1];
  const me = await fetch(`${coordinator.url}/api/v1/auth/me`, { headers: { authorization: `Bearer ${secret}` } });
  expect(me.status).toBe(401);
});

test('sessions live through a restart, and none of their secrets lie in the data folder', async () => {
  const first = await startCoordinator();
  const kim = await makePerson(first, { email: 'kim@example.com' });
  await first.stop();
  const bytes = Buffer.concat(
    readdirSync(first.dataDir, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(path.join(entry.parentPath, entry.name))),
  );
  expect(bytes.includes(kim.cookie.split('=')[1]!)).toBe(false);
  expect(bytes.includes(PASSWORD)).toBe(false);
  expect(JSON.stringify(first.log)).not.toMatch(/pf[sdk]_/);
  const second = await startCoordinator({ again: first });
  expect((await personWith(second.url, kim.email, kim.cookie).ask('GET', '/account')).status).toBe(200);
});
