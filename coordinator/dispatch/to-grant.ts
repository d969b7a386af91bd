/** What a claim tells its worker: everything that it needs to carry it out. */
import type { BrowserName, Grant, RunConfig, RunSource } from '../../shared/protocol/work.ts';
import { DEFAULT_ENVIRONMENT } from '../../shared/protocol/rest/secrets.ts';
import type { ProjectSecrets } from '../projects/secrets.ts';
import type { Claim } from './claim-tasks.ts';

export interface GrantedRun {
  id: string;
  name: string;
  project: string;
  projectId: string;
  /** null: the one that runs have that name none. */
  environment: string | null;
  /** JSON, as the run has it. */
  source: string | null;
  /** JSON. */
  config: string;
}

/** Which secrets its tasks get. */
export const secretPlaceOf = ({ projectId, environment }: Pick<GrantedRun, 'projectId' | 'environment'>) => ({
  projectId,
  environment: environment ?? DEFAULT_ENVIRONMENT,
});

/** Holds secrets: it is sent to the worker that holds the task, and neither stored nor logged. */
export function toGrant(
  run: GrantedRun,
  claim: Claim,
  { leaseMs, secrets }: { leaseMs: number; secrets: ProjectSecrets },
): Grant {
  const given = secrets.forTask(secretPlaceOf(run), claim.work.kind);
  return {
    taskId: claim.taskId,
    runId: run.id,
    runName: run.name,
    project: run.project,
    attempt: claim.attempt,
    fence: claim.fence,
    leaseMs,
    timeoutMs: claim.timeoutMs,
    slots: claim.slots,
    source: run.source === null ? null : (JSON.parse(run.source) as RunSource),
    config: JSON.parse(run.config) as RunConfig,
    work: claim.work,
    ...(given ? { secrets: given } : {}),
    ...(claim.needs === '' ? {} : { browsers: claim.needs.split(',') as BrowserName[] }),
  };
}
