/** Files in gitignore syntax, each ruling the folder it lies in and those below, a deeper one over a higher one, as git does it. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import ignore, { type Ignore } from 'ignore';

export interface IgnoreRules {
  /** `relative` is POSIX, to the root; folders end in a slash. A file in an ignored folder is ignored. */
  ignores(relative: string): Promise<boolean>;
}

/** `names` are those of the rule files, such as `.gitignore`, the later one over the earlier one in the same folder. */
export function createIgnoreRules(root: string, names: readonly string[]): IgnoreRules {
  const rulesOf = new Map<string, Promise<Ignore | null>>();
  const verdicts = new Map<string, Promise<boolean>>();

  const load = async (folder: string): Promise<Ignore | null> => {
    const texts = await Promise.all(names.map((name) => readIfThere(path.join(root, folder, name))));
    if (texts.every((text) => text === null)) return null;
    const rules = ignore({ ignorecase: false });
    for (const text of texts) if (text !== null) rules.add(text);
    return rules;
  };
  const rulesIn = (folder: string): Promise<Ignore | null> => remember(rulesOf, folder, () => load(folder));

  /** Whether the nearest rule that speaks of `relative` itself ignores it; what lies above has been asked already. */
  const ownVerdict = async (relative: string): Promise<boolean> => {
    for (let folder = parentOf(relative); ; folder = parentOf(folder)) {
      const rules = await rulesIn(folder);
      const verdict = rules?.test(relative.slice(folder.length));
      if (verdict?.ignored) return true;
      if (verdict?.unignored || folder === '') return false;
    }
  };
  const ignores = (relative: string): Promise<boolean> =>
    remember(verdicts, relative, async () => {
      const folder = parentOf(relative);
      if (folder !== '' && (await ignores(folder))) return true;
      return ownVerdict(relative);
    });
  return { ignores };
}

/** The folder of a path, ending in a slash; '' for the root. */
function parentOf(relative: string): string {
  return relative.slice(0, relative.lastIndexOf('/', relative.length - 2) + 1);
}

function remember<T>(known: Map<string, Promise<T>>, key: string, make: () => Promise<T>): Promise<T> {
  let value = known.get(key);
  if (value === undefined) known.set(key, (value = make()));
  return value;
}

async function readIfThere(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EISDIR') return null;
    throw error;
  }
}
