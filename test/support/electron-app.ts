/** What electron-updater needs of Electron, on plain Node, and a dpkg that only takes note. */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { DebUpdater } from 'electron-updater';

/** Its type is not exported by name. */
export type AppAdapter = NonNullable<ConstructorParameters<typeof DebUpdater>[1]>;

export async function appAdapter(folder: string, version: string): Promise<AppAdapter> {
  const appUpdateConfigPath = path.join(folder, 'app-update.yml');
  await writeFile(
    appUpdateConfigPath,
    'provider: generic\nurl: http://127.0.0.1:9\nupdaterCacheDirName: playfleet-updater\n',
  );
  return {
    version,
    name: 'playfleet',
    isPackaged: true,
    appUpdateConfigPath,
    userDataPath: path.join(folder, 'user'),
    baseCachePath: path.join(folder, 'cache'),
    whenReady: () => Promise.resolve(),
    relaunch: () => undefined,
    quit: () => undefined,
    onQuit: () => undefined,
  };
}

export interface FakeDpkg {
  /** To be put before PATH. */
  bin: string;
  /** Texts of the packages that it was told to install. */
  installed(): Promise<string[]>;
  /** From now on it fails. */
  refuse(): Promise<void>;
}

/** Copies what it is told to install, in place of unpacking it into the system. */
export async function fakeDpkg(folder: string): Promise<FakeDpkg> {
  const bin = path.join(folder, 'bin');
  const taken = path.join(folder, 'taken');
  await mkdir(bin, { recursive: true });
  await mkdir(taken, { recursive: true });
  const script = `#!/bin/sh\n[ -e '${folder}/refuse' ] && { echo 'broken package' >&2; exit 1; }\ncp "$2" '${taken}'/$(ls '${taken}' | wc -l)\n`;
  // Its way out where dpkg fails is apt-get, which must not touch the system either.
  for (const name of ['dpkg', 'apt-get'])
    await writeFile(path.join(bin, name), name === 'dpkg' ? script : '#!/bin/sh\nexit 1\n', { mode: 0o755 });
  // As root nothing is asked; else it asks this one.
  await writeFile(path.join(bin, 'sudo'), '#!/bin/sh\nexec "$@"\n', { mode: 0o755 });
  return {
    bin,
    installed: async () =>
      Promise.all((await readdir(taken)).sort().map((name) => readFile(path.join(taken, name), 'utf8'))),
    refuse: () => writeFile(path.join(folder, 'refuse'), ''),
  };
}
