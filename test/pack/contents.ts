/** Rules for what a package may hold: an allow-list of paths, and what must not be in any file. */

/** Paths below the folder of the packed app, beside those of Electron itself and the packages in `nodeModules` (`node_modules/…`). */
export function isAllowed(file: string, electron: readonly string[], nodeModules: readonly string[]): boolean {
  if (electron.includes(file) || RESOURCES.test(file)) return true;
  if (!file.startsWith(RUNTIME)) return false;
  const inside = file.slice(RUNTIME.length);
  return PROGRAMS.test(inside) || nodeModules.some((at) => inside.startsWith(`${at}/`));
}

const RUNTIME = 'resources/playfleet/';
const RESOURCES = /^resources\/(app\.asar|app-update\.yml|package-type|apparmor-profile)$/;
const PROGRAMS = new RegExp(
  `^(${[
    'bin/playfleet(\\.mjs)?',
    'dist/[\\w-]+\\.[cm]js',
    'dist/dashboard/.+',
    'node/bin/(node|npm|npx)',
    'node/LICENSE',
    'node/lib/node_modules/npm/.+',
    'LICENSE',
    'THIRD-PARTY-NOTICES\\.txt',
    'package\\.json',
    'sbom\\.cdx\\.json',
  ].join('|')})$`,
);

/** Of the asar: the desktop app's bundles and its manifest. */
export const isAllowedInAsar = (file: string): boolean => file === 'package.json' || file.startsWith('dist/desktop/');

/** Sources, maps of them, settings and keys: never in a package, wherever they come from. */
export const isForbidden = (file: string): boolean =>
  /\.(tsx?|map|db|sqlite|p12|pfx)$/.test(file) ||
  /(^|\/)(\.env[^/]*|\.npmrc|\.git[^/]*|key\.json|tsconfig[^/]*\.json)$/.test(file);

const SECRETS: Record<string, RegExp> = {
  'a private key': /-----BEGIN [A-Z ]*PRIVATE KEY-----\s+[A-Za-z0-9+/=\s]{100,}-----END/,
  'a token': /\bpf[a-z]_[A-Za-z0-9_-]{20,}/,
  'a registry login': /_authToken\s*=\s*[^\s$]/,
};

/** What `text` holds that must not leave the machine that builds; `root`: the folder of its sources. */
export function leaks(text: string, root: string): string[] {
  const found = Object.entries(SECRETS).filter(([, pattern]) => pattern.test(text));
  return [...found.map(([name]) => name), ...(text.includes(root) ? ['the path of the sources'] : [])];
}
