import { expect, test } from 'vitest';
import { editorLink, placeInTree, sourceLink } from '../../../src-renderer/test/source-link.ts';

const COMMIT = 'c'.repeat(40);
const stack = (path: string) =>
  `Error: no\n    at helper (/lib/x.js:1:1)\n    at /data/workspace/checkouts/ab12/${path}:14:3`;
const bundle = (projectDir: string) => ({ type: 'bundle' as const, tree: 'a'.repeat(64), projectDir });
const at = { file: 'shop/cart.spec.ts', line: 12, stacks: [stack('e2e/tests/shop/cart.spec.ts')] };

test.each([
  ['https://github.com/acme/shop.git', `https://github.com/acme/shop/blob/${COMMIT}/e2e/tests/shop/cart.spec.ts#L12`],
  ['git@github.com:acme/shop.git', `https://github.com/acme/shop/blob/${COMMIT}/e2e/tests/shop/cart.spec.ts#L12`],
  [
    'ssh://git@gitlab.acme.org:22/a/b/shop.git',
    `https://gitlab.acme.org/a/b/shop/-/blob/${COMMIT}/e2e/tests/shop/cart.spec.ts#L12`,
  ],
  [
    'https://bitbucket.org/acme/shop',
    `https://bitbucket.org/acme/shop/src/${COMMIT}/e2e/tests/shop/cart.spec.ts#lines-12`,
  ],
  [
    'https://codeberg.org/acme/shop',
    `https://codeberg.org/acme/shop/src/commit/${COMMIT}/e2e/tests/shop/cart.spec.ts#L12`,
  ],
])('a line of a repository at %s', (url, page) => {
  const source = { type: 'git' as const, url, ref: 'main', commit: COMMIT, projectDir: 'e2e' };
  expect(sourceLink({ source, metadata: {}, tests_dir: null }, at)).toMatchObject({ url: page, changed: false });
});

test('of a working tree that travelled, the folder of the tree in the repository comes first', () => {
  const git = { commit: COMMIT, changed: true, remote: 'https://github.com/acme/shop', prefix: 'apps/shop/e2e' };
  const link = sourceLink({ source: bundle('e2e'), metadata: { git }, tests_dir: null }, at);
  expect(link).toMatchObject({ path: 'apps/shop/e2e/tests/shop/cart.spec.ts', changed: true });
  const whole = sourceLink(
    { source: bundle(''), metadata: { git: { ...git, prefix: 'e2e' } }, tests_dir: null },
    {
      ...at,
      stacks: [stack('tests/shop/cart.spec.ts')],
    },
  );
  expect(whole?.path).toBe('e2e/tests/shop/cart.spec.ts');
});

test.each([
  ['tests', 'apps/shop/e2e/tests/shop/cart.spec.ts'],
  ['', 'apps/shop/e2e/shop/cart.spec.ts'],
  ['../specs', 'apps/shop/specs/shop/cart.spec.ts'],
])('a test that threw nothing is found by where discovery saw the folder of tests: %j', (testsDir, path) => {
  const git = { commit: COMMIT, changed: false, remote: 'https://github.com/acme/shop', prefix: 'apps/shop/e2e' };
  const run = { source: bundle('e2e'), metadata: { git }, tests_dir: testsDir };
  expect(sourceLink(run, { ...at, stacks: [] })?.path).toBe(path);
});

test('tests outside of the tree that travelled have no page', () => {
  const git = { commit: COMMIT, changed: false, remote: 'https://github.com/acme/shop', prefix: '' };
  expect(sourceLink({ source: bundle('e2e'), metadata: { git }, tests_dir: '../../other' }, at)).toBeNull();
});

test('without commit, remote or place there is no link rather than a wrong one', () => {
  const git = { commit: COMMIT, changed: false, remote: 'https://github.com/acme/shop', prefix: '' };
  const link = (metadata: object, stacks = at.stacks) =>
    sourceLink({ source: bundle(''), metadata: metadata as never, tests_dir: null }, { ...at, stacks });
  expect(link({ git })).not.toBeNull();
  expect(link({})).toBeNull();
  expect(link({ git: { ...git, remote: null } })).toBeNull();
  expect(link({ git: { ...git, remote: '/srv/git/shop' } })).toBeNull();
  expect(link({ git }, [])).toBeNull();
  expect(link({ git }, ['    at /elsewhere/shop/cart.spec.ts:1:1'])).toBeNull();
});

test('the place in the tree is that of the test itself, on Windows too', () => {
  expect(placeInTree('a b.spec.ts', [stack('my tests/a b.spec.ts')])).toBe('my tests/a b.spec.ts');
  expect(placeInTree('a.spec.ts', ['    at C:\\data\\workspace\\checkouts\\x1\\tests\\a.spec.ts:3:1'])).toBe(
    'tests/a.spec.ts',
  );
  expect(placeInTree('a.spec.ts', [stack('tests/not-a.spec.ts')])).toBeNull();
});

test('an editor is told where the file is on this machine', () => {
  expect(editorLink('/home/ada/shop/tests/', 'cart one.spec.ts', 7)).toBe(
    'vscode://file/home/ada/shop/tests/cart%20one.spec.ts:7',
  );
});
