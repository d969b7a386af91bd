/** The command line's view of the environment; nothing else here reads process.env. */
import os from 'node:os';
import path from 'node:path';

export interface CliConfig {
  /** PLAYFLEET_URL and PLAYFLEET_TOKEN win over what `playfleet login` stored. */
  url: string | null;
  token: string | null;
  /** Where this user's own settings lie, absolute. */
  configDir: string;
  /** What can be made again, absolute. */
  cacheDir: string;
  /** Stacks are shown. */
  debug: boolean;
  /** What tells whether and how to draw; see terminal/style.ts. */
  terminal: TerminalEnvironment;
  /** All variables: `run --env NAME` sends the value of one. */
  variables: Readonly<Record<string, string | undefined>>;
}

export interface TerminalEnvironment {
  noColor: string;
  forceColor: string | undefined;
  term: string;
  /** The first of LC_ALL, LC_CTYPE and LANG that is set; '' where none is. */
  locale: string;
  platform: NodeJS.Platform;
  /** A Windows console that draws all of Unicode. */
  modernConsole: boolean;
  /** Runs where nobody watches, whatever the terminal says. */
  ci: boolean;
}

export function readCliConfig(
  env: Readonly<Record<string, string | undefined>> = process.env,
  platform: NodeJS.Platform = process.platform,
): CliConfig {
  return {
    url: text(env['PLAYFLEET_URL']),
    token: text(env['PLAYFLEET_TOKEN']),
    configDir: userDir(env, platform, { windows: 'APPDATA', xdg: 'XDG_CONFIG_HOME', home: '.config' }),
    cacheDir: userDir(env, platform, { windows: 'LOCALAPPDATA', xdg: 'XDG_CACHE_HOME', home: '.cache' }),
    debug: text(env['PLAYFLEET_DEBUG']) !== null && env['PLAYFLEET_DEBUG'] !== '0',
    terminal: {
      noColor: env['NO_COLOR'] ?? '',
      forceColor: env['FORCE_COLOR'],
      term: env['TERM'] ?? '',
      locale: text(env['LC_ALL']) ?? text(env['LC_CTYPE']) ?? text(env['LANG']) ?? '',
      platform,
      modernConsole: text(env['WT_SESSION']) !== null || env['TERM_PROGRAM'] === 'vscode',
      ci: text(env['CI']) !== null && env['CI'] !== 'false',
    },
    variables: env,
  };
}

function text(value: string | undefined): string | null {
  const trimmed = value?.trim() ?? '';
  return trimmed === '' ? null : trimmed;
}

function userDir(
  env: Readonly<Record<string, string | undefined>>,
  platform: NodeJS.Platform,
  names: { windows: string; xdg: string; home: string },
): string {
  const given = text(env[platform === 'win32' ? names.windows : names.xdg]);
  const base = given !== null && path.isAbsolute(given) ? given : path.join(os.homedir(), names.home);
  return path.join(base, 'playfleet');
}
