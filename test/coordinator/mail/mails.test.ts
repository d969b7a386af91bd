/** Mails to people: which there are, in whose language, and that a mail server in trouble never fails what people do. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import tls from 'node:tls';
import { expect, test } from 'vitest';
import { openOwnCertificate } from '../../../coordinator/own-certificate.ts';
import { okJson, startCoordinator, type TestCoordinator } from '../../support/coordinator.ts';
import { tempFolder } from '../../support/folders.ts';
import { MailServer, partsOf, type Mail } from '../../support/mail-server.ts';
import { cookieOf, fromPage, makeAdmin, makePerson, PASSWORD, signIn } from '../../support/people.ts';

const FROM = 'playfleet@team.example';

interface State {
  is_set_up: boolean;
  waiting: number;
  failed: number;
  last_sent_at: string | null;
  last_error: { message: string } | null;
  troubles: { kind: string; state: string; tries: number; error: string }[];
}

const set = async (coordinator: TestCoordinator, values: Record<string, unknown>): Promise<Response> =>
  coordinator.request('PUT', '/api/v1/settings', values);
const stateOf = async (coordinator: TestCoordinator): Promise<State> =>
  okJson<State>(await coordinator.request('GET', '/api/v1/settings/smtp'));
const invite = async (coordinator: TestCoordinator, email: string) =>
  okJson<{ link: string; mailed: boolean }>(await coordinator.request('POST', '/api/v1/people/invitations', { email }));
const forgot = (url: string, email: string, headers: Record<string, string> = {}) =>
  fetch(`${url}/api/v1/auth/forgot-password`, {
    method: 'POST',
    headers: { origin: url, 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ email }),
  });

async function rig(options: Parameters<typeof MailServer.start>[0] = {}, values: Record<string, unknown> = {}) {
  const coordinator = await startCoordinator();
  const server = await MailServer.start(options);
  const smtp = { smtp_server: '127.0.0.1', smtp_port: server.port, smtp_from: FROM, smtp_tls: 'none', ...values };
  await okJson(await set(coordinator, smtp));
  const mailTo = (to: string, subject: RegExp): Promise<Mail> =>
    server.until(() => server.mails.find((mail) => mail.to === to && subject.test(partsOf(mail).subject)));
  return { coordinator, server, mailTo };
}

const tokenIn = (mail: Mail): string => /#token=(\S+)/.exec(partsOf(mail).text)?.[1] ?? '';

test('without a mail server nothing is written, and links are passed on by hand', async () => {
  const coordinator = await startCoordinator();
  expect(await invite(coordinator, 'kim@example.com')).toMatchObject({ mailed: false });
  expect(await stateOf(coordinator)).toMatchObject({ is_set_up: false, waiting: 0, last_error: null });
  expect((await forgot(coordinator.url, 'kim@example.com')).status).toBe(409);
  expect(await okJson(await fetch(`${coordinator.url}/api/v1/auth/providers`))).toMatchObject({ reset_by_mail: false });
  const tested = await coordinator.request('POST', '/api/v1/settings/smtp/test', { to: 'kim@example.com' });
  expect(tested.status).toBe(409);
});

test('an invitation comes by mail, its link makes the account, and a welcome follows', async () => {
  const { coordinator, mailTo } = await rig();
  const made = await invite(coordinator, 'kim@example.com');
  expect(made.mailed).toBe(true);
  const mail = await mailTo('kim@example.com', /invited to Playfleet/);
  expect(mail.from).toBe(FROM);
  const { text, html, header } = partsOf(mail);
  expect(text).toContain(made.link);
  expect(html).toContain(`href="${made.link}"`);
  expect(html).not.toMatch(/<img|<script|src=|url\(|@import/i);
  expect(header).toContain('Auto-Submitted: auto-generated');
  const body = { token: tokenIn(mail), name: 'Kim <Meier>', password: PASSWORD };
  expect((await fromPage(coordinator.url, 'POST', '/api/v1/auth/accept-invitation', body)).status).toBe(200);
  const welcome = partsOf(await mailTo('kim@example.com', /Welcome/));
  expect(welcome.html).toContain('Hello Kim &lt;Meier&gt;,');
  expect(welcome.text).toContain('Hello Kim <Meier>,');
  await expect.poll(async () => (await stateOf(coordinator)).waiting).toBe(0);
  expect((await stateOf(coordinator)).last_sent_at).not.toBeNull();
  const stored = readFileSync(path.join(coordinator.dataDir, 'playfleet.db'));
  const wal = readFileSync(path.join(coordinator.dataDir, 'playfleet.db-wal'));
  for (const bytes of [stored, wal]) expect(bytes.includes(body.token)).toBe(false);
});

test('who has forgotten their password gets a link in their language, and who has no account gets the same answer', async () => {
  const { coordinator, server, mailTo } = await rig();
  const { url } = coordinator;
  await makePerson(coordinator, { email: 'kim@example.com' });
  await mailTo('kim@example.com', /Welcome/);
  const before = server.mails.length;
  const asked = async (email: string) => {
    const started = performance.now();
    const answer = await forgot(url, email, { 'accept-language': 'fr, de-AT;q=0.8, en;q=0.5', host: 'evil.example' });
    return { status: answer.status, body: await answer.text(), ms: performance.now() - started };
  };
  const known = await asked('kim@example.com');
  const unknown = await asked('nobody@example.com');
  expect(known.status).toBe(202);
  expect(unknown).toMatchObject({ status: known.status, body: known.body });
  for (const { ms } of [known, unknown]) expect(ms).toBeGreaterThan(240);
  const mail = await mailTo('kim@example.com', /neues Passwort/);
  expect(partsOf(mail).text).toContain(`${url}/reset-password#token=`);
  expect(mail.raw).not.toContain('evil.example');
  const token = tokenIn(mail);
  const password = 'yellow spoons dance at dawn';
  const reset = await fromPage(url, 'POST', '/api/v1/auth/reset-password', { token, password });
  expect(reset.status).toBe(200);
  await mailTo('kim@example.com', /password was changed|Passwort wurde geändert/);
  expect((await signIn(url, 'kim@example.com', password)).status).toBe(200);
  for (let i = 0; i < 4; i += 1) expect((await asked('kim@example.com')).status).toBe(202);
  await expect.poll(async () => (await stateOf(coordinator)).waiting).toBe(0);
  const resets = server.mails.slice(before).filter((one) => /neues Passwort/.test(partsOf(one).subject));
  expect(resets).toHaveLength(3);
  expect(server.mails.some(({ to }) => to === 'nobody@example.com')).toBe(false);
  const statuses = [];
  for (let i = 0; i < 6; i += 1) statuses.push((await forgot(url, 'nobody@example.com')).status);
  expect(statuses.at(-1)).toBe(429);
});

test('a new browser, a lock and a changed second factor are told of; the first and a known browser are not', async () => {
  const { coordinator, server, mailTo } = await rig();
  const { url } = coordinator;
  await makeAdmin(coordinator, 'ada@example.com');
  await mailTo('ada@example.com', /Welcome/);
  const other = await signIn(url, 'ada@example.com');
  expect(other.status).toBe(200);
  const { text } = partsOf(await mailTo('ada@example.com', /new browser/));
  expect(text).toMatch(/Chrome 141 on Linux, from 127\.0\.0\.1, has signed in/);
  const cookies = cookieOf(other, 'playfleet_browser');
  expect((await signIn(url, 'ada@example.com', PASSWORD, cookies)).status).toBe(200);
  const session = cookieOf(other);
  const begun = await fromPage(url, 'POST', '/api/v1/account/second-factor', { password: PASSWORD }, session);
  expect(begun.status).toBe(200);
  const removed = await fromPage(url, 'POST', '/api/v1/account/second-factor/remove', { password: PASSWORD }, session);
  expect(removed.status).toBe(200);
  for (let i = 0; i < 7; i += 1) await signIn(url, 'ada@example.com', 'wrong password');
  await mailTo('ada@example.com', /locked/);
  await expect.poll(async () => (await stateOf(coordinator)).waiting).toBe(0);
  const subjects = server.mails.map((mail) => partsOf(mail).subject);
  expect(subjects.filter((one) => /new browser/.test(one))).toHaveLength(1);
  expect(subjects.filter((one) => /locked/.test(one))).toHaveLength(1);
  expect(subjects.filter((one) => /second factor/.test(one))).toHaveLength(0);
});

test('a mail server that is away or silent fails nothing; admins see why, and mails go out when it is back, after a restart as well', async () => {
  const { coordinator, server } = await rig();
  server.behave = (step) => (step === 'greeting' ? 'silence' : undefined);
  const started = performance.now();
  expect(await invite(coordinator, 'kim@example.com')).toMatchObject({ mailed: true });
  await server.until(() => server.connections > 0);
  expect(performance.now() - started).toBeLessThan(5000);
  await server.stop();
  await expect.poll(async () => (await stateOf(coordinator)).last_error?.message, { timeout: 20_000 }).toBeTruthy();
  expect(await stateOf(coordinator)).toMatchObject({ waiting: 1, failed: 0 });
  expect((await stateOf(coordinator)).troubles[0]).toMatchObject({ kind: 'invitation', state: 'waiting', tries: 1 });
  await coordinator.stop();
  const back = await MailServer.start({}, server.port);
  const again = await startCoordinator({ again: coordinator });
  const mail = await back.until(() => back.mails[0]);
  expect(mail.to).toBe('kim@example.com');
  await expect.poll(() => stateOf(again)).toMatchObject({ waiting: 0, failed: 0, troubles: [] });
});

test('stopping does not wait for a mail server that is silent', async () => {
  const { coordinator, server } = await rig();
  server.behave = (step) => (step === 'RCPT' ? 'silence' : undefined);
  await invite(coordinator, 'kim@example.com');
  await server.until(() => server.lines.some((line) => line.startsWith('RCPT')));
  const started = performance.now();
  await coordinator.stop();
  expect(performance.now() - started).toBeLessThan(5000);
});

test('a recipient that the server does not know is given up at once, and others get theirs', async () => {
  const { coordinator, server, mailTo } = await rig();
  server.behave = (step, line) => (step === 'RCPT' && line.includes('gone@') ? '550 5.1.1 no such user' : undefined);
  await invite(coordinator, 'gone@example.com');
  await invite(coordinator, 'kim@example.com');
  await mailTo('kim@example.com', /invited/);
  const state = await stateOf(coordinator);
  expect(state.failed).toBe(1);
  expect(state.troubles[0]).toMatchObject({ state: 'failed', error: expect.stringMatching(/no such user/) as string });
  expect(state.last_error).toBeNull();
});

test('where encryption is asked for nothing is sent without it, nor to a server that nobody vouches for', async () => {
  const { material } = await openOwnCertificate(tempFolder(), ['localhost', '127.0.0.1'], Date.now());
  const login = { user: 'playfleet', password: 'se cret' };
  const { coordinator, server } = await rig({ tls: material, login });
  const user = { smtp_user: login.user, smtp_password: login.password };
  const tested = async () => {
    const answer = await coordinator.request('POST', '/api/v1/settings/smtp/test', { to: 'ada@example.com' });
    return { status: answer.status, detail: ((await answer.json()) as { detail?: string }).detail ?? '' };
  };
  await okJson(await set(coordinator, { ...user, smtp_tls: 'starttls', smtp_server: 'localhost' }));
  expect(await tested()).toMatchObject({ status: 422, detail: expect.stringMatching(/self-signed/) as string });
  tls.setDefaultCACertificates([...tls.getCACertificates('default'), material.cert.toString()]);
  expect(await tested()).toMatchObject({ status: 200 });
  expect(server.mails).toEqual([
    expect.objectContaining({ encrypted: true, user: 'playfleet', to: 'ada@example.com' }),
  ]);
  await okJson(await set(coordinator, { smtp_password: 'wrong' }));
  const refused = await tested();
  expect(refused).toMatchObject({ status: 422, detail: expect.stringMatching(/535/) as string });
  expect(refused.detail).not.toContain('wrong user or password\0');

  const plain = await MailServer.start({ login });
  await okJson(await set(coordinator, { ...user, smtp_port: plain.port }));
  expect(await tested()).toMatchObject({ status: 422, detail: expect.stringMatching(/STARTTLS/i) as string });
  expect(plain.lines.filter((line) => /^(AUTH|MAIL)/.test(line))).toEqual([]);

  const open = await set(coordinator, { smtp_server: 'mail.example', smtp_tls: 'none' });
  expect(open.status).toBe(422);
  expect(((await open.json()) as { detail: string }).detail).toMatch(/smtp_tls must not be none/);
});

test('only admins of the installation test the mail server, and secrets stay unread', async () => {
  const { coordinator } = await rig({}, { smtp_user: 'u', smtp_password: 'do not tell' });
  const kim = await makePerson(coordinator, { email: 'kim@example.com', role: 'maintainer' });
  expect((await kim.ask('POST', '/settings/smtp/test', {})).status).toBe(403);
  expect((await kim.ask('GET', '/settings/smtp')).status).toBe(403);
  const nobody = await coordinator.request('POST', '/api/v1/settings/smtp/test', {});
  expect(nobody.status).toBe(422);
  for (const to of ['a@b\r\nRCPT TO:<c@d>', 'a b@c', 'no address'])
    expect((await coordinator.request('POST', '/api/v1/settings/smtp/test', { to })).status).toBe(422);
  const settings = await (await coordinator.request('GET', '/api/v1/settings')).text();
  expect(settings).not.toContain('do not tell');
});
