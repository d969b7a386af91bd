/** What a process need not set up because another one on this machine has (slots/setups.ts of the agent). */
import type { FullConfig, Suite } from '@playwright/test/reporter';
import type { Channel } from './channel.ts';
import { askAgent } from './ask-agent.ts';
import { webServersOf } from './internals.ts';
import { supportingSuites, testsOf } from './suites.ts';

/**
 * Setup tests that the suites in `asked` need and that could serve other processes as well. None where they may belong to this process
 * alone: a webServer or globalSetup of its own comes before them, a teardown project or globalTeardown undoes them at its end.
 */
export function sharableSetup(config: FullConfig, root: Suite, asked: Suite[]): string[] {
  if (runsAround(config, root)) return [];
  const needed = [...supportingSuites(root, asked)];
  if ([...needed, ...asked].some((suite) => suite.project()?.teardown)) return [];
  return testsOf(needed).map((test) => test.id);
}

/** Whether anything of the suite runs in each process before reporters are asked, or after its tests. */
export function runsAround(config: FullConfig, root: Suite): boolean {
  return config.globalSetup !== null || config.globalTeardown !== null || webServersOf(config, root).length > 0;
}

/** Resolves with the tests that need not run here; none where the agent is gone. It may take as long as another process sets up. */
export async function askWhatIsSetUp(channel: Channel, testIds: string[]): Promise<Set<string>> {
  const answer = await askAgent(channel, { type: 'setup', testIds }, 'setup');
  return new Set(answer?.done);
}
