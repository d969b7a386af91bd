/** A coordinator of its own process that really is sent more than it can carry out. */
import { readFileSync } from 'node:fs';
import { expect, test, vi } from 'vitest';
import { systemClock } from '../../../shared/base/clock.ts';
import { okJson } from '../../support/coordinator.ts';
import { startCoordinatorProcess, type CoordinatorProcess } from '../../support/coordinator-process.ts';
import { Flooder } from '../../support/flood.ts';

vi.setConfig({ testTimeout: 240_000 });

const WORKERS = 40;
/** Of each worker. */
const TESTS = 3_000;
const UNDER_WAY = 500;
/** 64 MiB of frames may wait (dispatch/inflow.ts); read, they are about four times as large, and V8 gives nothing back while it is pressed. */
const MOST_GROWTH_MB = 300;

interface Health {
  status: string;
  load: { state: string; since: string; reasons: string[]; left_out: Record<string, number> };
}

const health = async ({ url }: CoordinatorProcess) => okJson<Health>(await fetch(`${url}/healthz`));

const asAdmin = (coordinator: CoordinatorProcess, method: string, at: string, body?: object) =>
  fetch(`${coordinator.url}/api/v1${at}`, {
    method,
    headers: { authorization: `Bearer ${coordinator.adminToken}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });

async function enrol(coordinator: CoordinatorProcess, hostname: string): Promise<string> {
  const { token } = await okJson<{ token: string }>(await asAdmin(coordinator, 'POST', '/tokens', { kind: 'join' }));
  const answer = await fetch(`${coordinator.url}/api/v1/workers/register`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ hostname, capabilities: { browsers: [], platform: 'linux', max_parallel: 1 } }),
  });
  return (await okJson<{ api_key: string }>(answer)).api_key;
}

const rssMb = ({ pid }: CoordinatorProcess): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;

test.runIf(process.platform === 'linux')(
  'overloaded, it stores every result, leaves out lines and says so, keeps its memory, refuses what can wait, and recovers',
  async () => {
    const coordinator = await startCoordinatorProcess();
    const answer = await asAdmin(coordinator, 'POST', '/test-runs/create', { name: 'flood', total_shards: WORKERS });
    const { test_run_id: runId } = await okJson<{ test_run_id: string }>(answer);
    const fleet: Flooder[] = [];
    for (let i = 0; i < WORKERS; i++) {
      const key = await enrol(coordinator, `flood-${i}`);
      fleet.push(new Flooder({ url: coordinator.url, key, protocol: i % 2 === 0 ? 3 : 2, batch: 20 }));
    }
    for (const worker of fleet) await worker.begin(TESTS);
    // Taking all these plans is work, too.
    const isNormal = async () => (await health(coordinator)).load.state === 'normal';
    await vi.waitUntil(isNormal, { timeout: 60_000, interval: 100 });
    const before = rssMb(coordinator);

    // Until it is overloaded, however fast this machine is: what is under way takes it more than a second.
    let peak = before;
    const pressFor = async (ms: number, until: (now: Health) => boolean): Promise<Health> => {
      const began = performance.now();
      for (;;) {
        for (const worker of fleet) {
          while (worker.waiting < UNDER_WAY && worker.worked < TESTS) worker.work(2);
          worker.beat();
        }
        await new Promise<void>((resolve) => systemClock.after(100, resolve));
        const now = await health(coordinator);
        peak = Math.max(peak, rssMb(coordinator));
        if (until(now) || performance.now() - began > ms) return now;
      }
    };
    const overloaded = await pressFor(30_000, ({ load }) => load.state === 'overloaded');
    expect(overloaded).toMatchObject({ status: 'ok', load: { state: 'overloaded' } });
    expect(overloaded.load.reasons.length).toBeGreaterThan(0);
    const list = await asAdmin(coordinator, 'GET', '/test-runs');
    expect([list.status, list.headers.get('retry-after')]).toEqual([503, '5']);
    expect((await asAdmin(coordinator, 'GET', `/test-runs/${runId}/progress`)).status).toBe(200);
    await pressFor(1_000, () => false);

    await vi.waitUntil(() => fleet.every((worker) => worker.waiting === 0), { timeout: 60_000 });
    await vi.waitUntil(isNormal, { timeout: 60_000, interval: 100 });
    const { left_out } = (await health(coordinator)).load;
    expect(left_out['metrics']).toBeGreaterThan(0);
    expect(left_out['log_lines']).toBeGreaterThan(0);
    expect(left_out['requests']).toBeGreaterThan(0);
    expect(peak - before).toBeLessThan(MOST_GROWTH_MB);

    const sent = fleet.reduce((sum, worker) => sum + worker.worked, 0);
    const read = async <T>(at: string) => okJson<T>(await asAdmin(coordinator, 'GET', at));
    expect(await read(`/test-runs/${runId}/progress`)).toMatchObject({ tests: { settled: sent, expected: sent } });
    const { items } = await read<{ items: { data: { from: string; to: string } }[] }>(
      '/events?type=coordinator.load&limit=100',
    );
    const road = items.map(({ data }) => data.to);
    expect(road).toContain('overloaded');
    expect(road.at(-1)).toBe('normal');
    // The note comes with the next flush after the recovery.
    await vi.waitUntil(async () => (await noted(read, runId)) > 0, { timeout: 10_000, interval: 200 });
    for (const worker of fleet) worker.close();
    expect(systemClock.now()).toBeGreaterThan(Date.parse(overloaded.load.since));
  },
);

async function noted(read: <T>(at: string) => Promise<T>, runId: string): Promise<number> {
  let notes = 0;
  for (let cursor: string | null = ''; cursor !== null;) {
    const query: string = cursor === '' ? '' : `&cursor=${cursor}`;
    const page: { items: { text: string }[]; next_cursor: string | null } = await read(
      `/test-runs/${runId}/logs?limit=500${query}`,
    );
    notes += page.items.filter(({ text }) => /\[… \d+ lines left out/.test(text)).length;
    cursor = page.next_cursor;
  }
  return notes;
}
