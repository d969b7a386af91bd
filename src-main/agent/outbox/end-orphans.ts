import { endWithout } from '../slots/process-end.ts';
import type { Outbox } from './outbox.ts';

/**
 * Attempts that a killed agent left without a last word: their results wait to be sent, and the end that they will never report themselves
 * is said behind them. The coordinator counts those results, and blames the attempt, as it would a crash of Playwright. Returns how many.
 */
export async function endOrphans(outbox: Outbox): Promise<number> {
  const entries = [...outbox.entries()];
  const ended = new Set(
    entries.filter(({ kind }) => kind === 'finish' || kind === 'release').map(({ held }) => held.fence),
  );
  const orphans = outbox.held().filter(({ fence }) => !ended.has(fence));
  for (const held of orphans) {
    const end = endWithout('crashed', 'the agent on the worker was killed while it ran this task', 0);
    await outbox.add({ ...held, kind: 'finish', end });
  }
  return orphans.length;
}
