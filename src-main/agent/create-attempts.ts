/** Attempts with what they need of this agent's parts. */
import path from 'node:path';
import { Attempt, type AttemptOptions } from './slots/attempt.ts';
import type { PoolOptions } from './slots/pool.ts';
import type { Parts } from './start.ts';
import { attachByContent } from './uploader/attachments.ts';
import type { Uploader } from './uploader/uploader.ts';

const MB = 1024 * 1024;

/** How a pool makes an attempt of a grant. */
export function createAttempts(
  { config, clock, log, dir, user, outbox, stash, preparation }: Parts,
  uploader: Uploader,
  line: Pick<AttemptOptions, 'send' | 'logMs'>,
): PoolOptions['create'] {
  const attachments = { stash, uploader, limitBytes: config.attachmentLimitMb * MB };
  return (grant, events) =>
    new Attempt({
      grant,
      clock,
      log,
      user,
      preparation,
      workDir: path.join(dir.work, String(grant.fence)),
      report: async (report, after) => {
        await outbox.add(report, after ?? null);
        // It may have arrived while the report was being written.
        if (after !== undefined && !uploader.has(after)) outbox.unlock(after);
      },
      attach: (attempt) => attachByContent(attempt, attachments),
      keepBlob: async (file) => {
        try {
          const stashed = await stash.keepFile(file, Number.POSITIVE_INFINITY);
          if (stashed) uploader.add(stashed, true);
          return stashed;
        } catch (error) {
          log.error({ err: error }, 'a blob report could not be kept; the merged report will lack it');
          return null;
        }
      },
      ...line,
      ...events,
    });
}
