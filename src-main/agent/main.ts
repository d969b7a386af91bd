import type { AgentConfig } from './config.ts';
import { AgentError, EXIT } from './errors.ts';
import { createLog, type Log } from './log.ts';
import { Worker } from './worker.ts';

/**
 * Runs a worker until it is told to stop, and resolves with the exit code of the process (errors.ts). SIGTERM and SIGINT: what runs
 * finishes, nothing new begins; the same once more: what runs is given back at once.
 */
export async function runAgent(config: AgentConfig, log: Log = createLog(config.logLevel)): Promise<number> {
  // A clock's timers do not keep the process alive, and between two connections there is nothing else.
  const alive = setInterval(() => undefined, 2 ** 30);
  const signals = new Signals();
  try {
    const agent = await Promise.race([Worker.start(config, log), signals.first()]);
    if (agent === null) return EXIT.ok;
    signals.onEach((name, count) => {
      if (count > 1) agent.giveBack(`the worker was told to stop at once (${name})`);
      else {
        const within = config.drainTimeoutSeconds;
        if (process.stdin.isTTY) log.info('finishing what runs; once more Ctrl-C gives it back and stops now');
        agent.drain(`the worker was told to stop (${name})`, within === null ? null : within * 1000);
      }
    });
    return await agent.done;
  } catch (error) {
    if (!(error instanceof AgentError)) throw error;
    log.error(error.message);
    return error.exitCode;
  } finally {
    signals.close();
    clearInterval(alive);
  }
}

type StopSignal = 'SIGTERM' | 'SIGINT';

/** Remembers signals that come before anybody can act on them. */
class Signals {
  #count = 0;
  #listener: (name: StopSignal, count: number) => void = () => undefined;
  readonly #received = (name: StopSignal): void => {
    this.#count += 1;
    this.#listener(name, this.#count);
  };

  constructor() {
    process.on('SIGTERM', this.#received);
    process.on('SIGINT', this.#received);
  }

  first(): Promise<null> {
    return new Promise((resolve) => (this.#listener = () => resolve(null)));
  }

  onEach(listener: (name: StopSignal, count: number) => void): void {
    this.#listener = listener;
  }

  close(): void {
    process.off('SIGTERM', this.#received);
    process.off('SIGINT', this.#received);
  }
}
