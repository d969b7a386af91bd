import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { fileNameOf } from '../../../coordinator/artifacts/content-types.ts';
import type { TestDetail } from '../../../shared/protocol/rest/results.ts';
import { okJson, startCoordinator, type TestCoordinator } from '../../support/coordinator.ts';
import { heldOf, LinkWorker } from '../../support/link-worker.ts';
import { passed } from '../../support/reports.ts';
import { discoveryOf } from '../../support/suites.ts';

async function put(coordinator: TestCoordinator, content: string): Promise<string> {
  const sha256 = createHash('sha256').update(content).digest('hex');
  const headers = { authorization: `Bearer ${coordinator.adminToken}` };
  await okJson(await fetch(`${coordinator.url}/api/v1/blobs/${sha256}`, { method: 'PUT', body: content, headers }));
  return sha256;
}

/** A run whose only test attached these, and what the API tells of the test. */
async function attach(coordinator: TestCoordinator, files: { name: string; contentType: string; content: string }[]) {
  const worker = await LinkWorker.enrol(coordinator, { slots: 1 });
  await worker.connect();
  const create = { name: 'files', source: { type: 'bundle', tree: 'a'.repeat(64), projectDir: '' } };
  const created = await okJson<{ test_run_id: string }>(
    await coordinator.request('POST', '/api/v1/test-runs/create', create),
  );
  const discover = await worker.grant(({ work }) => work.kind === 'discover');
  await worker.report({ kind: 'begin', ...heldOf(discover) });
  await worker.report({ kind: 'discovered', ...heldOf(discover), discovery: discoveryOf(['one']), commit: null });
  await worker.carryOut(discover);
  const grant = await worker.grant();
  const attachments: { name: string; contentType: string; sha256: string; size: number }[] = [];
  for (const { name, contentType, content } of files) {
    attachments.push({ name, contentType, sha256: await put(coordinator, content), size: content.length });
  }
  const report = passed(grant, ['one']);
  if (report.kind !== 'results') throw new Error('not results');
  await worker.report({ kind: 'begin', ...heldOf(grant) });
  await worker.report({ ...report, attempts: report.attempts.map((attempt) => ({ ...attempt, attachments })) });
  await worker.carryOut(grant);
  const read = async () =>
    okJson<TestDetail>(await coordinator.request('GET', `/api/v1/test-runs/${created.test_run_id}/tests/one`));
  return { read, runId: created.test_run_id };
}

test('what a test attached is opened from the content origin, at a signed address, in a sandbox', async () => {
  const coordinator = await startCoordinator();
  const { read } = await attach(coordinator, [
    { name: 'screenshot', contentType: 'image/png', content: 'pixels' },
    { name: '../evil page', contentType: 'text/html; charset=utf-8', content: '<script>1</script>' },
    { name: 'manual', contentType: 'application/pdf', content: '%PDF' },
  ]);
  const [picture, page, manual] = (await read()).all_attempts[0]!.attachments.map((file) => file.content_url!);
  const answer = await fetch(picture!);
  expect(new URL(picture!).origin).toBe(coordinator.contentUrl);
  expect(picture).toMatch(/\/screenshot\.png$/);
  expect([answer.status, await answer.text()]).toEqual([200, 'pixels']);
  expect(answer.headers.get('content-type')).toBe('image/png');
  expect(answer.headers.get('access-control-allow-origin')).toBe('*');
  expect(answer.headers.get('set-cookie')).toBeNull();
  const foreign = await fetch(page!);
  expect(foreign.headers.get('content-type')).toBe('text/html; charset=utf-8');
  expect(foreign.headers.get('content-security-policy')).toMatch(/^default-src 'none';.*; sandbox$/);
  expect((await fetch(manual!)).headers.get('content-security-policy')).not.toMatch(/script|sandbox/);
  const saved = await fetch(`${picture}?download`);
  expect(saved.headers.get('content-disposition')).toBe('attachment; filename="screenshot.png"');
  expect((await fetch(picture!, { headers: { range: 'bytes=1-2' } })).status).toBe(206);
  // The same within the hour, so that browsers need not load it again.
  expect((await read()).all_attempts[0]!.attachments[0]!.content_url).toBe(picture);
});

test('what could run as a script is saved, and no attachment becomes a service worker', async () => {
  const coordinator = await startCoordinator();
  const { read } = await attach(coordinator, [{ name: 'sw.js', contentType: 'text/javascript', content: 'self' }]);
  const url = (await read()).all_attempts[0]!.attachments[0]!.content_url!;
  const answer = await fetch(url);
  expect(answer.headers.get('content-type')).toBe('application/octet-stream');
  expect(answer.headers.get('content-disposition')).toMatch(/^attachment/);
  expect((await fetch(url, { headers: { 'service-worker': 'script' } })).status).toBe(403);
});

test('the address of a file opens no tree, and no other file', async () => {
  const coordinator = await startCoordinator();
  const { read } = await attach(coordinator, [{ name: 'a.txt', contentType: 'text/plain', content: 'text' }]);
  const [file] = (await read()).all_attempts[0]!.attachments;
  const { pathname } = new URL(file!.content_url!);
  const ask = async (path: string) => (await fetch(coordinator.contentUrl + path)).status;
  expect(await ask(pathname)).toBe(200);
  expect(await ask(pathname.replace('/f/', '/c/'))).toBe(403);
  expect(await ask(pathname.replace(file!.sha256!, 'b'.repeat(64)))).toBe(403);
  expect((await fetch(coordinator.url + pathname)).status).toBe(404);
});

test('the trace viewer has an address of its own, which only the dashboard may frame', async () => {
  const coordinator = await startCoordinator();
  const page = await fetch(`${coordinator.contentUrl}/trace/index.html`);
  expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
  expect(page.headers.get('content-security-policy')).toContain("frame-ancestors 'self' 127.0.0.1:*");
  const worker = await fetch(`${coordinator.contentUrl}/trace/sw.bundle.js`);
  expect(worker.headers.get('content-type')).toMatch(/^text\/javascript/);
  const known = worker.headers.get('etag')!;
  const again = await fetch(`${coordinator.contentUrl}/trace/sw.bundle.js`, { headers: { 'if-none-match': known } });
  expect(again.status).toBe(304);
  for (const name of ['nothing.js', '..%2f..%2fpackage.json', '__proto__', 'assets'])
    expect((await fetch(`${coordinator.contentUrl}/trace/${name}`)).status, name).toBe(404);
});

test.each([
  ['trace', 'application/zip', 'trace.zip'],
  ['cart.png', 'image/png', 'cart.png'],
  ['../../etc/passwd', 'text/plain', '-..-etc-passwd.txt'],
  ['..', 'application/x-strange', 'attachment'],
  ['Größe', 'text/html', 'Größe.html'],
])('%s of type %s is saved as %s', (name, contentType, saved) => {
  expect(fileNameOf({ name, contentType })).toBe(saved);
});
