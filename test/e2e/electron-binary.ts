/** Where a real Electron is on this machine: the folder that is named, or what its package has fetched. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

const PROGRAM = {
  darwin: 'Electron.app/Contents/MacOS/Electron',
  win32: 'electron.exe',
} as Partial<Record<NodeJS.Platform, string>>;

/** Absolute; null: there is none. */
export function electronBinary(env: NodeJS.ProcessEnv = process.env, platform = process.platform): string | null {
  const program = PROGRAM[platform] ?? 'electron';
  const named = env['ELECTRON_OVERRIDE_DIST_PATH'];
  if (named) return present(path.resolve(named, program));
  const fetched = path.resolve(import.meta.dirname, '../../node_modules/electron');
  const where = path.join(fetched, 'path.txt');
  return existsSync(where) ? present(path.join(fetched, 'dist', readFileSync(where, 'utf8').trim())) : null;
}

const present = (file: string): string | null => (existsSync(file) ? file : null);
