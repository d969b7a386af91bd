import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { generate } from 'otplib';
import { expect, test } from 'vitest';
import type { Problem } from '../../../shared/protocol/rest/common.ts';
import type { TrustedDevice } from '../../../shared/protocol/rest/people.ts';
import { okJson, startCoordinator, type TestCoordinator } from '../../support/coordinator.ts';
import { cookieOf, fromPage, makePerson, PASSWORD, personWith, signIn, type Person } from '../../support/people.ts';

/** The code that an authenticator shows so many steps from now. */
const codeAt = (secret: string, steps = 0) => generate({ secret, epoch: Math.floor(Date.now() / 1000) + steps * 30 });

interface WithFactor {
  person: Person;
  secret: string;
  backup: string[];
}

/** Turned on with the code of now, so that the one of the next step is unused, and counts already. */
async function withFactor(coordinator: TestCoordinator, email = 'kim@example.com'): Promise<WithFactor> {
  const person = await makePerson(coordinator, { email });
  const { secret, uri } = await okJson<{ secret: string; uri: string }>(
    await person.ask('POST', '/account/second-factor', { password: PASSWORD }),
  );
  expect(uri).toContain(`secret=${secret}`);
  const confirm = await person.ask('POST', '/account/second-factor/confirm', { code: await codeAt(secret) });
  return { person, secret, backup: (await okJson<{ backup_codes: string[] }>(confirm)).backup_codes };
}

async function ticketFor(url: string, email = 'kim@example.com', cookie = ''): Promise<string> {
  const { step, ticket } = await okJson<{ step: string; ticket: string }>(await signIn(url, email, PASSWORD, cookie));
  expect(step).toBe('second_factor');
  return ticket;
}

const second = (url: string, body: object) => fromPage(url, 'POST', '/api/v1/auth/second-factor', body);

test('with a second factor a password alone opens nothing; password and code do', async () => {
  const coordinator = await startCoordinator();
  const { secret } = await withFactor(coordinator);
  const first = await signIn(coordinator.url, 'kim@example.com');
  expect(first.headers.getSetCookie()).toEqual([]);
  const { ticket } = await okJson<{ ticket: string }>(first);
  const asBearer = await fetch(`${coordinator.url}/api/v1/auth/me`, { headers: { authorization: `Bearer ${ticket}` } });
  expect(asBearer.status).toBe(401);
  const done = await second(coordinator.url, { ticket, code: await codeAt(secret, 1) });
  expect(done.status).toBe(200);
  const kim = personWith(coordinator.url, 'kim@example.com', cookieOf(done));
  expect((await kim.ask('GET', '/account')).status).toBe(200);
  // The ticket is used up with it.
  expect((await second(coordinator.url, { ticket, code: await codeAt(secret, 1) })).status).toBe(401);
});

test('a code works once, even when it is shown twice at once', async () => {
  const coordinator = await startCoordinator();
  const { secret } = await withFactor(coordinator);
  const tickets = [await ticketFor(coordinator.url), await ticketFor(coordinator.url)];
  const code = await codeAt(secret, 1);
  const answers = await Promise.all(tickets.map((ticket) => second(coordinator.url, { ticket, code })));
  expect(answers.map((answer) => answer.status).sort()).toEqual([200, 401]);
  const ticket = await ticketFor(coordinator.url);
  expect((await second(coordinator.url, { ticket, code })).status).toBe(401);
  // Nor does one that is older than a used one.
  expect((await second(coordinator.url, { ticket, code: await codeAt(secret) })).status).toBe(401);
});

test('codes cannot be tried for long, and a right password does not give more tries', async () => {
  const coordinator = await startCoordinator();
  const { secret } = await withFactor(coordinator);
  for (let i = 0; i < 5; i += 1) {
    const ticket = await ticketFor(coordinator.url);
    expect((await second(coordinator.url, { ticket, code: '000000' })).status).toBe(401);
  }
  expect((await signIn(coordinator.url, 'kim@example.com')).status).toBe(401);
  const { items } = await okJson<{ items: { action: string; data: object }[] }>(
    await coordinator.request('GET', '/api/v1/audit?action=account.locked'),
  );
  expect(items).toMatchObject([{ data: { failures: 5, seconds: 30 } }]);
  expect(secret).toBeTruthy();
});

test('a backup code works once in place of the authenticator, however it is written', async () => {
  const coordinator = await startCoordinator();
  const { backup } = await withFactor(coordinator);
  expect(new Set(backup).size).toBe(10);
  const use = async (code: string) => second(coordinator.url, { ticket: await ticketFor(coordinator.url), code });
  expect((await use(backup[0]!)).status).toBe(200);
  expect((await use(backup[0]!)).status).toBe(401);
  const done = await use(backup[1]!.toUpperCase().replace('-', ' '));
  expect(done.status).toBe(200);
  const kim = personWith(coordinator.url, 'kim@example.com', cookieOf(done));
  const renewed = await okJson<{ backup_codes: string[] }>(
    await kim.ask('POST', '/account/second-factor/backup-codes', { password: PASSWORD }),
  );
  expect((await use(backup[2]!)).status).toBe(401);
  expect((await use(renewed.backup_codes[0]!)).status).toBe(200);
});

test('a trusted browser is not asked for a code until its trust is taken back', async () => {
  const coordinator = await startCoordinator();
  const { url } = coordinator;
  const { secret } = await withFactor(coordinator);
  const lee = await withFactor(coordinator, 'lee@example.com');
  const done = await second(url, { ticket: await ticketFor(url), code: await codeAt(secret, 1), trust_device: true });
  const device = cookieOf(done, 'playfleet_device');
  expect(device).toMatch(/^playfleet_device=pfd_/);
  const again = await signIn(url, 'kim@example.com', PASSWORD, device);
  expect(await okJson(again)).toEqual({ step: 'done', ticket: null });
  // The password is still needed, and it is this person's trust alone.
  expect((await signIn(url, 'kim@example.com', 'wrong password', device)).status).toBe(401);
  expect(await okJson(await signIn(url, 'lee@example.com', PASSWORD, device))).toMatchObject({ step: 'second_factor' });
  const kim = personWith(url, 'kim@example.com', `${cookieOf(again)}; ${device}`);
  const { items } = await okJson<{ items: TrustedDevice[] }>(await kim.ask('GET', '/account/devices'));
  expect(items).toMatchObject([{ current: true, browser: 'Chrome 141 on Linux' }]);
  expect((await lee.person.ask('DELETE', `/account/devices/${items[0]?.id}`)).status).toBe(404);
  expect((await kim.ask('DELETE', `/account/devices/${items[0]?.id}`)).status).toBe(200);
  await ticketFor(url, 'kim@example.com', device);
});

test('who has lost the authenticator is let in by an admin, which is noted', async () => {
  const coordinator = await startCoordinator();
  const { person } = await withFactor(coordinator);
  const { id } = await okJson<{ id: string }>(await person.ask('GET', '/account'));
  expect((await coordinator.request('DELETE', `/api/v1/people/${id}/second-factor`)).status).toBe(200);
  expect((await person.ask('GET', '/account')).status).toBe(401);
  expect(await okJson(await signIn(coordinator.url, 'kim@example.com'))).toMatchObject({ step: 'done' });
  const { items } = await okJson<{ items: object[] }>(
    await coordinator.request('GET', '/api/v1/audit?action=second_factor.removed'),
  );
  expect(items).toMatchObject([{ target: 'kim@example.com', data: { by: 'admin' }, actor_name: 'test admin' }]);
  expect((await coordinator.request('DELETE', `/api/v1/people/${id}/second-factor`)).status).toBe(409);
});

test('a second factor is set up and taken off with the password only, and counts once it is confirmed', async () => {
  const coordinator = await startCoordinator();
  const kim = await makePerson(coordinator, { email: 'kim@example.com' });
  const begin = (password: string) => kim.ask('POST', '/account/second-factor', { password });
  expect(((await (await begin('wrong')).json()) as Problem).errors?.[0]?.field).toBe('password');
  const { secret } = await okJson<{ secret: string }>(await begin(PASSWORD));
  expect(await okJson(await signIn(coordinator.url, 'kim@example.com'))).toMatchObject({ step: 'done' });
  const confirm = (code: string) => kim.ask('POST', '/account/second-factor/confirm', { code });
  expect(((await (await confirm('000000')).json()) as Problem).code).toBe('wrong_code');
  expect((await confirm(await codeAt(secret))).status).toBe(200);
  expect((await confirm(await codeAt(secret, 1))).status).toBe(409);
  expect((await begin(PASSWORD)).status).toBe(409);
  await ticketFor(coordinator.url);
  expect((await kim.ask('POST', '/account/second-factor/remove', { password: PASSWORD })).status).toBe(200);
  expect(await okJson(await signIn(coordinator.url, 'kim@example.com'))).toMatchObject({ step: 'done' });
});

test('neither the secret nor backup codes can be read from the data folder without its key', async () => {
  const coordinator = await startCoordinator();
  const { secret, backup } = await withFactor(coordinator);
  await coordinator.stop();
  const bytes = Buffer.concat(
    readdirSync(coordinator.dataDir, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(path.join(entry.parentPath, entry.name))),
  );
  for (const text of [secret, ...backup, ...backup.map((code) => code.replace('-', ''))]) {
    expect(bytes.includes(text)).toBe(false);
  }
});
