/** Stays with a run that exists until it has ended, or until it was cancelled with Ctrl-C, and shows how it went. */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { isFinal } from '../../../shared/model/run-view.ts';
import { run as runShape, type Run } from '../../../shared/protocol/rest/runs.ts';
import { wait } from '../../transfer/retry.ts';
import type { Api } from '../api.ts';
import type { Cli } from '../cli.ts';
import { CliFailure, EXIT, messageOf } from '../failure.ts';
import { RefusedFailure } from '../problem.ts';
import { followRun, type Followed } from './follow.ts';
import { gatherSummary } from './gather.ts';
import type { Viewer } from './viewer.ts';

export interface Attended {
  run: Run;
  exitCode: number;
}

const CONFIRM_MS = 10_000;

/** `interrupted`: aborted by the first Ctrl-C. The viewer has shown the end when this resolves. */
export async function attend(
  cli: Cli,
  api: Api,
  viewer: Viewer,
  runId: string,
  interrupted: AbortSignal,
): Promise<Attended> {
  const { clock, random } = cli;
  let last: Followed | null = null;
  const onChange = (followed: Followed): void => {
    last = followed;
    viewer.update(followed);
  };
  try {
    await followRun(api, runId, { clock, random, signal: interrupted, onChange });
  } catch (error) {
    if (!interrupted.aborted) throw error;
    viewer.cancelling();
    await cancel(cli, api, runId);
  }
  const run = await api.get(runPath(runId), runShape, { tries: 8 });
  const exitCode = exitCodeOf(run, interrupted.aborted);
  viewer.end(await gatherSummary(api, run, last), exitCode);
  return { run, exitCode };
}

export const runPath = (runId: string): string => `/api/v1/test-runs/${encodeURIComponent(runId)}`;

/** Failed infrastructure and a cancellation by somebody else both mean that the tests could not be run. */
export function exitCodeOf({ status, outcome }: Pick<Run, 'status' | 'outcome'>, interrupted: boolean): number {
  if (status === 'completed') return outcome === 'passed' ? EXIT.ok : EXIT.failed;
  return interrupted ? EXIT.cancelled : EXIT.trouble;
}

/** Resolves once the coordinator has confirmed that the run has ended. */
async function cancel({ clock }: Cli, api: Api, runId: string): Promise<void> {
  const late = new AbortController();
  const stop = clock.after(CONFIRM_MS, () => late.abort(new Error(`not confirmed within ${CONFIRM_MS / 1000} s`)));
  const { signal } = late;
  try {
    const body = { reason: 'cancelled with Ctrl-C by who launched it' };
    await api.send('POST', `${runPath(runId)}/cancel`, body, z.unknown(), { signal, key: randomUUID() });
    while (!isFinal((await api.get(runPath(runId), runShape, { signal })).status)) await wait(200, clock, signal);
  } catch (error) {
    // It has ended meanwhile.
    if (error instanceof RefusedFailure && error.status === 409) return;
    throw new CliFailure(`The run may still go on: ${messageOf(error)}`, `Cancel it with: playfleet cancel ${runId}`, {
      cause: error,
    });
  } finally {
    stop();
  }
}
