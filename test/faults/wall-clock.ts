/** A wall clock that can be set while a program runs: libfaketime, loaded into it. What runs by the monotonic clock is left alone. */
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

export interface WallClock {
  /** For the program whose clock it is. */
  env: NodeJS.ProcessEnv;
  /** As libfaketime writes it: `+1d`, `-1d`, `+0 x10`. */
  set(offset: string): void;
}

export const FAKETIME_MISSING = 'libfaketime is not installed (package faketime)';

/** null where libfaketime is not installed. `name` tells several clocks of one folder apart. */
export function wallClock(folder: string, name = 'all'): WallClock | null {
  const library = findLibrary();
  if (library === null) return null;
  const file = path.join(folder, `clock-offset-${name}`);
  writeFileSync(file, '+0');
  return {
    env: {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    },
    set: (offset) => writeFileSync(file, offset),
  };
}

function findLibrary(): string | null {
  if (process.platform !== 'linux') return null;
  const folders = readdirSync('/usr/lib').map((name) => path.join('/usr/lib', name, 'faketime/libfaketime.so.1'));
  return folders.find((file) => existsSync(file)) ?? null;
}
