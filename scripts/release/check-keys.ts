/** `node scripts/release/check-keys.ts [FILE]`: ends with 2 where nothing may be released by the keys in FILE (default: resources/update-keys.json). */
import path from 'node:path';
import { readKeyFile } from '../../src-main/updater/keys.ts';
import { root } from '../programs.ts';
import { whyNoRelease } from './pinned.ts';

const [file = path.join(root, 'resources/update-keys.json'), ...rest] = process.argv.slice(2);
const problem = rest.length > 0 ? 'name one file, or none' : problemIn(file);
if (problem !== null) {
  console.error(`check-keys: ${problem}`);
  process.exitCode = 2;
}

function problemIn(name: string): string | null {
  try {
    return whyNoRelease(readKeyFile(name));
  } catch (error) {
    return (error as Error).message;
  }
}
