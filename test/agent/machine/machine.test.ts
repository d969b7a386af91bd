import { expect, test } from 'vitest';
import { capabilities } from '../../../shared/protocol/work.ts';
import { detectMachine, fingerprint } from '../../../src-main/agent/machine/detect.ts';
import { cpuPercent, MetricsReader } from '../../../src-main/agent/machine/metrics.ts';
import { tempFolder } from '../../support/folders.ts';
import { captureLog } from '../support.ts';

const env = { PATH: process.env.PATH ?? '' };

test('a machine is detected as the contract wants it, the same each time', async () => {
  const { log, lines } = captureLog();
  const first = await detectMachine({ folder: tempFolder(), env, log });
  expect(capabilities.parse(first)).toEqual(first);
  expect(first.cpu_model).not.toBe('');
  expect(first.platform_version).not.toBe('');
  const second = await detectMachine({ folder: tempFolder(), env, log });
  expect(second.fingerprint).toBe(first.fingerprint);
  expect(lines).toEqual([]);
});

test('a fingerprint follows the system and its hardware, and the name only where there is nothing else', () => {
  const known = ['machine-id', 'vendor', 'model'];
  expect(fingerprint(known, 'a')).toBe(fingerprint(known, 'b'));
  expect(fingerprint(known, 'a')).not.toBe(fingerprint(['other-id', 'vendor', 'model'], 'a'));
  expect(fingerprint(['', 'vendor'], 'a')).not.toBe(fingerprint(['', 'vendor'], 'b'));
  expect(fingerprint([], 'a')).toBe(fingerprint([], 'a'));
});

test('the CPU share is that of the time since the last reading, within 0 and 100', async () => {
  expect(cpuPercent({ busy: 0, total: 0 }, { busy: 250, total: 1000 })).toBe(25);
  expect(cpuPercent({ busy: 10, total: 100 }, { busy: 10, total: 100 })).toBeNull();
  expect(cpuPercent({ busy: 10, total: 100 }, { busy: 5, total: 200 })).toBe(0);
  const reader = new MetricsReader(tempFolder());
  const metrics = await reader.read();
  expect(metrics.memory_used_bytes).toBeLessThan(metrics.memory_total_bytes ?? 0);
  expect(metrics.disk_free_bytes).toBeLessThan(metrics.disk_total_bytes ?? 0);
});
