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

function isInherited(name: string, windows: boolean, headed: boolean): boolean {
  const key = windows ? name.toUpperCase() : name;
  if (key.startsWith('LC_') || INHERITED.has(key) || (headed && SCREEN.has(key))) return true;
  return windows && INHERITED_WINDOWS.has(key);
}
