/** The small scripts of a package that start its programs with the Node that it brings. */

/** `/usr/bin/playfleet` and others may be links to it. */
export const unixLauncher = `#!/bin/sh
self=$0
while [ -h "$self" ]; do
  link=$(readlink "$self")
  case $link in
    /*) self=$link ;;
    *) self=$(dirname "$self")/$link ;;
  esac
done
here=$(cd "$(dirname "$self")" && pwd)
exec "$here/../node/bin/node" "$here/playfleet.mjs" "$@"
`;

export const windowsLauncher = '@"%~dp0..\\node\\node.exe" "%~dp0playfleet.mjs" %*\r\n';

/** What stands beside Node as `npm` or `npx`. */
export function npmScript(name: 'npm' | 'npx', platform: NodeJS.Platform): string {
  return platform === 'win32'
    ? `@"%~dp0node.exe" "%~dp0node_modules\\npm\\bin\\${name}-cli.js" %*\r\n`
    : `#!/bin/sh\nhere=$(cd "$(dirname "$0")" && pwd)\nexec "$here/node" "$here/../lib/node_modules/npm/bin/${name}-cli.js" "$@"\n`;
}
