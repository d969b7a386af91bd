/**
 * What a checkout looked like when it was handed over. Tests write into their own tree (a missing snapshot, a login state), and the next
 * run of the same tree must not find it: what they added is removed, and a checkout in which they changed something is made anew.
 * It also tells after a power cut whether the files are those that were written.
 */
import type { Stats } from 'node:fs';
import { lstat, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { mapLimit } from '../../transfer/map-limit.ts';

export const baseline = z.object({
  /** Sum of the sizes of its files, without installed packages. */
  bytes: z.number(),
  /** POSIX path → what lstat said of a file or link. */
  files: z.record(z.string(), z.string()),
  folders: z.array(z.string()),
  /** Folders of installed packages; what lies in them is not looked at. */
  installed: z.array(z.string()),
});
export type Baseline = z.infer<typeof baseline>;

const CONCURRENT_FILES = 16;

interface Found {
  files: Map<string, Stats>;
  folders: string[];
  installed: string[];
}

export async function takeBaseline(dir: string): Promise<Baseline> {
  const found = await walk(dir);
  const files = [...found.files];
  return {
    bytes: files.reduce((sum, [, stat]) => sum + stat.size, 0),
    files: Object.fromEntries(files.map(([file, stat]) => [file, looks(stat)])),
    folders: found.folders,
    installed: found.installed,
  };
}

/** Removes what was added since; false when something that was there has changed or gone, so that only a new checkout will do. */
export async function restore(dir: string, was: Baseline): Promise<boolean> {
  const now = await walk(dir);
  const intact = Object.entries(was.files).every(([file, looked]) => {
    const stat = now.files.get(file);
    return stat !== undefined && looks(stat) === looked;
  });
  const isThere = new Set([...now.folders, ...now.installed]);
  if (!intact || ![...was.folders, ...was.installed].every((folder) => isThere.has(folder))) return false;
  const wasThere = new Set([...was.folders, ...was.installed]);
  const added = [...isThere]
    .filter((folder) => !wasThere.has(folder))
    .concat([...now.files.keys()].filter((file) => !(file in was.files)));
  for (const name of added) await rm(path.join(dir, name), { recursive: true, force: true });
  return true;
}

/** Size, times and inode; the change time cannot be set back, so a change that keeps the modification time is seen too. */
function looks(stat: Stats): string {
  return `${stat.size} ${stat.mtimeMs} ${stat.ctimeMs} ${stat.ino}`;
}

async function walk(dir: string): Promise<Found> {
  const found: Found = { files: new Map(), folders: [], installed: [] };
  const names: string[] = [];
  const visit = async (prefix: string): Promise<void> => {
    for (const entry of await readdir(path.join(dir, prefix), { withFileTypes: true })) {
      const name = prefix + entry.name;
      if (!entry.isDirectory()) names.push(name);
      else if (entry.name === 'node_modules') found.installed.push(name);
      else {
        found.folders.push(name);
        await visit(`${name}/`);
      }
    }
  };
  await visit('');
  const stats = await mapLimit(names, CONCURRENT_FILES, (name) => lstat(path.join(dir, name)));
  names.forEach((name, index) => found.files.set(name, stats[index] as Stats));
  return found;
}
