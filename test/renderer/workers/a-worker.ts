/** A worker as the API tells of it, idle and sound; `change` makes it another one. */
import type { Worker } from '../../../shared/protocol/rest/workers.ts';

export function aWorker(change: Partial<Worker> = {}): Worker {
  const { hostname = 'lab-1' } = change;
  return {
    id: hostname,
    hostname,
    team_id: null,
    ip_address: '10.0.0.7',
    status: 'idle',
    intent: 'active',
    intent_reason: null,
    warm_copy: { permit: 'no', at: null },
    capabilities: {
      platform: 'linux',
      platform_version: '12',
      arch: 'x64',
      cpus: 4,
      cpu_model: '',
      memory_bytes: 8e9,
      disk_free_bytes: null,
      browsers: { chromium: { version: '150', how: 'playwright' } },
      missing_browsers: {},
      displays: 0,
      node_version: 'v24',
      fingerprint: null,
      max_parallel: 4,
      extra: {},
    },
    fingerprint: null,
    agent_version: '1.2.0',
    max_parallel_tasks: 4,
    current_tasks: [],
    allocated: { slots: 0, cpus: 0, memory_bytes: 0 },
    priority: 0,
    weight: 1,
    total_completed: 0,
    total_failed: 0,
    speed: 1,
    average_task_duration_ms: null,
    failed_health_checks: 0,
    breaker: { state: 'closed', reason: null, next_try_at: null, openings: 0 },
    approved: true,
    allow_projects: null,
    tags: [],
    own_tags: [],
    notes: '',
    metrics: null,
    last_seen_at: '2026-11-21T10:00:00.000Z',
    created_at: '2026-11-20T10:00:00.000Z',
    key_created_at: '2026-11-20T10:00:00.000Z',
    ...change,
  };
}

/** A task that it holds. */
export const aTask = (id: string): Worker['current_tasks'][number] => ({
  id,
  test_run_id: 'run-1',
  kind: 'units',
  status: 'running',
  attempt: 1,
});
