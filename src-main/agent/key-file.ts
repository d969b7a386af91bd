/** What enrolment gave this worker, kept in its data folder. Whoever reads the file is this worker: nobody else may. */
import { readFile, stat } from 'node:fs/promises';
import { z } from 'zod';
import { writeAtomically } from './atomic-file.ts';
import { AgentError, EXIT } from './errors.ts';

const key = z.object({
  /** Of the coordinator, without a slash at its end. */
  url: z.string(),
  /** Of its own certificate; null: the authorities of this system decide. Files from before there were pins have none. */
  pin: z.string().nullable().default(null),
  workerId: z.string(),
  /** The name it was enrolled with. */
  name: z.string(),
  apiKey: z.string().min(1),
});
export type WorkerKey = z.infer<typeof key>;

export async function writeKey(file: string, value: WorkerKey): Promise<void> {
  await writeAtomically(file, JSON.stringify(key.parse(value), null, 2) + '\n', 0o600);
}

/**
 * Null where there is none.
 * @throws AgentError where others can read it, or it is damaged.
 */
export async function readKey(file: string, platform: NodeJS.Platform = process.platform): Promise<WorkerKey | null> {
  let text: string;
  try {
    const { mode } = await stat(file);
    // Windows has no such bits; there the folder in the user's profile is what protects it.
    if (platform !== 'win32' && (mode & 0o077) !== 0) {
      const octal = (mode & 0o777).toString(8).padStart(4, '0');
      throw new AgentError(
        `the key file ${file} can be read by others (mode ${octal}): chmod 600 it, or enrol anew if it may have been copied`,
        EXIT.cannotStart,
      );
    }
    text = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    if (error instanceof AgentError) throw error;
    throw new AgentError(`cannot read the key file ${file}: ${(error as Error).message}`, EXIT.cannotStart, {
      cause: error,
    });
  }
  try {
    return key.parse(JSON.parse(text));
  } catch (cause) {
    throw new AgentError(`the key file ${file} is damaged: delete it and enrol anew with --join`, EXIT.cannotStart, {
      cause,
    });
  }
}
