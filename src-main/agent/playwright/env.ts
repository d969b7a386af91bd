/** What a suite's process inherits from its machine. Names compare without case on Windows only. */
const INHERITED = new Set([
  'PATH',
  'HOME',
  'LANG',
  'LANGUAGE',
  'TZ',
  'TMPDIR',
  'TEMP',
  'TMP',
  'USER',
  'LOGNAME',
  'SHELL',
  'TERM',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'ALL_PROXY',
  'http_proxy',
  'https_proxy',
  'no_proxy',
  'all_proxy',
  'NODE_EXTRA_CA_CERTS',
  'PLAYWRIGHT_BROWSERS_PATH',
  'PLAYWRIGHT_DOWNLOAD_HOST',
]);

const INHERITED_WINDOWS = new Set([
  'SYSTEMROOT',
  'SYSTEMDRIVE',
  'WINDIR',
  'COMSPEC',
  'PATHEXT',
  'USERNAME',
  'USERPROFILE',
  'HOMEDRIVE',
  'HOMEPATH',
  'APPDATA',
  'LOCALAPPDATA',
  'PROGRAMDATA',
  'PROGRAMFILES',
  'PROGRAMFILES(X86)',
  'PROGRAMW6432',
  'COMMONPROGRAMFILES',
  'NUMBER_OF_PROCESSORS',
  'PROCESSOR_ARCHITECTURE',
  'OS',
]);

/** A screen is of use, and shown to tests, only when they run headed. */
const SCREEN = new Set(['DISPLAY', 'XAUTHORITY', 'WAYLAND_DISPLAY', 'XDG_RUNTIME_DIR', 'XDG_SESSION_TYPE']);

/** How the owner reaches private repositories; a suite that had them could use the owner's keys. */
const GIT_ACCESS = new Set(['SSH_AUTH_SOCK', 'GIT_SSH_COMMAND', 'GIT_SSL_CAINFO', 'GIT_SSL_CAPATH']);

/** Ours, or able to change how our own processes run; a run may not set them. */
const RESERVED =
  /^(NODE_OPTIONS|NODE_CHANNEL_FD|NODE_UNIQUE_ID|LD_PRELOAD|LD_LIBRARY_PATH|DYLD_.*|PLAYFLEET_.*|PLAYWRIGHT_BLOB_.*)$/i;

export interface ChildEnvironmentOptions {
  /** The agent's own environment. */
  base: Record<string, string | undefined>;
  /** The run's variables; they win over the machine's. */
  run?: Record<string, string>;
  headed?: boolean;
  platform: NodeJS.Platform;
}

/**
 * The environment of a suite's process: what any program needs of its machine, and the run's variables; never the agent's keys, nor
 * what changes our own processes (NODE_OPTIONS and the like), from either side.
 */
export function childEnvironment({
  base,
  run = {},
  headed = false,
  platform,
}: ChildEnvironmentOptions): Record<string, string> {
  const result: Record<string, string> = {};
  const windows = platform === 'win32';
  for (const [name, value] of Object.entries(base)) {
    if (value !== undefined && isInherited(name, windows, headed)) result[name] = value;
  }
  for (const [name, value] of Object.entries(run)) {
    if (!RESERVED.test(name)) result[name] = value;
  }
  return result;
}

/** The environment of git where it fetches a suite: what a suite inherits, and what reaches private repositories. */
export function gitEnvironment({
  base,
  platform,
}: Pick<ChildEnvironmentOptions, 'base' | 'platform'>): Record<string, string> {
  const access = Object.entries(base).filter(
    (entry): entry is [string, string] =>
      entry[1] !== undefined && GIT_ACCESS.has(platform === 'win32' ? entry[0].toUpperCase() : entry[0]),
  );
  return { ...childEnvironment({ base, platform }), ...Object.fromEntries(access) };
}

function isInherited(name: string, windows: boolean, headed: boolean): boolean {
  const key = windows ? name.toUpperCase() : name;
  if (key.startsWith('LC_') || INHERITED.has(key) || (headed && SCREEN.has(key))) return true;
  return windows && INHERITED_WINDOWS.has(key);
}
