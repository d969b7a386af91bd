/** Installs the .deb as a user would, looks at what that gave, and removes it again. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import process from 'node:process';
import { none } from './check.ts';

const run = (command: string, ...args: string[]): string =>
  execFileSync(command, args, { encoding: 'utf8', stdio: 'pipe' });

/** Why this machine cannot install it for a try, or null where it can. */
export function whyNotInstalled(): string | null {
  if (process.getuid?.() !== 0) return 'only root installs packages';
  return spawnSync('dpkg', ['-s', 'playfleet']).status === 0 ? 'a Playfleet is installed here already' : null;
}

/** Installs, and says which of the packages that Electron needs are not here: without a screen they do not matter. */
export function install(deb: string): string {
  const depends = run('dpkg-deb', '--field', deb, 'Depends').trim().split(/,\s*/);
  const missing = depends.filter((name) => spawnSync('dpkg', ['-s', name]).status !== 0);
  run('dpkg', '-i', '--force-depends', deb);
  return missing.length === 0
    ? 'with all that it depends on'
    : `without ${missing.join(', ')}, which only the desktop app needs`;
}

export function checkInstalled(): string {
  const home = '/opt/Playfleet';
  const links = [
    ['/usr/bin/playfleet', `${home}/resources/playfleet/bin/playfleet`],
    ['/usr/bin/playfleet-desktop', `${home}/playfleet-desktop`],
  ];
  none(
    links.filter(([link, to]) => realpathSync(link!) !== to).map(([link]) => link!),
    'links that lead elsewhere',
  );
  const entry = readFileSync('/usr/share/applications/playfleet-desktop.desktop', 'utf8');
  const wanted = [
    `Exec=${home}/playfleet-desktop %U`,
    'MimeType=x-scheme-handler/playfleet;',
    'Icon=playfleet-desktop',
  ];
  none(
    wanted.filter((line) => !entry.split('\n').includes(line)),
    'missing in the desktop entry',
  );
  return run('getent', 'passwd', 'playfleet').trim();
}

/** Null where systemd's own check is not here. */
export function checkUnit(): string | null {
  if (spawnSync('systemd-analyze', ['--version']).status !== 0) return null;
  const unit = '/usr/lib/systemd/system/playfleet-worker.service';
  const { status, stderr } = spawnSync('systemd-analyze', ['verify', unit], { encoding: 'utf8' });
  if (status !== 0 || stderr !== '') throw new Error(stderr);
  return unit;
}

/** Removes the package with all that it has left. */
export function purge(): string {
  run('dpkg', '--purge', 'playfleet');
  const left = ['/opt/Playfleet', '/usr/bin/playfleet', '/usr/bin/playfleet-desktop', '/var/lib/playfleet'];
  none(
    left.filter((at) => existsSync(at)),
    'left behind',
  );
  if (spawnSync('getent', ['passwd', 'playfleet']).status === 0) throw new Error('its user was left behind');
  return 'nothing left behind';
}
