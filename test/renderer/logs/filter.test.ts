import { expect, test } from 'vitest';
import type { FleetEvent } from '../../../shared/protocol/events.ts';
import { filterOf, matchesLive, type View } from '../../../src-renderer/logs/filter.ts';
import { joined } from '../../../src-renderer/logs/tail.ts';

const all: View = { text: '', kind: 'all', level: 'info', run: '', worker: '', span: 'all', from: '', to: '' };
const NOW = Date.parse('2026-11-21T12:00:00Z');
const filter = (view: Partial<View>, runId = '') => filterOf({ ...all, ...view }, runId, NOW);

const envelope = { seq: 1, epoch: 'e', at: NOW, run_id: null, worker_id: null, task_id: null };
const offline = {
  ...envelope,
  type: 'worker.offline',
  worker_id: 'w1',
  data: { worker: 'build-01', reason: 'It went silent' },
} satisfies FleetEvent;
const online = {
  ...envelope,
  seq: 2,
  type: 'worker.online',
  worker_id: 'w1',
  data: { worker: 'build-01', slots: 2 },
} satisfies FleetEvent;

test('what does not restrict is not asked for', () => {
  expect(filter({})).toEqual({ level: 'info' });
});

test('kind and level name the types that can be both', () => {
  expect(filter({ kind: 'worker' }).type).toBe('worker.');
  expect(filter({ kind: 'worker', level: 'warning' }).type).toBe('worker.breaker,worker.offline');
  expect(filter({ kind: 'results', level: 'error' }).type).toBe('-');
});

test('a span of time begins before now, or lies between two times of who asks', () => {
  expect(filter({ span: 'hour' }).from).toBe('2026-11-21T11:00:00.000Z');
  const between = filter({ span: 'between', from: '2026-11-20T10:00', to: 'nonsense' });
  expect(between).toEqual({ level: 'info', from: new Date('2026-11-20T10:00').toISOString() });
});

test('what comes live is shown where the coordinator would have answered it', () => {
  expect(matchesLive(offline, filter({}))).toBe(true);
  expect(matchesLive(offline, filter({ text: 'SILENT' }))).toBe(true);
  expect(matchesLive(offline, filter({ text: 'loud' }))).toBe(false);
  expect(matchesLive(offline, filter({ worker: 'w2' }))).toBe(false);
  expect(matchesLive(offline, filter({}, 'run-1'))).toBe(false);
  expect(matchesLive(offline, filter({ level: 'warning' }))).toBe(true);
  expect(matchesLive(online, filter({ level: 'warning' }))).toBe(false);
  expect(matchesLive(offline, filter({ kind: 'task' }))).toBe(false);
  expect(matchesLive(offline, filter({ span: 'between', to: '2026-11-20T10:00' }))).toBe(false);
});

test('an event that came live and was read as well is shown once', () => {
  expect(joined([online, offline], [offline])).toEqual([online, offline]);
});
