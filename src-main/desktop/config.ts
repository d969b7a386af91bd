/** Where the app's own parts and its data are. Nothing else in the desktop app reads the environment. */
import { existsSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Programs } from './parts/agent-part.ts';

export interface DesktopConfig {
  programs: Programs;
  dashboardDir: string;
  iconsDir: string;
  preload: string;
  /** Which addresses of this computer a promoted coordinator listens on; 0.0.0.0: all. */
  promotedHost: string;
  /** In place of the system's folder for the app's data; null: that one. */
  dataDir: string | null;
  /** That this app runs from; null: none. */
  appImage: string | null;
  /** What the system starts at login; an AppImage is unpacked elsewhere at each start. */
  program: string;
  /** Where XDG desktops keep what they start at login. */
  autostartDir: string;
  machine: { name: string; platform: NodeJS.Platform; arch: string; cpus: number };
  timeZone: string;
}

/** `resources`: Electron's resources folder where the app is packaged; null: this runs from a checkout's dist/desktop. */
export function readDesktopConfig(
  resources: string | null,
  env: Readonly<Record<string, string | undefined>> = process.env,
): DesktopConfig {
  const here = path.dirname(fileURLToPath(import.meta.url));
  const base = resources === null ? path.resolve(here, '..', '..') : path.join(resources, 'playfleet');
  const shipped = path.join(base, process.platform === 'win32' ? 'node/node.exe' : 'node/bin/node');
  return {
    programs: {
      node: existsSync(shipped) ? shipped : path.join(base, 'node_modules/.bin/node'),
      cli: path.join(base, 'bin/playfleet.mjs'),
      env,
    },
    dashboardDir: path.join(base, 'dist/dashboard'),
    iconsDir: path.join(here, 'icons'),
    preload: path.join(here, 'preload.cjs'),
    dataDir: env['PLAYFLEET_DESKTOP_DATA']?.trim() ? path.resolve(env['PLAYFLEET_DESKTOP_DATA']) : null,
    promotedHost: env['PLAYFLEET_DESKTOP_PROMOTED_HOST']?.trim() || '0.0.0.0',
    appImage: env['APPIMAGE'] ?? null,
    program: env['APPIMAGE'] ?? process.execPath,
    autostartDir: path.join(env['XDG_CONFIG_HOME'] ?? path.join(os.homedir(), '.config'), 'autostart'),
    machine: { name: os.hostname(), platform: process.platform, arch: process.arch, cpus: os.availableParallelism() },
    timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
  };
}
