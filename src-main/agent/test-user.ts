/** As whom tests run: as the agent itself, or as a user of their own, who reads neither its key nor its outbox. */
import { execFile, execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { chmodSync, chownSync, constants, mkdirSync, statSync } from 'node:fs';
import { lchown, lstat, mkdir, open, readdir, rm, rmdir, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { AgentError, EXIT } from './errors.ts';
import { bundled } from './playwright/bundled.ts';

export interface TestUser {
  /** Whether it is another user than the agent: then what tests could write is never trusted to be what it was. */
  readonly isOther: boolean;
  /** For the start of a process; {} as the agent. */
  readonly as: { uid?: number; gid?: number };
  /** The machine's environment as this user sees it. */
  environment(base: Environment): Environment;
  /** Hands over a folder with all that is in it, unless that was done. Only for one that no process of this user could write so far. */
  give(folder: string): Promise<void>;
  /** Opens a file that tests have left, for reading. Rejects where it does not belong to this user: a test named what is not its own. */
  open(file: string): Promise<FileHandle>;
  /** The same file, or a copy in `ownFolder` where only the agent can change it. Rejects as `open`. */
  take(file: string, workDir: string): Promise<string>;
  /** Where the agent may write beside what tests write in `workDir`; there from the first call on. */
  ownFolder(workDir: string): Promise<string>;
  /** Removes a folder that was given, and its `ownFolder`. */
  remove(folder: string): Promise<void>;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Tests run as the agent's own user. */
export const agentsUser: TestUser = {
  isOther: false,
  as: {},
  environment: (base) => base,
  give: async () => undefined,
  open: (file) => open(file),
  take: async (file) => file,
  ownFolder: async (workDir) => workDir,
  remove: (folder) => rm(folder, { recursive: true, force: true, maxRetries: 3 }),
};

export interface TestUserOptions {
  name: string;
  /** The agent's data folder, and those in it that this user must be able to enter. */
  dataDir: string;
  entered: readonly string[];
  platform?: NodeJS.Platform;
  uid?: number | undefined;
}

/**
 * The user of that name, with a home and a temporary folder of their own in the data folder.
 * @throws AgentError where the agent may not start processes as somebody else, or they could not work here.
 */
export function openTestUser(options: TestUserOptions): TestUser {
  const { name, dataDir, entered, platform = process.platform, uid: own = process.getuid?.() } = options;
  if (platform === 'win32')
    throw refused(name, 'is not supported on Windows: run the worker itself as a user of its own there');
  if (own !== 0) throw refused(name, 'needs the rights of root: start the worker as root, or install it with --system');
  const { uid, gid } = idsOf(name);
  if (uid === 0) throw refused(name, 'must not be root: that would be no separation');
  // Checkouts and browsers are for both to read, whatever the service manager says.
  process.umask(0o022);
  const taken = path.join(dataDir, 'taken');
  const [home, temp] = [path.join(dataDir, 'tests', 'home'), path.join(dataDir, 'tests', 'tmp')];
  for (const folder of [taken, home, temp]) mkdirSync(folder, { recursive: true, mode: 0o700 });
  for (const folder of [home, temp]) chownSync(folder, uid, gid);
  // They pass through, and list nothing.
  for (const folder of [dataDir, path.join(dataDir, 'tests'), ...entered]) chmodSync(folder, 0o711);
  refuseReadable(name, path.join(dataDir, 'config.json'));
  const as = { uid, gid };
  refuseUnreachable(name, as, [home, bundled('reporter.cjs')]);
  return new OtherUser(name, as, { home, temp, taken });
}

const refused = (name: string, why: string): AgentError => new AgentError(`--run-as ${name} ${why}`, EXIT.cannotStart);

function idsOf(name: string): { uid: number; gid: number } {
  if (!/^[A-Za-z_][A-Za-z0-9_.-]*$/.test(name)) throw refused(name, 'is not the name of a user');
  try {
    const [uid, gid] = ['-u', '-g'].map((flag) =>
      Number(execFileSync('id', [flag, name], { encoding: 'utf8', stdio: 'pipe' })),
    );
    return { uid: uid ?? 0, gid: gid ?? 0 };
  } catch (cause) {
    throw new AgentError(`--run-as ${name}: this machine has no user of that name`, EXIT.cannotStart, { cause });
  }
}

/** It may hold a join token. */
function refuseReadable(name: string, file: string): void {
  const { mode } = statSync(file, { throwIfNoEntry: false }) ?? { mode: 0 };
  if ((mode & 0o077) !== 0) throw refused(name, `could read ${file}: chmod 600 it first`);
}

/** Looks with the user's own eyes, because rights depend on every folder above. */
function refuseUnreachable(name: string, as: { uid: number; gid: number }, files: string[]): void {
  const look = 'for (const file of process.argv.slice(1)) require("node:fs").accessSync(file)';
  try {
    execFileSync(process.execPath, ['-e', look, ...files], { ...as, cwd: '/', env: {}, stdio: 'pipe' });
  } catch (cause) {
    const said = (cause as { stderr?: Buffer }).stderr?.toString() ?? '';
    const what = /open|access '([^']+)'/.exec(said)?.[1] ?? process.execPath;
    throw refused(
      name,
      `cannot read ${what}: choose a data folder that this user can reach with --data (as /var/lib/playfleet), and install Node and playfleet where everybody can read them`,
    );
  }
}

class OtherUser implements TestUser {
  readonly isOther = true;
  readonly as: { uid: number; gid: number };
  readonly #name: string;
  readonly #folders: { home: string; temp: string; taken: string };

  constructor(name: string, as: OtherUser['as'], folders: { home: string; temp: string; taken: string }) {
    this.#name = name;
    this.as = as;
    this.#folders = folders;
  }

  environment(base: Environment): Environment {
    const { home, temp } = this.#folders;
    const { XDG_RUNTIME_DIR: _session, XAUTHORITY: _screen, ...rest } = base;
    return { ...rest, HOME: home, TMPDIR: temp, TMP: temp, TEMP: temp, USER: this.#name, LOGNAME: this.#name };
  }

  async give(folder: string): Promise<void> {
    if ((await lstat(folder)).uid !== this.as.uid) await this.#give(folder);
  }

  /** What lies deeper is handed over first, so that nothing above it can be exchanged meanwhile. */
  async #give(folder: string): Promise<void> {
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      const inside = path.join(folder, entry.name);
      if (entry.isDirectory()) await this.#give(inside);
      else await lchown(inside, this.as.uid, this.as.gid);
    }
    await lchown(folder, this.as.uid, this.as.gid);
  }

  async open(file: string): Promise<FileHandle> {
    if (file.startsWith(this.#folders.taken + path.sep)) return open(file);
    // Not blocked by a pipe that nobody writes to.
    const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
    const stat = await handle.stat();
    // Of what was opened, whatever its name leads to by now.
    if (stat.uid === this.as.uid && (stat.isFile() || stat.isDirectory())) return handle;
    await handle.close();
    throw new Error(`it does not belong to ${this.#name}, the user that tests run as`);
  }

  async take(file: string, workDir: string): Promise<string> {
    await using from = await this.open(file);
    const copy = path.join(await this.ownFolder(workDir), randomUUID());
    await using to = await open(copy, 'wx', 0o600);
    await to.writeFile(from.createReadStream({ autoClose: false }));
    return copy;
  }

  async ownFolder(workDir: string): Promise<string> {
    const folder = this.#ownFolder(workDir);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    return folder;
  }

  #ownFolder(workDir: string): string {
    return path.join(this.#folders.taken, path.basename(workDir));
  }

  /** With their own rights: what they put there may lead anywhere. */
  async remove(folder: string): Promise<void> {
    await rm(this.#ownFolder(folder), { recursive: true, force: true });
    const stat = await lstat(folder).catch(() => null);
    if (stat === null) return;
    if (stat.uid !== this.as.uid) return rm(folder, { recursive: true, force: true, maxRetries: 3 });
    const empty =
      'const fs = require("node:fs"); for (const name of fs.readdirSync(".")) fs.rmSync(name, { recursive: true, force: true, maxRetries: 3 })';
    await promisify(execFile)(process.execPath, ['-e', empty], { ...this.as, cwd: folder, env: {} });
    await rmdir(folder);
  }
}
