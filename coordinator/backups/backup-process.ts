/**
 * The process that takes or checks a backup, so that a coordinator goes on meanwhile. Its parent sends one BackupPlan; it answers with
 * BackupMessages, the last of which is `done` or `failed`.
 */
import path from 'node:path';
import { checkBackup, type Checked } from './check.ts';
import { asBackupError, BackupError } from './failures.ts';
import { withBackup } from './read.ts';
import { writeBackup, type WriteOptions, type Written } from './write.ts';

export type BackupPlan =
  | ({ do: 'write' } & Omit<WriteOptions, 'frozen'>)
  | { do: 'check'; from: string; name?: string; passphrase: string | null; workDir: string; fresh: string[] | null };

export type BackupMessage =
  /** Answered by the time (milliseconds since the epoch) when the database's file is left alone. */
  | { type: 'freeze' }
  | { type: 'copied' }
  | { type: 'done'; result: Written | Checked }
  | { type: 'failed'; message: string };

const tell = (message: BackupMessage): Promise<void> =>
  new Promise((resolve, reject) =>
    process.send?.(message, (error: Error | null) => (error ? reject(error) : resolve())),
  );

const heard = (): Promise<unknown> => new Promise((resolve) => process.once('message', resolve));

async function carryOut(plan: BackupPlan): Promise<Written | Checked> {
  if (plan.do === 'check') return withBackup(plan, (backup) => checkBackup(backup, plan.workDir, plan.fresh));
  return writeBackup({
    ...plan,
    frozen: async (copy) => {
      const answer = heard();
      await tell({ type: 'freeze' });
      await copy((await answer) as number);
      await tell({ type: 'copied' });
    },
  });
}

if (process.send === undefined) throw new Error('this is started by a coordinator, or by playfleet backup');
// A coordinator that dies takes its backup with it: the next one removes what was begun.
process.once('disconnect', () => process.kill(process.pid, 'SIGKILL'));
const plan = (await heard()) as BackupPlan;
const place = plan.do === 'write' ? plan.folder : path.resolve(plan.from);
try {
  await tell({ type: 'done', result: await carryOut(plan) });
} catch (error) {
  const known = asBackupError(error, place);
  const message =
    known instanceof BackupError ? known.message : `It failed: ${String((known as Error).stack ?? known)}`;
  await tell({ type: 'failed', message });
}
process.removeAllListeners('disconnect');
process.disconnect();
