import { randomUUID } from 'node:crypto';
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import path from 'node:path';

/** Replaces a file as a whole: after a crash or power cut there is the old text or the new one, never a part. */
export async function writeAtomically(file: string, text: string, mode = 0o600): Promise<void> {
  const part = `${file}.${randomUUID()}.part`;
  try {
    {
      await using out = await open(part, 'wx', mode);
      await out.writeFile(text);
      await out.sync();
    }
    await rename(part, file);
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
  await syncFolder(path.dirname(file));
}

/** The same in one go, for what must not be interrupted by anything else of this process. */
export function writeAtomicallySync(file: string, text: string, mode = 0o600): void {
  const part = `${file}.${randomUUID()}.part`;
  try {
    writeFileSync(part, text, { flag: 'wx', mode, flush: true });
    renameSync(part, file);
  } catch (error) {
    rmSync(part, { force: true });
    throw error;
  }
  if (process.platform === 'win32') return;
  const folder = openSync(path.dirname(file), 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/** Makes names in a folder durable. Windows has no such call and keeps them with the files. */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  await using handle = await open(folder, 'r');
  await handle.sync();
}
