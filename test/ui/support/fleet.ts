/** A coordinator with people and, where a test wants them, workers and runs: all of them real, started as a user would. */
import type { ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Run } from '../../../shared/protocol/rest/runs.ts';
import { api, ended, Programs, stop, type Coordinator } from '../../../scripts/programs.ts';
import { makeAdmin, makePerson, type Person } from '../../support/people.ts';

/** Tests that pass, fail, are flaky and skipped, with traces and screenshots: done in a few seconds. */
export const smallSuite = fileURLToPath(new URL('./suite', import.meta.url));

export type Who = 'admin' | 'runner' | 'viewer';

export class Fleet {
  readonly programs: Programs;
  readonly #folder: string;
  #coordinator: Coordinator;
  readonly people: Readonly<Record<Who, Person>>;
  readonly #workers = new Map<string, ChildProcess>();
  #finished: Promise<Run> | undefined;

  static async start(): Promise<Fleet> {
    const folder = await mkdtemp(path.join(os.tmpdir(), 'playfleet-ui-'));
    const programs = new Programs();
    const coordinator = await programs.startCoordinator(path.join(folder, 'coordinator'));
    const known = {
      url: coordinator.url,
      request: (method: string, at: string, body?: unknown) =>
        fetch(coordinator.url + at, {
          method,
          headers: { authorization: `Bearer ${coordinator.token}`, 'content-type': 'application/json' },
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        }),
    };
    const people = {
      admin: await makeAdmin(known),
      runner: await makePerson(known, { email: 'remy@example.com', role: 'runner' }),
      viewer: await makePerson(known, { email: 'vera@example.com', role: 'viewer' }),
    };
    return new Fleet(folder, programs, coordinator, people);
  }

  private constructor(folder: string, programs: Programs, coordinator: Coordinator, people: Record<Who, Person>) {
    this.#folder = folder;
    this.programs = programs;
    this.#coordinator = coordinator;
    this.people = people;
  }

  get coordinator(): Coordinator {
    return this.#coordinator;
  }

  get url(): string {
    return this.#coordinator.url;
  }

  /** Calls the API as an admin's token. */
  api<T>(method: string, at: string, body?: object): Promise<T> {
    return api<T>(this.#coordinator, method, at, body);
  }

  /** Data folder of the worker of that name. */
  folderOf(name: string): string {
    return path.join(this.#folder, name);
  }

  /** Starts a worker, or gives back the one of that name. */
  async worker(name = 'worker-1', slots = 2): Promise<ChildProcess> {
    const before = this.#workers.get(name);
    if (before && before.exitCode === null && before.signalCode === null) return before;
    const dataDir = this.folderOf(name);
    const worker = await this.programs.startWorker(this.#coordinator, { name, slots, dataDir }, before !== undefined);
    this.#workers.set(name, worker);
    return worker;
  }

  /** Runs a suite to its end with `playfleet run`, and answers the run. */
  async run({ name = 'Small suite', suite = smallSuite, args = [] as string[] } = {}): Promise<Run> {
    await this.worker();
    const cli = this.programs.startCli(this.#coordinator, ['run', '--name', name, '--project', 'shop', ...args], {
      cwd: suite,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const code = await ended(cli);
    if (code !== 0 && code !== 1) throw new Error(`playfleet run ended with ${code}`);
    const { items } = await this.api<{ items: Run[] }>('GET', '/test-runs?limit=1');
    if (!items[0]) throw new Error('playfleet run made no run');
    return items[0];
  }

  /** A finished run of the small suite, with its report: made once, for all who only look at one. */
  finishedRun(): Promise<Run> {
    this.#finished ??= this.run();
    return this.#finished;
  }

  /** A run that waits, because no worker is for it. */
  async waitingRun(name: string): Promise<{ test_run_id: string; number: number }> {
    return this.api('POST', '/test-runs/create', {
      name,
      project: 'shop',
      total_shards: 2,
      tags: ['nightly'],
      requirements: { tags: ['moon'] },
    });
  }

  async stopCoordinator(): Promise<void> {
    await stop(this.#coordinator.process);
  }

  /** On the same port, with the same data. */
  async restartCoordinator(): Promise<void> {
    await this.stopCoordinator();
    this.#coordinator = await this.programs.startCoordinator(this.#coordinator.dataDir, { before: this.#coordinator });
  }

  async stop(): Promise<void> {
    await this.programs.stopAll();
    await rm(this.#folder, { recursive: true, force: true });
  }
}
