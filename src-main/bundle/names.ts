import { isUtf8 } from 'node:buffer';
import { BundleError } from './errors.ts';

/** File names as text: one, or several with NUL between them. Throws BundleError naming the first that is not UTF-8. */
export function decodeNames(bytes: Buffer): string {
  if (isUtf8(bytes)) return bytes.toString();
  const names = bytes.toString('latin1').split('\0');
  const bad = names.find((name) => !isUtf8(Buffer.from(name, 'latin1'))) ?? '';
  // git puts mode and hash before the name, and a tab.
  const name = JSON.stringify(bad.slice(bad.indexOf('\t') + 1));
  throw new BundleError(
    `A file name is not valid UTF-8: ${name} (shown as Latin-1). Rename it; where git does not track it, a line in .gitignore will do.`,
  );
}
