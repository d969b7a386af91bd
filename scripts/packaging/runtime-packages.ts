/** What a package of Playfleet brings beside its bundles: decided from the lock file, so that it is the same on every machine that builds. */

/** Packages that the bundles find at run time: native ones, and those that are looked up by path. All others are in the bundles. */
export const EXTERNAL = [
  '@node-rs/argon2',
  '@playwright/test',
  'libsql',
  'playwright',
  'playwright-core',
  'systeminformation',
];

export interface Target {
  platform: 'linux' | 'darwin' | 'win32';
  arch: 'x64' | 'arm64';
}

/** As the lock file describes an installed package. */
export interface Locked {
  version?: string;
  os?: string[];
  cpu?: string[];
  dependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
}

/**
 * The folders (`node_modules/…`, as in the lock file) of the external packages and all that they need on `target`, sorted. For macOS those
 * of both processors, because one app serves both. Linux means glibc.
 * @throws Error where a package is not locked, or a native one does not exist for the target.
 */
export function runtimePackages(packages: Readonly<Record<string, Locked>>, target: Target): string[] {
  const found = new Set<string>();
  const visit = (at: string): void => {
    if (found.has(at)) return;
    found.add(at);
    const { dependencies = {}, optionalDependencies = {} } = packages[at]!;
    for (const name of Object.keys(dependencies))
      if (!(name in optionalDependencies)) visit(locate(packages, at, name));
    const optional = Object.keys(optionalDependencies);
    const fitting = optional.filter((name) => fits(name, packages[locate(packages, at, name)]!, target));
    const natives = optional.filter((name) => name.startsWith('@'));
    if (natives.length > 0 && !natives.some((name) => fitting.includes(name))) {
      throw new Error(`${at} has no native part for ${target.platform}-${target.arch}: no package can be made for it`);
    }
    for (const name of fitting) visit(locate(packages, at, name));
  };
  for (const name of EXTERNAL) visit(locate(packages, '', name));
  return [...found].sort();
}

/** As Node looks for `name` from the package at `from`: in its own folder first, then in those around it. */
function locate(packages: Readonly<Record<string, Locked>>, from: string, name: string): string {
  for (let around = from; ;) {
    const at = around === '' ? `node_modules/${name}` : `${around}/node_modules/${name}`;
    if (packages[at]) return at;
    if (around === '')
      throw new Error(`${name}, which ${from || 'Playfleet'} needs, is not in package-lock.json: run npm install`);
    around = around.slice(0, Math.max(0, around.lastIndexOf('node_modules/') - 1));
  }
}

function fits(name: string, { os, cpu }: Locked, { platform, arch }: Target): boolean {
  if (os && !os.includes(platform)) return false;
  // The lock file does not keep which C library a package is for; its name says it.
  if (name.includes('musl')) return false;
  return platform === 'darwin' || !cpu || cpu.includes(arch);
}
