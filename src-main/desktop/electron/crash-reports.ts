/** Crash reports of the app: written by Crashpad into a folder of this computer, never sent, and deleted when their owner says so. */
import { readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { CrashReports } from '../core/ports.ts';
import type { ElectronParts } from './parts.ts';

export function startCrashReporter(crashReporter: ElectronParts['crashReporter']): void {
  crashReporter.start({ uploadToServer: false, productName: 'Playfleet', compress: false });
}

/** `folder`: Electron's crashDumps, in which Crashpad makes a few of its own. */
export function crashReportsIn(folder: string): CrashReports {
  const files = async (): Promise<string[]> => {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(
      (error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return [];
        throw error;
      },
    );
    return entries
      .filter((one) => one.isFile() && one.name.endsWith('.dmp'))
      .map((one) => path.join(one.parentPath, one.name));
  };
  return {
    async list() {
      const found = (await files()).map(async (file) => {
        const { mtimeMs, size } = await stat(file);
        return { name: path.basename(file), at: Math.round(mtimeMs), bytes: size };
      });
      return (await Promise.all(found)).sort((a, b) => b.at - a.at);
    },
    async deleteAll() {
      for (const file of await files()) {
        await rm(file, { force: true });
        await rm(file.replace(/\.dmp$/, '.meta'), { force: true });
      }
    },
  };
}
