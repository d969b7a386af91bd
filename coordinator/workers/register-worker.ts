/** Lets a worker in: a join token becomes a key of its own. */
import { newId } from '../../shared/base/id.ts';
import type { WorkerCapabilities } from '../../shared/protocol/rest/workers.ts';
import { Refusal } from '../http/refusal.ts';
import { newSecret } from '../identity/secrets.ts';
import { spendToken } from '../identity/spend-token.ts';
import type { WriteHandle } from '../storage/database.ts';
import { saveOwnTags } from './save-tags.ts';
import { storeCapabilities } from './stored-capabilities.ts';

export interface Registration {
  joinToken: string | null;
  hostname: string;
  ipAddress: string;
  capabilities: WorkerCapabilities;
  tags: readonly string[];
  agentVersion: string | null;
  /** Setting worker_approval: it gets no work before an admin says so. */
  needsApproval: boolean;
}

export interface Registered {
  workerId: string;
  apiKey: string;
  joinTokenId: string;
  /** A worker of this name was there before, and goes on under the new key. */
  tookOver: boolean;
}

/**
 * A known name is taken over while its worker is offline or was removed: the machine was set up anew and its old key is lost. While that
 * worker is online it is somebody else's name: 409.
 */
export async function registerWorker(w: WriteHandle, asked: Registration, now: number): Promise<Registered> {
  const joinToken = await spendToken(w, asked.joinToken, { kind: 'join', usedBy: asked.hostname }, now);
  const before = await w.get<{ id: string; online: number; revoked_at: number | null; team_id: string | null }>(
    'SELECT id, online, revoked_at, team_id FROM workers WHERE hostname = ?',
    [asked.hostname],
  );
  if (before?.online === 1 && before.revoked_at === null) {
    throw new Refusal(
      409,
      'hostname_taken',
      `A worker named ${asked.hostname} is online. Choose another name (--name), or stop or remove that one first.`,
    );
  }
  const { teamId } = joinToken;
  // A token of one team takes over nobody else's machine, offline or not.
  if (before && teamId !== null && before.team_id !== teamId && before.revoked_at === null) {
    throw new Refusal(409, 'hostname_taken', `The name ${asked.hostname} is taken. Choose another one (--name).`);
  }
  const key = newSecret('worker');
  const workerId = before?.id ?? newId(now);
  if (before) await takeOver(w, workerId, asked, { keyHash: key.hash, teamId }, now);
  else await insert(w, workerId, asked, { keyHash: key.hash, teamId }, now);
  await saveOwnTags(w, workerId, asked.tags);
  const slots = asked.capabilities.max_parallel;
  await w.event({ type: 'worker.enrolled', workerId, data: { worker: asked.hostname, slots } });
  await w.event({ type: 'worker.online', workerId, data: { worker: asked.hostname, slots } });
  return { workerId, apiKey: key.text, joinTokenId: joinToken.id, tookOver: before !== undefined };
}

interface Made {
  keyHash: string;
  /** Of the join token. */
  teamId: string | null;
}

async function insert(w: WriteHandle, id: string, asked: Registration, made: Made, now: number): Promise<void> {
  await w.query
    .insertInto('workers')
    .values({
      id,
      hostname: asked.hostname,
      created_at: now,
      ...columns(asked, made, now),
    })
    .execute();
}

/** What people have set (priority, weight, tags, notes) and its totals stay. */
async function takeOver(w: WriteHandle, id: string, asked: Registration, made: Made, now: number): Promise<void> {
  await w.query
    .updateTable('workers')
    .set({ ...columns(asked, made, now), intent: 'active', intent_reason: null, revoked_at: null })
    .where('id', '=', id)
    .execute();
}

function columns(asked: Registration, { keyHash, teamId }: Made, now: number) {
  return {
    ip_address: asked.ipAddress,
    online: 1,
    capabilities: storeCapabilities(asked.capabilities),
    fingerprint: asked.capabilities.fingerprint,
    agent_version: asked.agentVersion,
    max_parallel_tasks: asked.capabilities.max_parallel,
    key_hash: keyHash,
    team_id: teamId,
    key_created_at: now,
    old_key_hash: null,
    old_key_created_at: null,
    approved: asked.needsApproval ? 0 : 1,
    allow_projects: null,
    failed_health_checks: 0,
    last_seen_at: now,
  };
}
