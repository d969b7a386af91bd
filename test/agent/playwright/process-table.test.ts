import { expect, test } from 'vitest';
import { Family } from '../../../src-main/agent/playwright/family.ts';
import {
  parsePs,
  readMemory,
  readProcessTable,
  type ProcessInfo,
  type ProcessTable,
} from '../../../src-main/agent/playwright/process-table.ts';
import { UsageMeter } from '../../../src-main/agent/playwright/usage.ts';

test('the table knows this very process', () => {
  const self = readProcessTable().get(process.pid);
  if (!self) throw new Error('not in the table');
  expect(self).toMatchObject({ pid: process.pid, ppid: process.ppid });
  expect(self.cpuMs).toBeGreaterThan(10);
  const memory = readMemory(self);
  const resident = process.memoryUsage.rss();
  expect(memory.own + memory.shared).toBeGreaterThan(resident * 0.5);
  expect(memory.own + memory.shared).toBeLessThan(resident * 2);
});

test('ps output is read as it is printed on macOS and by procps', () => {
  const output = `    1     0     1   4436 2-03:04:05 Mon Nov  2 03:51:00 2026
  812     1   812  90112   1:02.50 Tue Nov  3 10:00:01 2026
 1044   812   812    512 00:00:07 Tue Nov  3 10:00:02 2026
`;
  expect([...parsePs(output).values()]).toEqual([
    { pid: 1, ppid: 0, session: 1, residentBytes: 4_542_464, cpuMs: 183_845_000, started: 'Mon Nov 2 03:51:00 2026' },
    { pid: 812, ppid: 1, session: 812, residentBytes: 92_274_688, cpuMs: 62_500, started: 'Tue Nov 3 10:00:01 2026' },
    { pid: 1044, ppid: 812, session: 812, residentBytes: 524_288, cpuMs: 7000, started: 'Tue Nov 3 10:00:02 2026' },
  ]);
});

function table(...rows: [pid: number, ppid: number, session: number, started?: string][]): ProcessTable {
  const infos = rows.map(([pid, ppid, session, started = 'then']): ProcessInfo => {
    return { pid, ppid, session, started, cpuMs: 0, residentBytes: 0 };
  });
  return new Map(infos.map((info) => [info.pid, info]));
}

const pids = (family: Family, now: ProcessTable) => family.alive(now).map(({ pid }) => pid);

test('a family keeps those whose parents died', () => {
  const family = new Family();
  const before = table([1, 0, 1], [10, 1, 10], [11, 10, 10], [12, 11, 12], [13, 12, 12], [20, 1, 20]);
  family.adopt([10], before);
  expect(pids(family, before)).toEqual([10, 11, 12, 13]);
  expect(pids(family, table([1, 0, 1], [13, 1, 12], [20, 1, 20]))).toEqual([13]);
});

test('a family takes in whoever is in a session that it opened, unseen parents or not', () => {
  const family = new Family();
  family.adopt([10], table([10, 1, 10]));
  expect(pids(family, table([1, 0, 1], [14, 1, 10], [15, 14, 10]))).toEqual([14, 15]);
});

test('a process that got the number of a dead member is a stranger, and so is its session', () => {
  const family = new Family();
  family.adopt([10, 11], table([10, 1, 10], [11, 10, 10]));
  expect(pids(family, table([10, 1, 10, 'later'], [11, 1, 1, 'later'], [12, 10, 10, 'later']))).toEqual([]);
});

test('usage adds up processor time of all that were seen, and keeps the highest memory', () => {
  const meter = new UsageMeter();
  const row = (pid: number, cpuMs: number): ProcessInfo => ({
    pid,
    ppid: 1,
    session: 1,
    started: 'x',
    cpuMs,
    residentBytes: 0,
  });
  expect(meter.total(1000)).toEqual({ peakMemoryBytes: null, meanCpuPercent: null });
  meter.sample([{ ...row(process.pid, 300) }, row(2 ** 30, 200)]);
  meter.sample([row(process.pid, 500)]);
  const { peakMemoryBytes, meanCpuPercent } = meter.total(2000);
  expect(meanCpuPercent).toBe(35);
  expect(peakMemoryBytes).toBeGreaterThan(10e6);
});
