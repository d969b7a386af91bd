import { expect, test } from 'vitest';
import type { Run } from '../../../shared/protocol/rest/runs.ts';
import { commandOf } from '../../../src-renderer/run/head/command.ts';
import { originOf } from '../../../src-renderer/run/head/origin.ts';
import { timeLeft } from '../../../src-renderer/run/head/time-left.ts';

const NOW = Date.parse('2026-11-21T12:00:00Z');
const totals = { total: 100, settled: 0, expected: 0, unexpected: 0, flaky: 0, skipped: 0, passed: 0, failed: 0 };
const going = (over: Partial<Run> = {}, settled = 25): Parameters<typeof timeLeft>[0] => ({
  status: 'running',
  deadline: null,
  started_at: '2026-11-21T11:59:00Z',
  tests: { ...totals, settled },
  ...over,
});

test('the time left follows the pace, or what the coordinator reckons where there is a deadline', () => {
  expect(timeLeft(going(), NOW)).toEqual({ ms: 180_000, by: 'pace' });
  const deadline = {
    at: '2026-11-21T13:00:00Z',
    state: 'on_time',
    predicted_end: '2026-11-21T12:01:00Z',
    boost: 0,
  } as const;
  expect(timeLeft(going({ deadline }), NOW)).toEqual({ ms: 60_000, by: 'schedule' });
  expect(timeLeft(going({ deadline }), NOW + 90_000)).toEqual({ ms: 0, by: 'schedule' });
});

test('nothing is said of the time left before there is a pace, or when nothing runs', () => {
  expect(timeLeft(going({}, 2), NOW)).toBeNull();
  expect(timeLeft(going({ status: 'completed' }), NOW)).toBeNull();
  expect(timeLeft(going({ started_at: null }), NOW)).toBeNull();
});

const run: Parameters<typeof commandOf>[0] = {
  name: 'main abc',
  project: 'shop',
  source: { type: 'git', url: 'https://git.example/shop.git', ref: 'main', commit: null, projectDir: 'e2e' },
  config: { args: ['--grep', "it's @smoke"], env: { TOKEN: 'secret' }, browser: 'chromium' },
  tags: ['nightly'],
  requirements: { browsers: ['chromium'], tags: ['gpu'], min_cpus: 4 },
  environment: 'staging',
  priority: 100,
  kind: 'shards',
  total_shards: 4,
  task_timeout_seconds: 60,
};

test('the command says all that was asked for, quotes it, and gives no secret away', () => {
  const command = commandOf(run);
  expect(command).toBe(
    `npx playfleet run --name 'main abc' --project shop --git https://git.example/shop.git --ref main --dir e2e --tag nightly ` +
      `--require browser=chromium,tag=gpu,cpus=4 --environment staging --shards 4 --env TOKEN -- --project chromium --grep 'it'\\''s @smoke'`,
  );
  expect(command).not.toContain('secret');
});

test('what is as usual is left out', () => {
  const plain = { ...run, source: null, config: { args: [], env: {} }, tags: [], requirements: {}, environment: null };
  expect(commandOf({ ...plain, kind: 'queue' })).toBe(`npx playfleet run --name 'main abc' --project shop`);
});

test('branch and commit are what the launcher said, else what the source says; a commit is no branch', () => {
  const git = { branch: 'fix', commit: 'abc', changed: true };
  expect(originOf({ source: null, metadata: { git } })).toEqual(git);
  expect(originOf({ source: run.source, metadata: {} })).toEqual({ branch: 'main', commit: null, changed: false });
  const pinned = { ...run.source!, ref: 'a'.repeat(40) } as Run['source'];
  expect(originOf({ source: pinned, metadata: {} }).branch).toBeNull();
});
