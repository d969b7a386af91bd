import { readFileSync } from 'node:fs';
import path from 'node:path';
import { buffer } from 'node:stream/consumers';
import { expect, onTestFinished, test, vi } from 'vitest';
import yauzl from 'yauzl';
import { Agent } from '../../src-main/agent/agent.ts';
import { okJson, startCoordinator } from '../support/coordinator.ts';
import { writeSuite } from './playwright/inline-suite.ts';
import { captureLog, configFor } from './support.ts';

vi.setConfig({ testTimeout: 240_000 });

const VALUE = 'S3cr3t value/+&"q';
/** Tells its secret in every way that happens by accident. */
const SUITE = {
  'tell.spec.ts': `import { test, expect } from '@playwright/test';
const secret = process.env.SHOP_PASSWORD ?? 'NOT GIVEN';
test('tells', async ({}, info) => {
  console.log('whole ' + secret);
  for (const char of secret) { process.stdout.write(char); await new Promise((resolve) => setTimeout(resolve, 5)); }
  console.error(JSON.stringify({ secret }));
  console.log('Basic ' + Buffer.from('ada:' + secret).toString('base64'));
  info.annotations.push({ type: 'note', description: 'https://x.test/?p=' + encodeURIComponent(secret) });
  await info.attach('page.md', { body: '# ' + secret, contentType: 'text/markdown' });
  await test.step('fills ' + secret, async () => { expect('the length is ' + secret.length).toBe('x ' + secret); });
});`,
};

test('what a real suite tells of its secret reaches neither the database nor any report', async () => {
  const coordinator = await startCoordinator();
  const secretAt = '/api/v1/projects/default/secrets/default/SHOP_PASSWORD';
  await okJson(await coordinator.request('PUT', secretAt, { value: VALUE }));
  const suite = await writeSuite(SUITE);
  const { log, lines } = captureLog();
  const join = `${coordinator.url}#${await coordinator.joinToken()}`;
  const agent = await Agent.start(configFor(coordinator, { join, allowPath: [suite] }), log);
  onTestFinished(async () => {
    agent.giveBack('the test is over');
    await agent.done;
  });
  const body = { name: 'tells', total_shards: 1, source: { type: 'path', path: suite } };
  const made = await okJson<{ test_run_id: string }>(
    await coordinator.request('POST', '/api/v1/test-runs/create', body),
  );
  const run = `/api/v1/test-runs/${made.test_run_id}`;
  const state = async () =>
    okJson<{ status: string; report: { state: string } }>(await coordinator.request('GET', run));
  await expect
    .poll(async () => (await state()).report.state, { timeout: 200_000, interval: 500 })
    .toMatch(/ready|failed/);
  expect(await state()).toMatchObject({ status: 'completed', report: { state: 'ready' } });

  const logs = await (await coordinator.request('GET', `${run}/logs`)).text();
  expect(logs).toContain('whole ***');
  expect(logs).not.toContain('NOT GIVEN');
  const tests = await okJson<{ items: { test_id: string }[] }>(await coordinator.request('GET', `${run}/tests`));
  const detail = await (await coordinator.request('GET', `${run}/tests/${tests.items[0]?.test_id}`)).text();
  expect(detail).toContain('the length is 17');
  expect(detail).toContain('fills ***');

  const download = await coordinator.request('GET', `/api/v1/results/${made.test_run_id}/download`);
  const unpacked = await textsOf(Buffer.from(await download.arrayBuffer()));
  expect(unpacked).toContain('the length is 17');
  await coordinator.stop();
  const database = readFileSync(path.join(coordinator.dataDir, 'playfleet.db'), 'latin1');
  for (const [name, text] of Object.entries({ logs, detail, unpacked, database, log: lines.join('\n') })) {
    expect({ [name]: told(text) }).toEqual({ [name]: [] });
  }
});

/** In which forms a text tells the secret. */
function told(text: string): string[] {
  const base64 = (before: string) =>
    Buffer.from(before + VALUE)
      .toString('base64')
      .slice(4, -4);
  return [VALUE, JSON.stringify(VALUE).slice(1, -1), encodeURIComponent(VALUE), base64(''), base64('ada:')].filter(
    (form) => text.includes(form),
  );
}

/** The texts of all files, also of zips among them and within pages (base64). */
async function textsOf(bytes: Buffer): Promise<string> {
  const zip = await yauzl.fromBufferPromise(bytes);
  const texts: string[] = [];
  for await (const entry of zip.eachEntry()) {
    const content = await buffer(await zip.openReadStreamPromise(entry));
    const text = content.toString('latin1');
    texts.push(text);
    if (entry.fileName.endsWith('.zip')) texts.push(await textsOf(content));
    const inside = /data:application\/zip;base64,([A-Za-z0-9+/=]+)/.exec(text)?.[1];
    if (inside !== undefined) texts.push(await textsOf(Buffer.from(inside, 'base64')));
  }
  return texts.join('\n');
}
