/** A coordinator that makes its own certificate: a key that stays, certificates that are renewed, and a pin that goes with the tokens. */
import { X509Certificate } from 'node:crypto';
import { chmodSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import path from 'node:path';
import tls from 'node:tls';
import pino from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { systemClock, type Clock } from '../../shared/base/clock.ts';
import { readCoordinatorConfig } from '../../coordinator/config.ts';
import { createServer } from '../../coordinator/http/server.ts';
import { namesOf, openOwnCertificate } from '../../coordinator/own-certificate.ts';
import { startRenewing } from '../../coordinator/tls.ts';
import { startCoordinator, okJson } from '../support/coordinator.ts';
import { tempFolder } from '../support/folders.ts';

const DAY_MS = 86_400_000;
const NAMES = ['localhost', '127.0.0.1', '::1'];

async function seenAt(url: string): Promise<X509Certificate> {
  const { hostname, port } = new URL(url);
  const socket = tls.connect({ host: hostname, port: Number(port), rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  const certificate = socket.getPeerX509Certificate()!;
  socket.destroy();
  return certificate;
}

test('its certificate names where it can be reached, is no authority, and lies with its key where only its owner reads it', async () => {
  const folder = path.join(tempFolder(), 'tls');
  const now = Date.now();
  const { material, pin, isNew } = await openOwnCertificate(folder, ['mill.example', '10.1.2.3', '::1'], now);
  const made = new X509Certificate(material.cert);
  expect(isNew).toBe(true);
  expect(made.subjectAltName).toBe('DNS:mill.example, IP Address:10.1.2.3, IP Address:0:0:0:0:0:0:0:1');
  expect(made.ca).toBe(false);
  expect(made.verify(made.publicKey)).toBe(true);
  expect(made.publicKey.asymmetricKeyDetails?.namedCurve).toBe('prime256v1');
  expect(Math.round((Date.parse(made.validTo) - now) / DAY_MS)).toBe(825);
  expect(pin).toMatch(/^pfp_[\w-]{43}$/);
  expect(statSync(path.join(folder, 'key.pem')).mode & 0o777).toBe(0o600);
  expect(statSync(folder).mode & 0o777).toBe(0o700);
});

test('it is kept as long as it is good, and renewed for the same key before it ends, or when a name is new', async () => {
  const folder = tempFolder();
  const now = Date.now();
  const first = await openOwnCertificate(folder, NAMES, now);
  const kept = await openOwnCertificate(folder, NAMES, now + 700 * DAY_MS);
  expect(kept.isNew).toBe(false);
  expect(kept.material.cert).toEqual(first.material.cert);
  const late = await openOwnCertificate(folder, NAMES, now + 736 * DAY_MS);
  expect(late.isNew).toBe(true);
  const moved = await openOwnCertificate(folder, [...NAMES, 'mill.example'], now + 737 * DAY_MS);
  expect(moved.isNew).toBe(true);
  expect(new X509Certificate(moved.material.cert).checkHost('mill.example')).toBe('mill.example');
  writeFileSync(path.join(folder, 'certificate.pem'), 'cut off');
  const mended = await openOwnCertificate(folder, NAMES, now);
  expect(mended.isNew).toBe(true);
  expect([late.pin, moved.pin, mended.pin]).toEqual([first.pin, first.pin, first.pin]);
});

test('a key that is damaged or that others can read is not used, and what to do is said', async () => {
  const folder = tempFolder();
  await openOwnCertificate(folder, NAMES, Date.now());
  const file = path.join(folder, 'key.pem');
  chmodSync(file, 0o640);
  await expect(openOwnCertificate(folder, NAMES, Date.now())).rejects.toThrow(/--tls: .*read by others: chmod 600/);
  chmodSync(file, 0o600);
  writeFileSync(file, readFileSync(file).subarray(0, 60));
  await expect(openOwnCertificate(folder, NAMES, Date.now())).rejects.toThrow(/damaged\. Bring it back from a backup/);
});

test('names that no certificate can hold are left out', () => {
  const names = namesOf(['0.0.0.0', '::', null, 'bad name', 'über.example', 'good.example', '10.9.8.7']);
  expect(names).toEqual(expect.arrayContaining(['localhost', '127.0.0.1', '::1', 'good.example', '10.9.8.7']));
  for (const bad of ['0.0.0.0', '::', 'bad name', 'über.example']) expect(names).not.toContain(bad);
});

test('--tls alone asks for it, and a given certificate goes before', () => {
  const data = tempFolder();
  expect(readCoordinatorConfig({ data, tls: true }, {}).tls).toBe('own');
  expect(readCoordinatorConfig({ data }, { PLAYFLEET_TLS: 'true' }).tls).toBe('own');
  expect(readCoordinatorConfig({ data }, { PLAYFLEET_TLS: '0' }).tls).toBeNull();
  expect(readCoordinatorConfig({ data, tls: true, tlsCert: '/c', tlsKey: '/k' }, {}).tls).toMatchObject({ cert: '/c' });
  expect(() => readCoordinatorConfig({ data }, { PLAYFLEET_TLS: 'perhaps' })).toThrow(/^PLAYFLEET_TLS: /);
});

test('tokens carry the pin and work with and without it; browsers are not told to insist on what they do not trust', async () => {
  const coordinator = await startCoordinator({ tls: 'own' });
  const { pin, url } = coordinator;
  expect(url).toMatch(/^https:/);
  expect(coordinator.first?.join).toMatch(new RegExp(`^${url}#pfj_[\\w-]{43}\\.${pin}$`));
  const made = await okJson<{ token: string; link: string }>(
    await coordinator.request('POST', '/api/v1/tokens', { kind: 'api', role: 'viewer' }),
  );
  expect(made.token).toMatch(new RegExp(`^pft_[\\w-]{43}\\.${pin}$`));
  const me = async (token: string) =>
    (await coordinator.request('GET', '/api/v1/auth/me', undefined, { authorization: `Bearer ${token}` })).status;
  expect(await me(made.token)).toBe(200);
  expect(await me(made.token.split('.')[0]!)).toBe(200);
  expect(await me(`${made.token}x`)).toBe(401);
  expect(await me(`${made.token.split('.')[0]}.`)).toBe(401);
  const page = await coordinator.request('GET', '/');
  expect(page.headers.get('strict-transport-security')).toBeNull();
  expect(statSync(path.join(coordinator.dataDir, 'tls/key.pem')).mode & 0o777).toBe(0o600);
});

test('a coordinator that runs for years serves the renewed certificate without a restart', async () => {
  const folder = tempFolder();
  const { material } = await openOwnCertificate(folder, NAMES, Date.now());
  const timers: (() => void)[] = [];
  const clock: Clock = {
    ...systemClock,
    now: () => Date.now() + 800 * DAY_MS,
    after(ms, fn) {
      expect(ms).toBe(DAY_MS);
      timers.push(fn);
      return () => undefined;
    },
  };
  const log = pino({ level: 'silent' });
  const fetch = () => new Response('hello');
  const server = await createServer({ fetch, host: '127.0.0.1', port: 0, tls: material, log, clock: systemClock });
  onTestFinished(() => server.stop(0));
  const url = `https://127.0.0.1:${server.port}`;
  const before = await seenAt(url);
  await new Promise<void>((resolve, reject) => {
    startRenewing({
      clock,
      open: (now) => openOwnCertificate(folder, NAMES, now),
      use: (renewed) => {
        server.useCertificate(renewed);
        resolve();
      },
      report: reject,
    });
    timers.shift()?.();
  });
  const after = await seenAt(url);
  expect(after.fingerprint256).not.toBe(before.fingerprint256);
  expect(after.publicKey.equals(before.publicKey)).toBe(true);
  expect(timers).toHaveLength(1);
});

test('the pin is that of the key in the data folder, also after a restart', async () => {
  const first = await startCoordinator({ tls: 'own' });
  await first.stop();
  const again = await startCoordinator({ tls: 'own', again: first });
  expect(again.pin).toBe(first.pin);
  await again.stop();
  rmSync(path.join(first.dataDir, 'tls'), { recursive: true });
  expect((await startCoordinator({ tls: 'own', again: first })).pin).not.toBe(first.pin);
});
