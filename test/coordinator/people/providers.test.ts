import { generate } from 'otplib';
import { expect, test } from 'vitest';
import { discordProfile, githubProfile, oidcProfile } from '../../../coordinator/people/providers.ts';
import { okJson, startCoordinator, type TestCoordinator } from '../../support/coordinator.ts';
import { CLIENT, startIdentityProvider, type IdentityProvider } from '../../support/identity-provider.ts';
import { cookieOf, fromPage, invite, makePerson, PASSWORD, personWith, signIn } from '../../support/people.ts';

async function setUp(): Promise<{ coordinator: TestCoordinator; idp: IdentityProvider }> {
  const [coordinator, idp] = [await startCoordinator(), await startIdentityProvider()];
  const settings = {
    private_hosts: '127.0.0.1',
    oidc_issuer: idp.url,
    oidc_name: 'Example Inc.',
    oidc_client_id: CLIENT.id,
    oidc_client_secret: CLIENT.secret,
    github_url: idp.url,
    github_client_id: CLIENT.id,
    github_client_secret: CLIENT.secret,
  };
  await okJson(await coordinator.request('PUT', '/api/v1/settings', settings));
  return { coordinator, idp };
}

const go = (url: string, cookie = '') =>
  fetch(url, { redirect: 'manual', headers: cookie === '' ? {} : { cookie, 'sec-fetch-site': 'cross-site' } });
const locationOf = (answer: Response) => answer.headers.get('location') ?? '';
const problemIn = (answer: Response) => new URLSearchParams(locationOf(answer).split('#')[1]).get('problem');

/** To the provider, and back to the door of the coordinator: the address of the callback, and the cookie to show there. */
async function journey(coordinator: TestCoordinator, id: string): Promise<{ callback: string; cookie: string }> {
  const start = await go(`${coordinator.url}/api/v1/auth/providers/${id}/start`);
  expect(start.status).toBe(302);
  const header = start.headers.getSetCookie()[0] ?? '';
  expect(header).toMatch(/^playfleet_journey=[\w-]+;.*HttpOnly.*SameSite=Lax/);
  const there = await go(locationOf(start));
  return { callback: locationOf(there), cookie: header.split(';')[0] ?? '' };
}

async function through(coordinator: TestCoordinator, id: string): Promise<Response> {
  const { callback, cookie } = await journey(coordinator, id);
  return go(callback, cookie);
}

test('somebody invited comes in through an OpenID Connect provider, without a password', async () => {
  const { coordinator, idp } = await setUp();
  const list = await okJson(await fetch(`${coordinator.url}/api/v1/auth/providers`));
  expect(list).toEqual({
    items: [
      { id: 'oidc', name: 'Example Inc.' },
      { id: 'github', name: 'GitHub' },
    ],
    reset_by_mail: false,
  });
  expect(problemIn(await through(coordinator, 'oidc'))).toBe(
    'Nobody has invited kim@example.com here. Ask an admin to.',
  );
  await invite(coordinator, { email: 'kim@example.com', role: 'viewer' });
  const back = await through(coordinator, 'oidc');
  expect(locationOf(back)).toBe('/');
  const kim = personWith(coordinator.url, 'kim@example.com', cookieOf(back));
  expect(await okJson(await kim.ask('GET', '/account'))).toMatchObject({
    name: 'Kim Berger',
    email: 'kim@example.com',
    password: false,
    providers: ['oidc'],
    teams: [{ role: 'viewer' }],
  });
  expect((await signIn(coordinator.url, 'kim@example.com', PASSWORD)).status).toBe(401);
  // Later it is the provider's name for them that counts, not the e-mail.
  idp.claims = { ...idp.claims, email: 'kim@new.example' };
  expect(locationOf(await through(coordinator, 'oidc'))).toBe('/');
  idp.claims = { ...idp.claims, sub: 'user-2' };
  expect(problemIn(await through(coordinator, 'oidc'))).toContain('Nobody has invited kim@new.example');
  const { items } = await okJson<{ items: { data: object }[] }>(
    await coordinator.request('GET', '/api/v1/audit?action=identity.linked'),
  );
  expect(items).toMatchObject([{ data: { provider: 'oidc' } }]);
});

test('an e-mail that the provider has not verified opens no account', async () => {
  const { coordinator, idp } = await setUp();
  await makePerson(coordinator, { email: 'kim@example.com' });
  for (const verified of [false, 'true', undefined]) {
    idp.claims = { sub: 'user-1', email: 'kim@example.com', email_verified: verified };
    expect(problemIn(await through(coordinator, 'oidc'))).toContain('has not verified your e-mail');
  }
  idp.github = {
    user: { id: 7, login: 'kim' },
    emails: [{ email: 'kim@example.com', primary: true, verified: false }],
  };
  expect(problemIn(await through(coordinator, 'github'))).toContain('has not verified your e-mail');
});

test('an account is linked by its verified e-mail, and its second factor still counts', async () => {
  const { coordinator, idp } = await setUp();
  const { url } = coordinator;
  const kim = await makePerson(coordinator, { email: 'kim@example.com' });
  const { secret } = await okJson<{ secret: string }>(
    await kim.ask('POST', '/account/second-factor', { password: PASSWORD }),
  );
  const codeAt = (steps: number) => generate({ secret, epoch: Math.floor(Date.now() / 1000) + steps * 30 });
  await okJson(await kim.ask('POST', '/account/second-factor/confirm', { code: await codeAt(0) }));
  idp.github = { user: { id: 7, login: 'kim' }, emails: [{ email: 'Kim@example.com', primary: true, verified: true }] };
  const back = await through(coordinator, 'github');
  expect(() => cookieOf(back)).toThrow('sets no cookie');
  const ticket = new URLSearchParams(locationOf(back).split('#')[1]).get('ticket');
  const done = await fromPage(url, 'POST', '/api/v1/auth/second-factor', { ticket, code: await codeAt(1) });
  const me = personWith(url, kim.email, cookieOf(done));
  expect(await okJson(await me.ask('GET', '/account'))).toMatchObject({ providers: ['github'], password: true });
  const { items } = await okJson<{ items: { method: string }[] }>(await me.ask('GET', '/account/sessions'));
  expect(items[0]?.method).toBe('github');
});

test('id tokens that are not for us, not of now, or not signed by the provider are refused', async () => {
  const { coordinator, idp } = await setUp();
  await makePerson(coordinator, { email: 'kim@example.com' });
  for (const spoil of ['nonce', 'audience', 'issuer', 'signature', 'expired'] as const) {
    idp.spoil = spoil;
    const back = await through(coordinator, 'oidc');
    expect(problemIn(back), spoil).toContain('did not confirm who you are');
    expect(() => cookieOf(back)).toThrow('sets no cookie');
  }
  idp.spoil = 'nothing';
  expect(locationOf(await through(coordinator, 'oidc'))).toBe('/');
});

test('a callback counts only in the browser that set out, for its provider, with its state, once', async () => {
  const { coordinator, idp } = await setUp();
  await makePerson(coordinator, { email: 'kim@example.com' });
  const first = await journey(coordinator, 'oidc');
  const other = await journey(coordinator, 'oidc');
  const refusedFor = async (callback: string, cookie: string) => {
    const answer = await go(callback, cookie);
    expect(() => cookieOf(answer)).toThrow('sets no cookie');
    return problemIn(answer);
  };
  // A victim that is sent to the attacker's callback has set out to nowhere, or with another state.
  expect(await refusedFor(first.callback, 'x=y')).toContain('begun in another browser');
  expect(await refusedFor(first.callback, other.cookie)).toContain('did not confirm');
  expect(await refusedFor(first.callback.replace('/oidc/', '/github/'), first.cookie)).toContain(
    'begun in another browser',
  );
  expect(await refusedFor(first.callback, `${first.cookie.slice(0, -4)}AAAA`)).toContain('begun in another browser');
  expect(locationOf(await go(first.callback, first.cookie))).toBe('/');
  expect(await refusedFor(first.callback, first.cookie)).toContain('did not confirm');
  expect(idp.refused).toEqual(['code']);
});

test('a provider that is not set up does not exist; one that does not answer is told as such', async () => {
  const { coordinator } = await setUp();
  expect((await go(`${coordinator.url}/api/v1/auth/providers/discord/start`)).status).toBe(404);
  expect((await go(`${coordinator.url}/api/v1/auth/providers/nobody/start`)).status).toBe(422);
  await okJson(await coordinator.request('PUT', '/api/v1/settings', { oidc_issuer: 'http://127.0.0.1:9' }));
  expect((await go(`${coordinator.url}/api/v1/auth/providers/oidc/start`)).status).toBe(503);
  for (const address of ['http://idp.example', 'ftp://idp.example', 'idp.example']) {
    expect((await coordinator.request('PUT', '/api/v1/settings', { oidc_issuer: address })).status).toBe(422);
  }
  const settings = await okJson<{ items: { key: string; value: unknown }[] }>(
    await coordinator.request('GET', '/api/v1/settings'),
  );
  expect(JSON.stringify(settings)).not.toContain(CLIENT.secret);
});

test('of what providers say, only what they have verified counts', () => {
  expect(
    discordProfile({ id: '80', username: 'kim', global_name: 'Kim B', email: 'Kim@x.org', verified: true }),
  ).toEqual({
    subject: '80',
    email: 'kim@x.org',
    name: 'Kim B',
  });
  expect(discordProfile({ id: '80', username: 'kim', email: 'kim@x.org', verified: false }).email).toBeNull();
  expect(() => discordProfile({ message: '401: Unauthorized' })).toThrow('does not say who it is');
  expect(
    githubProfile({ id: 7, login: 'kim', name: '' }, [{ email: 'a@x.org', primary: false, verified: true }]),
  ).toEqual({
    subject: '7',
    email: null,
    name: 'kim',
  });
  expect(() => githubProfile({ login: 'kim' }, [])).toThrow('does not say who it is');
  expect(oidcProfile({ sub: 's', name: 'A\u202eB\n', email: 'a@x.org', email_verified: true }).name).toBe('AB');
});
