/** The queue of mails by itself: when it tries again, when it gives up, and what it leaves out. */
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { Clock } from '../../../shared/base/clock.ts';
import { languageOf, type Letter } from '../../../coordinator/mail/letters.ts';
import { Mailer } from '../../../coordinator/mail/mailer.ts';
import { countMails, forgetMails, resealMails, troubles } from '../../../coordinator/mail/outbox.ts';
import { render } from '../../../coordinator/mail/render.ts';
import { TEXTS } from '../../../coordinator/mail/texts.ts';
import { migrations } from '../../../coordinator/storage/migrations.ts';
import { openDatabase } from '../../../coordinator/storage/open.ts';
import { tempFolder } from '../../support/folders.ts';
import { MailServer } from '../../support/mail-server.ts';

const HOUR_MS = 3_600_000;

/** Time stands still until it is moved; timers that are due then fire. */
function manualClock() {
  let time = 1_000_000;
  let timers: { at: number; fn: () => void }[] = [];
  const clock: Clock = {
    now: () => time,
    monotonic: () => time,
    after(ms, fn) {
      const timer = { at: time + ms, fn };
      timers.push(timer);
      return () => void (timers = timers.filter((one) => one !== timer));
    },
  };
  return {
    clock,
    waits: () => timers.map(({ at }) => at - time).sort((a, b) => a - b),
    move(ms: number) {
      time += ms;
      const due = timers.filter(({ at }) => at <= time);
      timers = timers.filter(({ at }) => at > time);
      for (const { fn } of due) fn();
    },
  };
}

async function rig() {
  const time = manualClock();
  const { clock } = time;
  const problems: unknown[] = [];
  const report = (error: unknown) => problems.push(error);
  const db = await openDatabase({ file: path.join(tempFolder(), 'test.db'), migrations, clock, report });
  const server = await MailServer.start();
  const key = new Uint8Array(32).fill(7);
  const options = { db, clock, random: () => 1, language: () => 'en' as const, url: () => 'https://c', key, report };
  const smtp = () => ({
    server: '127.0.0.1',
    port: server.port,
    user: null,
    password: null,
    from: 'a@b.example',
    tls: 'none' as const,
  });
  const mailer = new Mailer({ ...options, smtp });
  onTestFinished(async () => {
    await mailer.stop();
    await db.close();
  });
  const post = (letter: Letter) => db.write((w) => mailer.post(w, letter, clock.now()));
  const counts = () => db.read(countMails);
  return {
    clock,
    waits: () => time.waits(),
    move: (ms: number) => time.move(ms),
    db,
    server,
    mailer,
    post,
    counts,
    key,
    problems,
  };
}

const invitation = (email: string, expiresAt?: number): Letter => ({
  kind: 'invitation',
  to: { email, name: '', language: null },
  data: { by: 'Ada', team: 'North', link: 'https://c/invitation#token=x' },
  ...(expiresAt === undefined ? {} : { expiresAt }),
});

test('what the server does not want now is tried again, later each time, while others pass by', async () => {
  const { server, post, counts, waits, move } = await rig();
  server.behave = (step, line) => (step === 'RCPT' && line.includes('slow@') ? '450 4.2.0 greylisted' : undefined);
  await post(invitation('slow@x'));
  await post(invitation('kim@x'));
  await server.until(() => server.mails.some(({ to }) => to === 'kim@x'));
  for (const waitMs of [30_000, 60_000, 120_000]) {
    await expect.poll(waits).toEqual([waitMs]);
    move(waitMs);
  }
  await expect.poll(waits).toEqual([240_000]);
  server.behave = () => undefined;
  move(240_000);
  await server.until(() => server.mails.some(({ to }) => to === 'slow@x'));
  await expect.poll(counts).toMatchObject({ waiting: 0, failed: 0 });
});

test('while the server is away nothing is tried but once in a while, and the order stays', async () => {
  const { server, mailer, post, counts, waits, move, problems } = await rig();
  const { port } = server;
  await server.stop();
  for (const email of ['a@x', 'b@x', 'c@x']) await post(invitation(email));
  await expect.poll(waits).toEqual([30_000]);
  expect(mailer.lastError?.message).toMatch(/ECONNREFUSED/);
  move(30_000);
  await expect.poll(waits).toEqual([60_000]);
  expect(problems).toHaveLength(1);
  const back = await MailServer.start({}, port);
  mailer.retryNow();
  await back.until(() => back.mails.length === 3);
  expect(back.mails.map(({ to }) => to)).toEqual(['a@x', 'b@x', 'c@x']);
  await expect.poll(counts).toMatchObject({ waiting: 0 });
  expect(mailer.lastError).toBeNull();
});

test('a mail whose link is over is not sent any more, and ended ones are forgotten after a month', async () => {
  const { server, post, counts, db, clock, move } = await rig();
  server.behave = (step) => (step === 'MAIL' ? '451 later' : undefined);
  await post(invitation('kim@x', clock.now() + HOUR_MS));
  await expect.poll(async () => (await db.read((r) => troubles(r, 10)))[0]?.tries).toBe(1);
  server.behave = () => undefined;
  move(HOUR_MS);
  await expect.poll(counts).toMatchObject({ waiting: 0, failed: 1 });
  expect((await db.read((r) => troubles(r, 10)))[0]).toMatchObject({ state: 'failed', error: 'was not sent in time' });
  expect(server.mails).toEqual([]);
  const stored = await db.read((r) => r.get<{ content: string | null }>('SELECT content FROM mails'));
  expect(stored?.content).toBeNull();
  expect(await db.write((w) => forgetMails(w, 10, clock.now() + 29 * 24 * HOUR_MS))).toBe(0);
  expect(await db.write((w) => forgetMails(w, 10, clock.now() + 31 * 24 * HOUR_MS))).toBe(1);
});

test('the queue has a bound, and so has what one person gets', async () => {
  const { server, post, db, counts } = await rig();
  server.behave = (step) => (step === 'MAIL' ? '451 later' : undefined);
  const locked = (email: string): Letter => ({
    kind: 'locked',
    to: { email, name: 'K', language: null },
    data: { minutes: 1 },
  });
  expect(await post(locked('kim@x'))).toBe(true);
  expect(await post(locked('kim@x'))).toBe(false);
  expect(await post(locked('ada@x'))).toBe(true);
  await db.write(async (w) => {
    for (let i = 0; i < 1000; i += 1) {
      await w.run(
        `INSERT INTO mails (id, kind, recipient, content, created_at, expires_at, next_try_at) VALUES (?, 'welcome', ?, 'x', 0, 9e15, 9e15)`,
        [`m${i}`, `p${i}@x`],
      );
    }
  });
  expect(await post(invitation('late@x'))).toBe(false);
  expect((await counts()).waiting).toBe(1002);
});

test('what waits is sealed, and sealed anew with another key', async () => {
  const { server, post, db, key, counts } = await rig();
  server.behave = (step) => (step === 'MAIL' ? '451 later' : undefined);
  await post(invitation('kim@x'));
  const content = async () =>
    (await db.read((r) => r.get<{ content: string }>('SELECT content FROM mails')))?.content ?? '';
  const before = await content();
  expect(Buffer.from(before, 'base64').toString('latin1')).not.toContain('token');
  expect(await db.write((w) => resealMails(w, key, new Uint8Array(32).fill(8)))).toBe(1);
  expect(await content()).not.toBe(before);
  expect(await db.write((w) => resealMails(w, key, new Uint8Array(32).fill(9)))).toBe(0);
  expect((await counts()).waiting).toBe(1);
});

test('every mail has words in both languages, and HTML that shows what it was given', () => {
  const to = { email: 'kim@x', name: `<b>"Kim" & 'co'`, language: null };
  const letters: Letter[] = [
    { ...invitation('kim@x'), to },
    { kind: 'password_reset', to, data: { link: 'https://c/reset-password#token=x&y' } },
    { kind: 'welcome', to, data: { link: 'https://c/sign-in' } },
    { kind: 'new_device', to, data: { browser: '<script>', address: '10.0.0.1', at: 0 } },
    { kind: 'locked', to, data: { minutes: 1 } },
    { kind: 'password_changed', to, data: { at: 0 } },
    ...(['added', 'removed', 'backup_codes'] as const).map(
      (change) => ({ kind: 'second_factor_changed', to, data: { change, at: 0 } }) as const,
    ),
    { kind: 'test', to, data: {} },
  ];
  expect(new Set(letters.map(({ kind }) => kind))).toEqual(new Set(Object.keys(TEXTS.en)));
  for (const letter of letters) {
    const [english, german] = [render(letter, 'en'), render(letter, 'de')];
    expect(english.text).not.toBe(german.text);
    for (const { subject, text, html } of [english, german]) {
      expect(subject).toMatch(/Playfleet/);
      expect(text).toContain(to.name);
      expect(html).toContain('&lt;b&gt;&quot;Kim&quot; &amp; &#39;co&#39;');
      expect(html).not.toMatch(/<script|<img|src=|undefined/);
      expect(text).not.toMatch(/undefined/);
    }
  }
});

test('the language is the first of a browser that mails are written in', () => {
  expect(languageOf('fr-FR, de-AT;q=0.8, en;q=0.5')).toBe('de');
  expect(languageOf('en-US,en;q=0.9,de;q=0.8')).toBe('en');
  expect(languageOf('de;q=0, en;q=0.1')).toBe('en');
  for (const none of [undefined, '', 'fr', 'nonsense;;;q=', ','.repeat(10_000)]) expect(languageOf(none)).toBeNull();
});
