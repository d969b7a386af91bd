/** What a claim tells its worker: everything that it needs to carry it out. */
import type { BrowserName, Grant, RunConfig, RunSource } from '../../shared/protocol/work.ts';
import type { Claim } from './claim-tasks.ts';

/** `source` and `config`: JSON, as the run has them. */
export function toGrant(
  run: { id: string; name: string; source: string | null; config: string },
  claim: Claim,
  leaseMs: number,
): Grant {
  return {
    taskId: claim.taskId,
    runId: run.id,
    runName: run.name,
    attempt: claim.attempt,
    fence: claim.fence,
    leaseMs,
    timeoutMs: claim.timeoutMs,
    slots: claim.slots,
    source: run.source === null ? null : (JSON.parse(run.source) as RunSource),
    config: JSON.parse(run.config) as RunConfig,
    work: claim.work,
    ...(claim.needs === '' ? {} : { browsers: claim.needs.split(',') as BrowserName[] }),
  };
}
