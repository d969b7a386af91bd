/** A worker was heard of. */
import type { MachineMetrics } from '../../shared/protocol/work.ts';
import type { WriteHandle } from '../storage/database.ts';

/**
 * Stores that the worker is online, and its heartbeat for its history, which may be left out. `running` = how many tasks it works on, as it
 * says.
 */
export async function recordHeartbeat(
  w: WriteHandle,
  workerId: string,
  metrics: MachineMetrics,
  running: number,
  now: number,
  keepsHistory = true,
): Promise<void> {
  const before = await w.get<{ hostname: string; online: number; max_parallel_tasks: number }>(
    'SELECT hostname, online, max_parallel_tasks FROM workers WHERE id = ? AND revoked_at IS NULL',
    [workerId],
  );
  if (!before) return;
  await w.run('UPDATE workers SET last_seen_at = ?, online = 1, failed_health_checks = 0 WHERE id = ?', [
    now,
    workerId,
  ]);
  if (keepsHistory) await addToHistory(w, workerId, metrics, running, now);
  if (before.online === 0) {
    const data = { worker: before.hostname, slots: before.max_parallel_tasks };
    await w.event({ type: 'worker.online', workerId, data });
  }
}

async function addToHistory(
  w: WriteHandle,
  workerId: string,
  metrics: MachineMetrics,
  running: number,
  now: number,
): Promise<void> {
  await w.run(
    `INSERT INTO worker_heartbeats (worker_id, at, cpu_percent, memory_used_bytes, memory_total_bytes, disk_free_bytes, disk_total_bytes,
       tasks_running) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    [
      workerId,
      now,
      metrics.cpu_percent,
      metrics.memory_used_bytes,
      metrics.memory_total_bytes,
      metrics.disk_free_bytes,
      metrics.disk_total_bytes,
      running,
    ],
  );
}
