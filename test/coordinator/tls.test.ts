/** A coordinator with a certificate of its own: browsers, agents and programs reach it encrypted only. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import tls from 'node:tls';
import { expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { readCoordinatorConfig } from '../../coordinator/config.ts';
import { readTls } from '../../coordinator/tls.ts';
import { startCoordinator } from '../support/coordinator.ts';
import { PASSWORD } from '../support/people.ts';
import { tempFolder } from '../support/folders.ts';

/** A certificate for 127.0.0.1 that this process trusts. */
function makeCertificate(): { cert: string; key: string } {
  const folder = tempFolder();
  const [cert, key] = [path.join(folder, 'cert.pem'), path.join(folder, 'key.pem')];
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  const whose = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1'];
  execFileSync('openssl', ['req', '-x509', ...kind, ...whose, '-keyout', key, '-out', cert], { stdio: 'pipe' });
  tls.setDefaultCACertificates([...tls.getCACertificates('default'), readFileSync(cert, 'utf8')]);
  return { cert, key };
}

function hasOpenssl(): boolean {
  try {
    execFileSync('openssl', ['version'], { stdio: 'pipe' });
    return true;
  } catch {
    return false;
  }
}

test.skipIf(!hasOpenssl())('API, pages, reports and the link of the workers are encrypted', async () => {
  const coordinator = await startCoordinator({ tls: makeCertificate() });
  expect(coordinator.url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
  expect(coordinator.contentUrl).toMatch(/^https:/);
  expect(coordinator.first?.join).toMatch(/^https:.*#pfj_/);
  const page = await fetch(coordinator.url);
  expect(page.headers.get('strict-transport-security')).toBe('max-age=15724800');
  expect((await fetch(`${coordinator.contentUrl}/c/x/y`)).headers.get('strict-transport-security')).not.toBeNull();
  const { apiKey } = await coordinator.enrol('mill');
  const socket = new WebSocket(`${coordinator.url.replace('https', 'wss')}/api/v1/link`, {
    headers: { authorization: `Bearer ${apiKey}` },
  });
  await new Promise((resolve, reject) => socket.on('open', resolve).on('error', reject));
  socket.close();
  await expect(fetch(coordinator.url.replace('https', 'http'))).rejects.toThrow();
});

test.skipIf(!hasOpenssl())('under https the session cookie belongs to this very host', async () => {
  const coordinator = await startCoordinator({ tls: makeCertificate() });
  const made = await coordinator.request('POST', '/api/v1/tokens', { kind: 'admin_link' });
  const { token } = (await made.json()) as { token: string };
  const answer = await coordinator.request('POST', '/api/v1/auth/first-account', {
    token,
    name: 'Kim',
    email: 'kim@example.com',
    password: PASSWORD,
  });
  const cookie = answer.headers.get('set-cookie') ?? '';
  expect(cookie).toMatch(/^__Host-playfleet_session=pfs_[\w-]{43};/);
  expect(cookie).toMatch(/; Secure/);
  expect(cookie).toMatch(/Path=\//);
  expect(cookie).not.toMatch(/Domain/);
  const pair = cookie.split(';')[0] ?? '';
  const me = (header: string) => fetch(`${coordinator.url}/api/v1/auth/me`, { headers: { cookie: header } });
  expect((await me(pair)).status).toBe(200);
  expect((await me(pair.replace('__Host-', ''))).status).toBe(401);
});

test('without encryption no answer asks for it', async () => {
  const { url } = await startCoordinator();
  expect((await fetch(url)).headers.get('strict-transport-security')).toBeNull();
});

test('a certificate that cannot be used is refused with the flag that names it', () => {
  const folder = tempFolder();
  const file = path.join(folder, 'cert.pem');
  expect(() => readCoordinatorConfig({ data: folder, tlsCert: file })).toThrow('--tls-cert, --tls-key: give both');
  expect(readCoordinatorConfig({ data: folder, tlsCert: file, tlsKey: file }).tls).toEqual({ cert: file, key: file });
  expect(readCoordinatorConfig({ data: folder }).tls).toBeNull();
  expect(() => readTls({ cert: file, key: file })).toThrow(/^--tls-cert: .*cannot be read \(ENOENT\)/);
  writeFileSync(file, 'nonsense');
  expect(() => readTls({ cert: file, key: file })).toThrow(/do not belong together, or are no PEM files/);
});
