import { systemClock } from '../../shared/base/clock.ts';
import type { AgentStatus } from '../../shared/protocol/desktop/agent.ts';
import { Agent } from './agent.ts';
import type { AgentConfig } from './config.ts';
import { watchActive } from './coordinators/watch.ts';
import { Control } from './control/control.ts';
import { watchDrainFile } from './control/drain-file.ts';
import { serveParent } from './control/ipc.ts';
import { serveSocket } from './control/socket.ts';
import { AgentError, EXIT } from './errors.ts';
import { Following } from './following.ts';
import { createLog, type Log } from './log.ts';
import { AGENT_VERSION } from './start.ts';
import { WorkerUpdater } from '../updater/for-worker.ts';

/**
 * Runs a worker until it is told to stop, and resolves with the exit code of the process (errors.ts). SIGTERM and SIGINT: what runs
 * finishes, nothing new begins; the same once more: what runs is given back at once. `parent`: this process, where the program that has
 * started it minds the worker over its channel. `copyKey`: seals the warm copy (offline/copy-key.ts); null: the one of a file does.
 */
export async function runAgent(
  config: AgentConfig,
  log: Log = createLog(config.logLevel, config.logFile ?? process.stdout),
  { parent = null, copyKey = null }: { parent?: NodeJS.Process | null; copyKey?: Uint8Array | null } = {},
): Promise<number> {
  // A clock's timers do not keep the process alive, and between two connections there is nothing else.
  const alive = setInterval(() => undefined, 2 ** 30);
  const signals = new Signals();
  const control = new Control({
    starting: startingStatus(config),
    onStop: (command) => signals.ask(command),
    clock: systemClock,
    log,
  });
  const endings: (() => void)[] = [];
  if (parent !== null) endings.push(serveParent(parent, control, () => signals.ask('stop')));
  try {
    const updater = await WorkerUpdater.open(config, AGENT_VERSION, log, systemClock);
    if (updater.isReplaced) return EXIT.updated;
    let isServed = false;
    for (;;) {
      const agent = await Promise.race([Agent.start(config, log), signals.first()]);
      if (agent === null) return EXIT.ok;
      const following = await Following.open(agent, () => control.changed(), copyKey);
      agent.onStatus = () => control.changed();
      control.serve(following);
      updater.attend(agent);
      // Only who holds the data folder answers for it.
      if (!isServed) {
        endings.push(await serveSocket(control, config.dataDir, log));
        endings.push(watchDrainFile(config.dataDir, log, () => signals.ask('drain')));
      }
      isServed = true;
      const within = config.drainTimeoutSeconds === null ? null : config.drainTimeoutSeconds * 1000;
      signals.onEach((name, count) => {
        if (count > 1) following.giveBack(`the worker was told to stop at once (${name})`);
        else {
          if (process.stdin.isTTY) log.info('finishing what runs; once more Ctrl-C gives it back and stops now');
          following.drain(`the worker was told to stop (${name})`, within);
        }
      });
      let goesOver = false;
      const stopWatching = watchActive(config.dataDir, agent.coordinator, log, () => {
        goesOver = true;
        following.drain('this machine works for another coordinator now', within);
      });
      const code = await agent.done;
      stopWatching();
      await following.close();
      if (agent.refusal !== null) control.fail(agent.refusal);
      if (goesOver && code === EXIT.ok && !signals.any && !updater.isReplaced) continue;
      await updater.stop();
      return updater.isReplaced ? EXIT.updated : code;
    }
  } catch (error) {
    if (!(error instanceof AgentError)) throw error;
    log.error(error.message);
    control.fail(error.message);
    return error.exitCode;
  } finally {
    for (const end of endings) end();
    signals.close();
    clearInterval(alive);
  }
}

function startingStatus({ name, slots, join, coordinator }: AgentConfig): AgentStatus {
  return {
    state: 'starting',
    version: AGENT_VERSION,
    worker: name,
    coordinator: coordinator?.url ?? join?.url ?? null,
    slots: { total: slots, lent: 0, busy: 0 },
    tests: [],
    why: [],
    problem: null,
  };
}

type StopSignal = 'SIGTERM' | 'SIGINT' | 'drain' | 'stop';

/** Remembers signals that come before anybody can act on them. */
class Signals {
  #count = 0;
  #last: StopSignal = 'SIGTERM';
  #listener: (name: StopSignal, count: number) => void = () => undefined;
  readonly #received = (name: StopSignal): void => {
    this.#count += 1;
    this.#last = name;
    this.#listener(name, this.#count);
  };

  constructor() {
    process.on('SIGTERM', this.#received);
    process.on('SIGINT', this.#received);
  }

  get any(): boolean {
    return this.#count > 0;
  }

  /** The same by the control channel: `drain` as one signal, `stop` as two. */
  ask(command: 'drain' | 'stop'): void {
    if (command === 'stop') this.#count = Math.max(1, this.#count);
    this.#received(command);
  }

  first(): Promise<null> {
    if (this.any) return Promise.resolve(null);
    return new Promise((resolve) => (this.#listener = () => resolve(null)));
  }

  /** From now on, and at once for what has come before. */
  onEach(listener: (name: StopSignal, count: number) => void): void {
    this.#listener = listener;
    if (this.any) listener(this.#last, this.#count);
  }

  close(): void {
    process.off('SIGTERM', this.#received);
    process.off('SIGINT', this.#received);
  }
}
