import { createHash } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import yauzl from 'yauzl';
import { comparisonsIn, placeOf } from '../../../coordinator/analytics/rules/screenshots.ts';
import type { Attachment } from '../../../shared/protocol/playwright.ts';
import type { ScreenshotComparison } from '../../../shared/protocol/rest/analysis.ts';
import type { Problem } from '../../../shared/protocol/rest/common.ts';
import { canonicalTree } from '../../../shared/protocol/tree.ts';
import { okJson, startCoordinator, type TestCoordinator } from '../../support/coordinator.ts';
import { LinkWorker } from '../../support/link-worker.ts';
import { runSuite } from '../../support/suite-runs.ts';

const hashOf = (text: string) => createHash('sha256').update(text).digest('hex');
const image = (name: string, text: string): Attachment => ({
  name,
  contentType: 'image/png',
  sha256: hashOf(text),
  size: text.length,
});
const SNAPSHOTS = 'e2e/tests/cart.spec.ts-snapshots';
const FILES = [
  ['e2e/tests/cart.spec.ts', 'test'],
  [`${SNAPSHOTS}/cart-desktop-linux.png`, 'old cart'],
  [`${SNAPSHOTS}/cart-phone-linux.png`, 'old cart'],
  ['e2e/docs/cart.png', 'old cart'],
] as const;

async function put({ url, adminToken }: TestCoordinator, text: string): Promise<string> {
  const sha256 = hashOf(text);
  const headers = { authorization: `Bearer ${adminToken}`, 'content-type': 'application/octet-stream' };
  const answer = await fetch(`${url}/api/v1/blobs/${sha256}`, { method: 'PUT', headers, body: text });
  if (!answer.ok) throw new Error(await answer.text());
  return sha256;
}

async function withRun() {
  const coordinator = await startCoordinator();
  const worker = await LinkWorker.enrol(coordinator, { name: 'mac-1', slots: 1 });
  await worker.connect();
  for (const text of ['old cart', 'new cart', 'cart diff', 'new menu']) await put(coordinator, text);
  const files = FILES.map(([path, text]) => ({ path, mode: 'file' as const, sha256: hashOf(text), size: text.length }));
  const tree = await put(coordinator, canonicalTree(files));
  const missing =
    "Error: A snapshot doesn't exist at /tmp/w/9/e2e/tests/cart.spec.ts-snapshots/menu-desktop-linux.png, writing actual.";
  await runSuite(
    coordinator,
    worker,
    {
      cart: {
        ends: 'failed',
        plan: { file: 'cart.spec.ts' },
        attachments: [
          image('cart-expected.png', 'old cart'),
          image('cart-actual.png', 'new cart'),
          image('cart-diff.png', 'cart diff'),
          image('screenshot', 'page'),
        ],
      },
      menu: {
        ends: 'failed',
        plan: { file: 'cart.spec.ts' },
        errors: [{ message: missing }],
        attachments: [image('menu-expected.png', 'new menu'), image('menu-actual.png', 'new menu')],
      },
      late: {
        ends: 'failed',
        plan: { file: 'cart.spec.ts' },
        attachments: [image('late-expected.png', 'old cart'), image('late-actual.png', 'never sent')],
      },
      fine: {},
    },
    { source: { type: 'bundle', tree, projectDir: 'e2e' } },
  );
  const list = async (query = '') =>
    okJson<{ items: ScreenshotComparison[]; next_cursor: string | null }>(
      await coordinator.request('GET', `/api/v1/test-runs/1/screenshots${query}`),
    );
  const accept = (ids: string[]) => coordinator.request('POST', '/api/v1/test-runs/1/screenshots/accept', { ids });
  return { coordinator, list, accept };
}

test('screenshots that were not as expected are listed with the file of the source that they would replace', async () => {
  const { list } = await withRun();
  const { items } = await list();
  expect(
    items.map(({ id, path, why, expected, diff, worker }) => [id, path, why, expected?.size, diff?.size, worker]),
  ).toEqual([
    ['cart/cart.png', `${SNAPSHOTS}/cart-desktop-linux.png`, null, 8, 9, 'mac-1'],
    ['menu/menu.png', `${SNAPSHOTS}/menu-desktop-linux.png`, null, undefined, undefined, 'mac-1'],
    ['late/late.png', `${SNAPSHOTS}/cart-desktop-linux.png`, null, 8, undefined, 'mac-1'],
  ]);
  expect(items.map(({ actual }) => actual.url === null)).toEqual([false, false, true]);
  const first = await list('?limit=2');
  expect((await list(`?limit=2&cursor=${first.next_cursor}`)).items.map(({ id }) => id)).toEqual(['late/late.png']);
});

test('accepted ones are a zip to be unpacked over the source, and it is kept who accepted them', async () => {
  const { coordinator, list, accept } = await withRun();
  const answer = await accept(['cart/cart.png', 'menu/menu.png']);
  expect(answer.headers.get('content-type')).toBe('application/zip');
  const zip = await yauzl.fromBufferPromise(Buffer.from(await answer.arrayBuffer()));
  const files: [string, string][] = [];
  for await (const entry of zip.eachEntry()) {
    files.push([entry.fileName, (await buffer(await zip.openReadStreamPromise(entry))).toString()]);
  }
  expect(files).toEqual([
    [`${SNAPSHOTS}/cart-desktop-linux.png`, 'new cart'],
    [`${SNAPSHOTS}/menu-desktop-linux.png`, 'new menu'],
  ]);
  expect((await list()).items.map(({ accepted }) => accepted?.by ?? null)).toEqual(['test admin', 'test admin', null]);
  const { items } = await okJson<{ items: { action: string; target: string }[] }>(
    await coordinator.request('GET', '/api/v1/audit?action=screenshots.accepted'),
  );
  expect(items).toMatchObject([{ target: 'run 1' }]);
});

test('what cannot be taken over is refused, and nothing is kept of it', async () => {
  const { list, accept } = await withRun();
  const refused = async (ids: string[]) => {
    const { status, code, errors } = (await (await accept(ids)).json()) as Problem;
    return [status, code, errors?.[0]?.field];
  };
  expect(await refused(['menu/menu.png', 'late/late.png'])).toEqual([409, 'not_stored', undefined]);
  expect(await refused(['cart/cart.png', 'late/late.png'])).toEqual([422, 'validation_failed', 'ids[1]']);
  expect(await refused(['cart/nothing.png'])).toEqual([422, 'validation_failed', 'ids[0]']);
  expect((await list()).items.every(({ accepted }) => accepted === null)).toBe(true);
});

test('a path that a machine names never leads out of the source', () => {
  const [comparison] = comparisonsIn([image('x-actual.png', 'x')]);
  const place = (path: string) =>
    placeOf(
      { file: 'a.spec.ts', project: '', comparison: comparison!, errors: [`A snapshot doesn't exist at ${path}.`] },
      [{ path: 'a.spec.ts', sha256: '' }],
    );
  expect(place('C:\\w\\a.spec.ts-snapshots\\x.png')).toEqual({ path: 'a.spec.ts-snapshots/x.png', why: null });
  for (const path of [
    '/w/a.spec.ts-snapshots/../../../.bashrc',
    '/w/a.spec.ts-snapshots/.git/config',
    '/elsewhere/x.png',
  ]) {
    expect(place(path).path).toBeNull();
  }
});
