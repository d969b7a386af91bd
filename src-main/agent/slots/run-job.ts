/** The Playwright process of a grant: a fresh one, or one that was booted ahead for its run. */
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { bootAhead, startPlaywright, type BootOptions, type RunHandlers } from '../playwright/run-process.ts';
import type { Job, JobDependencies, JobOptions, Ready } from './jobs.ts';
import { orderOf } from './order.ts';
import { takePorts } from './ports.ts';
import type { Spare } from './spares.ts';

export async function startRun(
  ready: Ready,
  options: JobOptions,
  { clock, user, setups, spares }: Pick<JobDependencies, 'clock' | 'user' | 'setups' | 'spares'>,
): Promise<Job> {
  const { grant, call, workspace, env, ports, workDir } = ready;
  if (grant.work.kind === 'discover') throw new Error('a discovery is no run');
  const boot: BootOptions = {
    suiteDir: workspace.project,
    config: call.config,
    args: call.args,
    workers: grant.slots,
    workDir,
    env,
    user,
    port: ports.first,
    taskId: grant.taskId,
    clock,
  };
  const setup = setups.join(grant.runId, workspace);
  const key = JSON.stringify([grant.runId, boot.suiteDir, boot.config, boot.args, boot.workers, env]);
  const sharing = spares.join(key);
  const handlers: RunHandlers = {
    whatIsSetUp: (testIds) => setup.ask(testIds),
    onMessage: (message) => {
      if (message.type === 'settled') setup.settled(message.tests);
      if (message.type === 'planned' && message.canBootAhead) sharing.canBoot(() => bootSpare(ready, boot));
      options.onMessage(message);
    },
    onOutput: options.onOutput,
  };
  const end = (): void => {
    setup.end();
    sharing.end();
  };
  const order = orderOf(grant.work, options.revoked);
  const spare = order.kind === 'tests' && order.testIds.length > 0 ? spares.take(key) : null;
  const started = spare
    ? spare.process.start(order, handlers)
    : await startPlaywright({ ...boot, ...handlers, order, signal: options.signal }).catch((error: unknown) => {
        end();
        throw error;
      });
  // What it leaves in its folder is read until the attempt is over.
  if (spare) ready.onRelease(() => spare.release());
  return {
    done: started.done.finally(end).then((ended) => ({ kind: 'run', end: ended })),
    revoke: (testIds) => started.revoke(testIds),
    stop: async (reason, hard) => void (await Promise.all([started.stop(reason, { hard }), spares.drop(key)])),
  };
}

/** Like the process beside it, with a folder and ports of its own. */
async function bootSpare({ workspace, workDir }: Ready, like: BootOptions): Promise<Spare> {
  const folder = path.join(path.dirname(workDir), `spare-${randomUUID()}`);
  const endHold = workspace.hold();
  const ports = await takePorts();
  const release = async (): Promise<void> => {
    ports.release();
    endHold();
    await like.user.remove(folder);
  };
  try {
    const process = await bootAhead({ ...like, workDir: folder, port: ports.first, taskId: 'spare' });
    return { process, release };
  } catch (error) {
    await release();
    throw error;
  }
}
