/** Which package manager installs a folder, and with which command: decided from the files in it. No effects. */

export type ManagerName = 'npm' | 'pnpm' | 'yarn';

export interface Manager {
  name: ManagerName;
  /** Name of the lock file; null where none is committed. */
  lock: string | null;
  /** Exact version that package.json's `packageManager` asks for. */
  pinned: string | null;
  /** Which package and versions of it can read the lock file, for a machine that lacks the manager: an npm package spec. */
  spec: string;
  /** Yarn 2 and later: another program with other options. */
  berry: boolean;
}

/** Bun's lock files are recognised in order to be refused: its installs are not made by npm's rules, and few machines have it. */
const LOCKS: [file: string, manager: ManagerName | 'bun'][] = [
  ['npm-shrinkwrap.json', 'npm'],
  ['package-lock.json', 'npm'],
  ['pnpm-lock.yaml', 'pnpm'],
  ['yarn.lock', 'yarn'],
  ['bun.lock', 'bun'],
  ['bun.lockb', 'bun'],
];
export const LOCK_FILES: readonly string[] = LOCKS.map(([file]) => file);

export interface FolderFacts {
  /** Names of the lock files that are there. */
  locks: readonly string[];
  /** `packageManager` of package.json, as written. */
  packageManager: string | undefined;
  /** Beginning of the lock file that was chosen. */
  lockHead: (file: string) => string;
}

/** With several lock files, the one of the manager that package.json names, else the first in the order above. */
export function chooseManager(facts: FolderFacts): Manager | { problem: string } {
  const declared = /^(npm|pnpm|yarn|bun)@(\d+\.\d+\.\d+[0-9A-Za-z.-]*)/.exec(facts.packageManager ?? '');
  const present = LOCKS.filter(([file]) => facts.locks.includes(file));
  const chosen = present.find(([, name]) => name === declared?.[1]) ?? present[0];
  const name = chosen?.[1] ?? (declared?.[1] as ManagerName | 'bun' | undefined) ?? 'npm';
  if (name === 'bun') {
    return {
      problem: `${chosen?.[0] ?? 'packageManager'} asks for Bun, which Playfleet does not install with: commit a package-lock.json, pnpm-lock.yaml or yarn.lock`,
    };
  }
  const lock = chosen?.[0] ?? null;
  const pinned = declared?.[1] === name ? (declared[2] ?? null) : null;
  const head = lock === null ? '' : facts.lockHead(lock);
  const berry =
    name === 'yarn' &&
    (pinned === null ? lock !== null && !head.includes('yarn lockfile v1') : !pinned.startsWith('1.'));
  return { name, lock, pinned, berry, spec: specOf(name, pinned, berry, head) };
}

function specOf(name: ManagerName, pinned: string | null, berry: boolean, head: string): string {
  const base = berry ? '@yarnpkg/cli-dist' : name;
  if (pinned !== null) return `${base}@${pinned}`;
  if (name === 'npm') return 'npm';
  if (name === 'yarn') return berry ? `${base}@4` : 'yarn@1';
  const version = Number(/^lockfileVersion: *'?(\d+)/m.exec(head)?.[1] ?? 9);
  return version >= 9 ? 'pnpm@10' : version >= 6 ? 'pnpm@8' : 'pnpm@7';
}

/** Whether the version that a machine has can stand in for what the folder needs. */
export function isSuitable(manager: Manager, version: string): boolean {
  if (manager.name === 'npm') return true;
  if (manager.pinned !== null) return version === manager.pinned;
  if (manager.name === 'yarn') return version.startsWith('1.') !== manager.berry;
  // pnpm 9 and later share one lock file format; older ones read only their own.
  const [has, wants] = [version, manager.spec.slice('pnpm@'.length)].map((text) => Number.parseInt(text, 10)) as [
    number,
    number,
  ];
  return wants >= 9 ? has >= 9 : has === wants;
}

/** Arguments that install exactly what the lock file says, development packages included, and leave the lock file as it is. */
export function installArguments(manager: Manager): string[] {
  if (manager.name === 'npm') {
    const quiet = [
      '--include=dev',
      '--prefer-offline',
      '--no-audit',
      '--no-fund',
      '--no-progress',
      '--no-update-notifier',
    ];
    return manager.lock === null ? ['install', '--no-package-lock', ...quiet] : ['ci', ...quiet];
  }
  const frozen = manager.lock !== null;
  if (manager.name === 'pnpm')
    return [
      'install',
      frozen ? '--frozen-lockfile' : '--no-lockfile',
      '--prod=false',
      '--prefer-offline',
      '--reporter=append-only',
    ];
  if (manager.berry) return frozen ? ['install', '--immutable'] : ['install'];
  return [
    'install',
    frozen ? '--frozen-lockfile' : '--no-lockfile',
    '--production=false',
    '--non-interactive',
    '--prefer-offline',
  ];
}

/**
 * Whether a lock file covers the package in `folder`, POSIX and relative to the lock file's. Yarn 1 does not write down its workspaces, so
 * its lock files are taken to cover everything below.
 */
export function lockCovers(lock: string, text: string, folder: string): boolean {
  if (folder === '') return true;
  if (lock === 'pnpm-lock.yaml') return [folder, `'${folder}'`].some((key) => text.includes(`\n  ${key}:`));
  if (lock === 'yarn.lock') return text.includes('yarn lockfile v1') || text.includes(`@workspace:${folder}"`);
  return text.includes(`${JSON.stringify(folder)}: {`);
}

/** Scripts of a project itself that its package manager runs at an install. */
const INSTALL_SCRIPTS = ['preinstall', 'install', 'postinstall', 'prepublish', 'preprepare', 'prepare', 'postprepare'];
/** What such scripts commonly do without reading the project or leaving anything in it that tests need. */
const HARMLESS =
  /^(husky( install)?|lefthook install|simple-git-hooks|(npx )?only-allow \w+|((npx|pnpm|yarn) )?playwright install( [\w -]*)?|exit 0|true)$/;

/** The install scripts of a package.json that may depend on the project's own files, so that their result cannot be shared between trees. */
export function scriptsOfItsOwn(packageJson: unknown): string[] {
  const scripts = (packageJson as { scripts?: Record<string, unknown> } | null)?.scripts;
  if (typeof scripts !== 'object' || scripts === null) return [];
  return INSTALL_SCRIPTS.filter((name) => {
    const script = scripts[name];
    if (typeof script !== 'string') return false;
    return !script.split(/&&|;|\|\|/).every((part) => HARMLESS.test(part.trim()));
  });
}
