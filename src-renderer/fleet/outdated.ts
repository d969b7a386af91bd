/** Which answers of the API an event makes outdated, where the mirror cannot tell what they are now. */
import type { Clock } from '../../shared/base/clock.ts';
import type { FleetEvent } from '../../shared/protocol/events.ts';
import { isOver } from './run-row.ts';

/**
 * Keys of queries, each once; `newest-runs` and `unknown-run` with its id stand for runs that the mirror lacks. `known`: those that it has.
 */
export function outdatedBy(
  events: readonly FleetEvent[],
  known: { has(runId: string): boolean },
): (readonly string[])[] {
  const keys = new Map<string, readonly string[]>();
  const add = (...key: string[]) => keys.set(JSON.stringify(key), key);
  for (const event of events) {
    switch (event.type) {
      case 'run.created':
      case 'run.merged':
        add('newest-runs');
        add('projects');
        break;
      case 'run.state':
        // What is counted at its end (shares, quarantine, verdict) is the coordinator's to say.
        if (isOver(event.data.to)) add('run', event.run_id);
        // It may have come to match a list.
        if (event.data.from !== 'pending' && !known.has(event.run_id)) add('unknown-run', event.run_id);
        break;
      case 'worker.enrolled':
      case 'worker.removed':
        add('workers');
        break;
      case 'worker.changed':
      case 'worker.online':
      case 'worker.intent':
        add('workers');
        add('worker', event.worker_id);
        break;
      case 'settings.changed':
        add('settings');
        // When the next one is due is a setting.
        add('backups');
        break;
      case 'backup.done':
      case 'backup.failed':
        add('backups');
        break;
      case 'scheduling.changed':
        add('scheduling');
        break;
      default:
    }
  }
  return [...keys.values()];
}

const QUIET_MS = 1000;

/** Calls at once, and then for each key at most once a second. */
export class Throttle {
  readonly #clock: Clock;
  readonly #call: (key: string) => void;
  readonly #resting = new Map<string, { again: boolean; cancel: () => void }>();

  constructor(clock: Clock, call: (key: string) => void) {
    this.#clock = clock;
    this.#call = call;
  }

  ask(key: string): void {
    const resting = this.#resting.get(key);
    if (resting) {
      resting.again = true;
      return;
    }
    const cancel = this.#clock.after(QUIET_MS, () => {
      const again = this.#resting.get(key)?.again ?? false;
      this.#resting.delete(key);
      if (again) this.ask(key);
    });
    this.#resting.set(key, { again: false, cancel });
    this.#call(key);
  }

  stop(): void {
    for (const { cancel } of this.#resting.values()) cancel();
    this.#resting.clear();
  }
}
