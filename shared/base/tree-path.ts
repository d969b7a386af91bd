/**
 * Which names may travel in a tree. A tree made on one machine is laid out on machines with other file systems, and it may come from
 * somebody hostile, so a name must mean the same file everywhere: what Windows or macOS would read as another file is refused.
 */

const MAX_NAME_BYTES = 255;
const MAX_PATH_LENGTH = 1024;

/** Control and format characters (bidi overrides and zero-width ones among them), line and paragraph separators, private use. */
const HIDDEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}]/u;
/** Characters Windows does not take in names; `:` would name a drive or a hidden stream. */
const NOT_ON_WINDOWS = /[<>:"|?*]/;
/** Devices on Windows, with any extension. */
const DEVICE = /^(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³]) *(\.|$)/i;
/** A repository's own folder, also by the short name that Windows gives it: a tool that runs git in the tree would obey its config. */
const GIT_FOLDER = /^(\.git|git~[0-9]+)$/i;

/** Why `path` may not be the path of a file in a tree, as the end of a sentence that begins with the path; null when it may. */
export function pathProblem(path: string): string | null {
  if (path === '') return 'is empty';
  if (!path.isWellFormed()) return 'is not valid Unicode';
  if (path.length > MAX_PATH_LENGTH) return `is longer than ${MAX_PATH_LENGTH} characters`;
  if (HIDDEN.test(path)) return 'has control, invisible or direction-changing characters in its name';
  if (path.includes('\\')) return 'has a backslash in its name, which separates folders on Windows';
  if (path.startsWith('/')) return 'is absolute; paths in a tree are relative to its top';
  if (path.normalize('NFC') !== path) return 'is not in Unicode normal form C';
  for (const name of path.split('/')) {
    const problem = nameProblem(name);
    if (problem !== null) return problem;
  }
  return null;
}

function nameProblem(name: string): string | null {
  if (name === '') return "has an empty name between '/'";
  if (name === '.' || name === '..') return `has '${name}' in it; write the path out`;
  if (NOT_ON_WINDOWS.test(name)) return 'has one of < > : " | ? * in its name, which Windows does not take';
  if (/[. ]$/.test(name)) return 'has a name that ends in a dot or a space, which Windows drops';
  if (DEVICE.test(name)) return `has the name '${name}', which is a device on Windows`;
  if (GIT_FOLDER.test(name)) return 'lies in a git folder; repository data does not travel';
  if (name.length * 3 > MAX_NAME_BYTES && new TextEncoder().encode(name).length > MAX_NAME_BYTES) {
    return `has a name longer than ${MAX_NAME_BYTES} bytes`;
  }
  return null;
}

/**
 * Why the symbolic link at `path` may not point to `target`; null when it may. `..` is taken only at the front: behind a name it would
 * climb from wherever that name leads, which may be another link, so reading the text alone could not tell where it ends.
 */
export function linkProblem(path: string, target: string): string | null {
  if (target === '') return 'points nowhere';
  if (!target.isWellFormed() || HIDDEN.test(target)) return 'points to a name with control or invisible characters';
  if (target.length > MAX_PATH_LENGTH) return `points to a path longer than ${MAX_PATH_LENGTH} characters`;
  if (target.includes('\\')) return 'points to a path with a backslash';
  if (target.startsWith('/') || /^[A-Za-z]:/.test(target)) return `points to an absolute path (${target})`;
  let depth = path.split('/').length - 1;
  let named = false;
  for (const name of target.split('/')) {
    if (name === '' || name === '.') continue;
    if (name !== '..') {
      named = true;
      if (NOT_ON_WINDOWS.test(name)) return `points to a name that Windows does not take (${target})`;
      if (GIT_FOLDER.test(name)) return `points into a git folder (${target})`;
      continue;
    }
    if (named) return `points to a path with '..' behind a name (${target})`;
    depth -= 1;
    if (depth < 0) return `points outside the tree (${target})`;
  }
  return null;
}

/** The same text for all spellings that some file system holds for one file (case, and letters that grow when they change case). */
export function foldPath(path: string): string {
  return path.toUpperCase().toLowerCase().normalize('NFC');
}
