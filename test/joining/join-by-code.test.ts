/** Six words between a real coordinator and a machine, and everybody who tries to get in between. */
import { scryptSync } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { openOwnCertificate } from '../../coordinator/own-certificate.ts';
import { JOIN_WORDS } from '../../shared/base/join-words.ts';
import { base64url, CODE_HASH, hashSalt, lookupOf, proofOf } from '../../shared/protocol/joining.ts';
import type { JoinCode } from '../../shared/protocol/rest/join-codes.ts';
import { joinByCode, JoinRefused, lineOf } from '../../src-main/joining/join-by-code.ts';
import { fetchBy } from '../../src-main/transfer/pinned-fetch.ts';
import { okJson, startCoordinator, type TestCoordinator } from '../support/coordinator.ts';
import { tempFolder } from '../support/folders.ts';

vi.setConfig({ testTimeout: 60_000 });

type Made = JoinCode & { code: string };

const make = async (coordinator: TestCoordinator, body: object = {}): Promise<Made> =>
  okJson<Made>(await coordinator.request('POST', '/api/v1/join-codes', body));

const look = async (coordinator: TestCoordinator, { id }: Made): Promise<JoinCode> =>
  okJson<JoinCode>(await coordinator.request('GET', `/api/v1/join-codes/${id}`));

const why = async (joining: Promise<unknown>): Promise<JoinRefused['code']> => {
  const error = await joining.then(
    () => null,
    (caught: unknown) => caught,
  );
  if (!(error instanceof JoinRefused)) throw new Error('it was not refused', { cause: error });
  return error.code;
};

async function strangersCertificate() {
  const { material } = await openOwnCertificate(tempFolder(), ['localhost', '127.0.0.1'], Date.now());
  return material;
}

async function keyOf(code: string, salt: string, pin: string): Promise<Uint8Array<ArrayBuffer>> {
  const { cost, blockSize, parallelization, bytes } = CODE_HASH;
  const options = { cost, blockSize, parallelization, maxmem: 2 ** 28 };
  return new Uint8Array(scryptSync(code, hashSalt(salt, pin), bytes, options));
}

/** Somebody with a certificate of their own, who hands on what they hear, or answers something else. */
async function between(
  coordinator: TestCoordinator,
  change: (path: string, body: string) => string | null = () => null,
): Promise<{ url: string; heard: string[] }> {
  const heard: string[] = [];
  const behind = fetchBy(coordinator.pin);
  const server = https.createServer(await strangersCertificate(), (request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (part: string) => (body += part));
    request.on('end', () => {
      heard.push(body);
      const own = change(request.url ?? '', body);
      if (own !== null) return void response.setHeader('content-type', 'application/json').end(own);
      const headers = { 'content-type': 'application/json' };
      const init = { method: 'POST', headers, body, redirect: 'manual', signal: AbortSignal.timeout(30_000) } as const;
      behind(`${coordinator.url}${request.url}`, init)
        .then(async (answer) => response.writeHead(answer.status, headers).end(await answer.text()))
        .catch((error: unknown) => response.writeHead(502).end(String(error)));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return { url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`, heard };
}

test('six words become a join token with the pin, which enrols one worker', async () => {
  const coordinator = await startCoordinator({ tls: 'own' });
  const made = await make(coordinator, { name: "Kim's laptop" });
  expect(made.code.split(' ').filter((word) => JOIN_WORDS.includes(word))).toHaveLength(6);
  expect(made).toMatchObject({ state: 'active', name: "Kim's laptop" });
  const joinable = await joinByCode({ address: coordinator.url, code: made.code.toUpperCase() });
  expect(joinable).toMatchObject({ url: coordinator.url, pin: coordinator.pin });
  expect(lineOf(joinable)).toBe(`${coordinator.url}#${joinable.token}.${coordinator.pin}`);
  const body = { hostname: 'laptop', capabilities: { browsers: [], platform: 'linux' } };
  const headers = { authorization: `Bearer ${joinable.token}` };
  expect((await coordinator.request('POST', '/api/v1/workers/register', body, headers)).status).toBe(201);
  expect(await look(coordinator, made)).toMatchObject({ state: 'used', worker: 'laptop' });
});

test('a code works once, also for two machines at the same moment', async () => {
  const coordinator = await startCoordinator({ tls: 'own' });
  const { code } = await make(coordinator);
  const both = await Promise.allSettled([1, 2, 3].map(() => joinByCode({ address: coordinator.url, code })));
  expect(both.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  expect(await why(joinByCode({ address: coordinator.url, code }))).toBe('refused');
});

test('words that are no code, or another code, are refused in words that say which', async () => {
  const coordinator = await startCoordinator({ tls: 'own' });
  const { code } = await make(coordinator);
  const [first, ...others] = code.split(' ');
  const other = JOIN_WORDS.find((word) => word !== first) ?? '';
  expect(await why(joinByCode({ address: coordinator.url, code: [other, ...others].join(' ') }))).toBe('refused');
  expect(await why(joinByCode({ address: coordinator.url, code: others.join(' ') }))).toBe('bad_code');
  expect(await why(joinByCode({ address: coordinator.url, code: [...others, 'qqqq'].join(' ') }))).toBe('bad_code');
  // None of this has used it up.
  expect((await joinByCode({ address: coordinator.url, code })).token).toMatch(/^pfj_/);
});

test('revoked codes, and those of somebody who may no longer let machines in, are over', async () => {
  const coordinator = await startCoordinator({ tls: 'own' });
  const made = await make(coordinator);
  expect((await coordinator.request('DELETE', `/api/v1/join-codes/${made.id}`)).status).toBe(200);
  expect(await look(coordinator, made)).toMatchObject({ state: 'revoked' });
  expect(await why(joinByCode({ address: coordinator.url, code: made.code }))).toBe('refused');
});

test('somebody in between with another certificate is found out, and what they heard is of no use', async () => {
  const coordinator = await startCoordinator({ tls: 'own' });
  const made = await make(coordinator);
  const evil = await between(coordinator);
  expect(await why(joinByCode({ address: evil.url, code: made.code }))).toBe('refused');
  const all = evil.heard.join('\n');
  for (const word of made.code.split(' ')) expect(all).not.toContain(`"${word}`);
  // What the machine has proven holds for their certificate only.
  const proof = evil.heard.at(-1) ?? '';
  const replayed = await coordinator.request('POST', '/api/v1/joining/prove', JSON.parse(proof));
  expect(replayed.status).toBe(401);
  expect((await joinByCode({ address: coordinator.url, code: made.code })).pin).toBe(coordinator.pin);
});

test('somebody who pretends to have accepted the code cannot prove it', async () => {
  const coordinator = await startCoordinator({ tls: 'own' });
  const { code } = await make(coordinator);
  const evil = await between(coordinator, (at) =>
    at.endsWith('/prove') ? JSON.stringify({ proof: base64url(new Uint8Array(32)), sealed: 'AAAA'.repeat(20) }) : null,
  );
  expect(await why(joinByCode({ address: evil.url, code }))).toBe('not_proven');
});

test('a certificate that changes between two connections ends it before anything is said', async () => {
  const [first, second] = [await strangersCertificate(), await strangersCertificate()];
  const heard: string[] = [];
  const server = https.createServer(first, (request, response) => {
    heard.push(request.url ?? '');
    response.end();
  });
  server.once('connection', () => server.setSecureContext(second));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const address = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  expect(await why(joinByCode({ address, code: 'abacus abbey abdomen ability aboard about' }))).toBe('not_proven');
  expect(heard).toEqual([]);
});

test('five tries lock a code for good, and say so where it was made', async () => {
  const coordinator = await startCoordinator({ tls: 'own' });
  const made = await make(coordinator);
  const nonce = base64url(new Uint8Array(32));
  const { challenge, salt } = await okJson<{ challenge: string; salt: string }>(
    await coordinator.request('POST', '/api/v1/joining/hello', { protocol: 1, nonce }),
  );
  // Only who knows the code can name it at all: a guess that names none is not counted against any.
  const key = await keyOf(made.code, salt, coordinator.pin ?? '');
  const guess = { challenge, nonce, lookup: await lookupOf(key), proof: base64url(new Uint8Array(32)) };
  const answers = await Promise.all(
    Array.from({ length: 8 }, () => coordinator.request('POST', '/api/v1/joining/prove', guess)),
  );
  expect(answers.map(({ status }) => status)).toEqual(Array(8).fill(401));
  expect(await look(coordinator, made)).toMatchObject({ state: 'locked' });
  expect(await why(joinByCode({ address: coordinator.url, code: made.code }))).toBe('refused');
  const { items } = await okJson<{ items: { action: string }[] }>(await coordinator.request('GET', '/api/v1/audit'));
  expect(items.map(({ action }) => action)).toContain('join_code.locked');
});

test('a challenge is of this coordinator, for this nonce', async () => {
  const coordinator = await startCoordinator({ tls: 'own' });
  const nonce = base64url(new Uint8Array(32));
  const other = base64url(new Uint8Array(32).fill(1));
  const { challenge } = await okJson<{ challenge: string }>(
    await coordinator.request('POST', '/api/v1/joining/hello', { protocol: 1, nonce }),
  );
  const key = new Uint8Array(32);
  const exchange = { pin: coordinator.pin ?? '', salt: '', nonce: other, challenge };
  const shown = { lookup: await lookupOf(key), proof: await proofOf(key, 'machine', exchange) };
  for (const [asked, theirs] of [
    [other, challenge],
    [nonce, base64url(new Uint8Array(80))],
  ] as const) {
    const body = { ...shown, nonce: asked, challenge: theirs };
    expect((await coordinator.request('POST', '/api/v1/joining/prove', body)).status).toBe(401);
  }
  const old = await coordinator.request('POST', '/api/v1/joining/hello', { protocol: 2, nonce });
  expect(((await old.json()) as { detail: string }).detail).toMatch(/protocol .*different versions/);
});

test('neither the words nor the key are in the data folder, and the log and the audit hold none', async () => {
  const coordinator = await startCoordinator({ tls: 'own' });
  const used = await make(coordinator);
  const kept = await make(coordinator);
  const { token } = await joinByCode({ address: coordinator.url, code: used.code });
  const audit = await (await coordinator.request('GET', '/api/v1/audit')).text();
  await coordinator.stop();
  const files = readdirSync(coordinator.dataDir, { recursive: true, withFileTypes: true }).filter((one) =>
    one.isFile(),
  );
  const bytes = Buffer.concat(files.map((one) => readFileSync(path.join(one.parentPath, one.name)))).toString('latin1');
  for (const text of [bytes, audit, JSON.stringify(coordinator.log)]) {
    for (const secret of [used.code, kept.code, used.code.replaceAll(' ', '-'), token])
      expect(text).not.toContain(secret);
  }
});

test('a coordinator without encryption refuses codes and says why', async () => {
  const plain = await startCoordinator();
  const answer = await plain.request('POST', '/api/v1/join-codes', {});
  expect(answer.status).toBe(409);
  expect(((await answer.json()) as { detail: string }).detail).toMatch(/--tls/);
  expect(await why(joinByCode({ address: plain.url, code: 'abacus abbey abdomen ability aboard about' }))).toBe(
    'bad_address',
  );
});

test('who may not let machines in gets no code, and a wrong field is named', async () => {
  const coordinator = await startCoordinator({ tls: 'own' });
  const { token } = await okJson<{ token: string }>(
    await coordinator.request('POST', '/api/v1/tokens', { kind: 'api', role: 'runner' }),
  );
  const headers = { authorization: `Bearer ${token}` };
  expect((await coordinator.request('POST', '/api/v1/join-codes', {}, headers)).status).toBe(403);
  const long = await coordinator.request('POST', '/api/v1/join-codes', { expires_in_seconds: 3600 });
  expect(((await long.json()) as { errors: { field: string }[] }).errors[0]?.field).toBe('expires_in_seconds');
});

test('guessing from one address ends with 429 long before it could matter', async () => {
  const coordinator = await startCoordinator({ tls: 'own' });
  const nonce = base64url(new Uint8Array(32));
  const statuses = new Set<number>();
  const behind = fetchBy(coordinator.pin);
  for (let i = 0; i < 400 && !statuses.has(429); i++) {
    const body = JSON.stringify({ challenge: 'x', nonce, lookup: 'A'.repeat(22), proof: 'A'.repeat(43) });
    const headers = { 'content-type': 'application/json' };
    const init = { method: 'POST', headers, body, redirect: 'manual', signal: AbortSignal.timeout(10_000) } as const;
    const answer = await behind(`${coordinator.url}/api/v1/joining/prove`, init);
    await answer.text();
    statuses.add(answer.status);
  }
  expect(statuses).toEqual(new Set([401, 429]));
});
