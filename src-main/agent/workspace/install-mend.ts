/** What to do about a failed install, read from what the package manager said. */
export interface Mend {
  advice: string;
  /** The same on every machine, so not worth another try. */
  permanent: boolean;
}

const KNOWN: [said: RegExp, mend: Mend][] = [
  [
    /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ENETUNREACH|EHOSTUNREACH|ETIMEDOUT|ERR_SOCKET_TIMEOUT|ENOTCACHED|ERR_PNPM_NO_OFFLINE|network connection/,
    {
      advice:
        'The machine could not reach the package registry, and its own cache lacks some of the packages. Connect it to the network, or install the same lock file there once while it is connected.',
      permanent: false,
    },
  ],
  [
    /in sync|ERR_PNPM_OUTDATED_LOCKFILE|lockfile needs to be updated|lockfile would have been (modified|created)/,
    {
      advice:
        'The lock file does not match package.json: install once by hand and commit the lock file that comes out.',
      permanent: true,
    },
  ],
  [
    /E401|E403|ERR_PNPM_FETCH_40[13]|YN0041/,
    {
      advice:
        'The package registry refused this machine: give it access (a token in the .npmrc of the user that runs the worker).',
      permanent: false,
    },
  ],
  [
    /E404|ERR_PNPM_FETCH_404|ETARGET|YN0035/,
    { advice: 'The registry that this machine uses lacks a package that the lock file names.', permanent: false },
  ],
  [/ENOSPC|no space left/, { advice: 'The disk of the machine is full: free space there.', permanent: false }],
  [
    /EACCES|EPERM/,
    { advice: 'The user that runs the worker lacks rights on a file or folder named below.', permanent: false },
  ],
  [
    /EBADENGINE|Unsupported engine|ERR_PNPM_UNSUPPORTED_ENGINE/,
    { advice: 'A package wants another version of Node than this machine has.', permanent: false },
  ],
];

/** The last of those lines that say something: without npm's list of all its options, which follows some errors. */
export function tellingLines(lines: readonly string[], most = 20): string[] {
  const usage = lines.indexOf('npm error Usage:');
  const said = usage < 0 ? lines : lines.slice(0, usage);
  return said.filter((line) => line.replace(/^npm (error|warn)/, '').trim() !== '').slice(-most);
}

export function mendOf(lines: readonly string[]): Mend {
  const text = lines.join('\n');
  const known = KNOWN.find(([said]) => said.test(text));
  return known?.[1] ?? { advice: 'Its last lines say why.', permanent: false };
}
