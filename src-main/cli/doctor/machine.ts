/** Looks at this machine: Node, git, disk, and who can read the login. */
import { access, constants, stat, statfs } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import type { Clock } from '../../../shared/base/clock.ts';
import { runCommand, type Env } from '../../command/run-command.ts';
import { messageOf } from '../failure.ts';
import { bytes } from '../terminal/format.ts';
import { failed, ok, type Finding } from './check.ts';

const OLDEST_NODE = 22;
/** A checkout, an install and some reports; less ends in tests that cannot write. */
const LEAST_FREE_BYTES = 2e9;

export function checkNode(version: string = process.versions.node): Finding {
  return Number(version.split('.')[0]) >= OLDEST_NODE
    ? ok('Node', version)
    : failed('Node', version, `Install Node ${OLDEST_NODE} or newer.`);
}

export async function checkGit(env: Env, clock: Clock): Promise<Finding> {
  const mend = 'Install git: it tells which files belong to the suite, and runs from repositories need it.';
  try {
    const { stdout, exitCode } = await runCommand('git', ['--version'], {
      cwd: process.cwd(),
      env,
      clock,
      capture: true,
      timeoutMs: 10_000,
    });
    return exitCode === 0
      ? ok(
          'git',
          stdout
            .toString('utf8')
            .trim()
            .replace(/^git version /, ''),
        )
      : failed('git', `exit code ${exitCode}`, mend);
  } catch (error) {
    return failed('git', messageOf(error), mend);
  }
}

/** `folder` need not exist yet: then what it would be made in is looked at. */
export async function checkFolder(name: string, folder: string): Promise<Finding> {
  let place = folder;
  for (;;) {
    try {
      await access(place, constants.W_OK | constants.X_OK);
      break;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      const above = path.dirname(place);
      if (code !== 'ENOENT' || above === place) {
        return failed(
          name,
          `${place} cannot be written (${code ?? messageOf(error)})`,
          `Mend its rights, or choose another folder with --data.`,
        );
      }
      place = above;
    }
  }
  const { bavail, bsize } = await statfs(place);
  const free = bavail * bsize;
  return free >= LEAST_FREE_BYTES
    ? ok(name, `${folder}, ${bytes(free)} free`)
    : failed(
        name,
        `${folder}, only ${bytes(free)} free`,
        `Free some space there; at least ${bytes(LEAST_FREE_BYTES)} should be.`,
      );
}

/** That nobody else can read the token. */
export async function checkLoginFile(
  configDir: string,
  platform: NodeJS.Platform = process.platform,
): Promise<Finding | null> {
  const file = path.join(configDir, 'credentials.json');
  const mode = await stat(file).then(
    (found) => found.mode & 0o777,
    () => null,
  );
  if (mode === null || platform === 'win32') return null;
  return (mode & 0o077) === 0
    ? ok('Login file', `${file}, readable by you alone`)
    : failed('Login file', `${file} can be read by others (mode ${mode.toString(8)})`, `chmod 600 ${file}`);
}
