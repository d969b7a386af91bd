import { expect, test } from 'vitest';
import type { Worker } from '../../../shared/protocol/rest/workers.ts';
import { matches, parseFilter } from '../../../src-renderer/workers/filter.ts';
import { aTask, aWorker } from './a-worker.ts';

const linux = aWorker({ hostname: 'build-01', tags: ['ci', 'linux-lab'], notes: 'Under the stairs' });
const mac = aWorker({
  hostname: 'mac-mini',
  status: 'busy',
  max_parallel_tasks: 1,
  current_tasks: [aTask('t1')],
  team_id: 'north-id',
  tags: ['office'],
  allow_projects: ['shop'],
  capabilities: {
    ...aWorker().capabilities,
    platform: 'darwin',
    browsers: { webkit: { version: '26', how: 'playwright' } },
  },
});
const broken = aWorker({
  hostname: 'old-laptop',
  status: 'offline',
  intent: 'paused',
  approved: false,
  agent_version: '0.9.0',
  breaker: { state: 'open', reason: 'three in a row', next_try_at: null, openings: 1 },
});

const names = { teamName: (id: string) => (id === 'north-id' ? 'North' : id) };
const found = (text: string): string[] =>
  [linux, mac, broken]
    .filter((worker: Worker) => matches(worker, parseFilter(text), names))
    .map(({ hostname }) => hostname);

test.for<[string, string[]]>([
  ['', ['build-01', 'mac-mini', 'old-laptop']],
  ['MAC', ['mac-mini']],
  ['stairs', ['build-01']],
  ['"under the stairs"', ['build-01']],
  ['"under the', ['build-01']],
  ['is:busy', ['mac-mini']],
  ['is:full', ['mac-mini']],
  ['is:online', ['build-01', 'mac-mini']],
  ['is:offline is:paused', ['old-laptop']],
  ['is:waiting', ['old-laptop']],
  ['is:broken', ['old-laptop']],
  ['is:busy,offline', ['mac-mini', 'old-laptop']],
  ['!is:online', ['old-laptop']],
  ['-tag:ci os:linux', ['old-laptop']],
  ['tag:linux', []],
  ['tag:linux*', ['build-01']],
  ['os:macos', ['mac-mini']],
  ['browser:webkit', ['mac-mini']],
  ['browser:chrom', ['build-01', 'old-laptop']],
  ['team:north', ['mac-mini']],
  ['team:all', ['build-01', 'old-laptop']],
  ['version:0.9', ['old-laptop']],
  ['project:shop mac', ['mac-mini']],
  ['project:other', ['build-01', 'old-laptop']],
])('"%s" finds what it says', ([text, expected]) => expect(found(text)).toEqual(expected));

test('what means nothing is named, and restricts nothing', () => {
  expect(parseFilter('is:asleep colour:red mac').unknown).toEqual(['is:asleep', 'colour:red']);
  expect(found('is:asleep colour:red mac')).toEqual(['mac-mini']);
});
