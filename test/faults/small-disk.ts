/** A disk of a few megabytes in memory, and how to fill it. */
import { spawnSync } from 'node:child_process';
import { mkdir, rm, statfs, writeFile } from 'node:fs/promises';
import path from 'node:path';

export const NO_SMALL_DISK = 'a small disk cannot be mounted by this user';

export interface SmallDisk {
  fill(): Promise<void>;
  /** Gives back what `fill` took. */
  free(): Promise<void>;
  unmount(): void;
}

/** null where nothing can be mounted. */
export async function mountSmallDisk(dir: string, megabytes: number): Promise<SmallDisk | null> {
  await mkdir(dir, { recursive: true });
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', dir]);
  if (mounted.status !== 0) return null;
  const filler = path.join(dir, 'filler');
  return {
    async fill() {
      const { bavail, bsize } = await statfs(dir);
      try {
        await writeFile(filler, Buffer.alloc(bavail * bsize));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
      }
    },
    free: () => rm(filler),
    unmount: () => void spawnSync('umount', [dir]),
  };
}
