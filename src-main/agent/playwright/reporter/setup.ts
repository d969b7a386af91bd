/** What a process need not set up because another one on this machine has (slots/setups.ts of the agent). */
import type { FullConfig, Suite } from '@playwright/test/reporter';
import type { AgentMessage } from '../../../../shared/protocol/ipc.ts';
import type { Channel } from './channel.ts';
import { webServersOf } from './internals.ts';
import { supportingSuites, testsOf } from './suites.ts';

/**
 * Setup tests that the suites in `asked` need and that could serve other processes as well. None where they may belong to this process
 * alone: a webServer or globalSetup of its own comes before them, a teardown project or globalTeardown undoes them at its end.
 */
export function sharableSetup(config: FullConfig, root: Suite, asked: Suite[]): string[] {
  if (config.globalSetup !== null || config.globalTeardown !== null) return [];
  if (webServersOf(config, root).length > 0) return [];
  const needed = [...supportingSuites(root, asked)];
  if ([...needed, ...asked].some((suite) => suite.project()?.teardown)) return [];
  return testsOf(needed).map((test) => test.id);
}

/** Resolves with the tests that need not run here; none where the agent is gone. It may take as long as another process sets up. */
export async function askWhatIsSetUp(channel: Channel, testIds: string[]): Promise<Set<string>> {
  if (!process.connected) return new Set();
  return new Promise((resolve) => {
    const answered = (done: string[]): void => {
      process.off('message', onMessage);
      process.off('disconnect', onGone);
      process.channel?.unref();
      resolve(new Set(done));
    };
    const onMessage = (message: AgentMessage): void => {
      if (message?.type === 'setup') answered(message.done);
    };
    const onGone = (): void => answered([]);
    process.on('message', onMessage);
    process.on('disconnect', onGone);
    // Nothing else may keep the process alive while it waits.
    process.channel?.ref();
    channel.send({ type: 'setup', testIds });
  });
}
