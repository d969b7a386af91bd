import { readFile, rename, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { FoundBrowsers } from './browsers.ts';

/** What was found, and the state of all files that it rests on. */
interface Proof {
  asked: string;
  found: FoundBrowsers;
  /** When each was last changed, ms; null where it is not there. */
  watched: Record<string, number | null>;
}

const FILE = 'found.json';

/** What was proven for the same question, as long as no file that it rests on came, went or changed; else null. */
export async function readProof(folder: string, asked: string): Promise<FoundBrowsers | null> {
  const text = await readFile(path.join(folder, FILE), 'utf8').catch(() => null);
  if (text === null) return null;
  const proof = parse(text);
  if (proof?.asked !== asked) return null;
  const now = await changeTimes(Object.keys(proof.watched));
  return Object.entries(now).every(([file, time]) => proof.watched[file] === time) ? proof.found : null;
}

export async function writeProof(
  folder: string,
  asked: string,
  found: FoundBrowsers,
  watched: string[],
): Promise<void> {
  const proof: Proof = { asked, found, watched: await changeTimes(watched) };
  const file = path.join(folder, FILE);
  await writeFile(`${file}.new`, JSON.stringify(proof));
  await rename(`${file}.new`, file);
}

async function changeTimes(files: string[]): Promise<Record<string, number | null>> {
  const times = files.map(
    async (file) =>
      [
        file,
        await stat(file).then(
          ({ mtimeMs }) => mtimeMs,
          () => null,
        ),
      ] as const,
  );
  return Object.fromEntries(await Promise.all(times));
}

/** A file that a crash left unreadable proves nothing, and is written anew. */
function parse(text: string): Proof | null {
  try {
    return JSON.parse(text) as Proof;
  } catch {
    return null;
  }
}
