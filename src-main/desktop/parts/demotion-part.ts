/** Coming home: `playfleet demote` as a child process. It waits for what runs and for the central coordinator, which may take days, and deletes last. */
import { z } from 'zod';
import type { Clock } from '../../../shared/base/clock.ts';
import type { PartState } from '../../../shared/protocol/desktop/part-state.ts';
import type { Programs } from './agent-part.ts';
import { Child } from './child.ts';
import { homeFigures, type HomeFigures } from './home-figures.ts';

const deleted = homeFigures.extend({ folder: z.string(), deleted: z.literal(true) });

export interface DemotionPartOptions {
  programs: Programs;
  /** Asked at each start. `dataDir`: of the worker that kept the copy; `now`: what has not ended is cancelled. */
  settings: () => Promise<{ dataDir: string; now: boolean }>;
  clock: Clock;
  random: () => number;
  onLine: (line: string) => void;
  onChange: () => void;
  /** All of `folder` is at home, and deleted here. */
  onDeleted: (folder: string, figures: HomeFigures) => void;
}

/** It only asks and waits: nothing is lost with it. */
const END_MS = 3_000;

export class DemotionPart {
  readonly #child: Child;
  readonly #options: DemotionPartOptions;
  /** Of an answer that is not whole yet. */
  #answer = '';

  constructor(options: DemotionPartOptions) {
    this.#options = options;
    const { clock, random, onLine, onChange } = options;
    this.#child = new Child({
      name: 'playfleet demote',
      command: () => this.#command(),
      hopeless: [],
      clock,
      random,
      onLine,
      onOutput: (line) => this.#heard(line),
      onChange,
    });
  }

  get state(): PartState {
    return this.#child.state;
  }

  start(): void {
    this.#child.start();
  }

  stop(): Promise<void> {
    return this.#child.stop({ withinMs: END_MS });
  }

  /** Its answer takes several lines. */
  #heard(line: string): string | null {
    if (this.#answer === '' && !line.startsWith('{')) return line;
    this.#answer += line;
    let value: unknown;
    try {
      value = JSON.parse(this.#answer);
    } catch {
      return null;
    }
    const whole = this.#answer;
    this.#answer = '';
    const parsed = deleted.safeParse(value);
    if (parsed.success) {
      const { folder, deleted: _, ...figures } = parsed.data;
      this.#options.onDeleted(folder, figures);
    }
    return whole;
  }

  async #command() {
    const { programs, settings } = this.#options;
    const { dataDir, now } = await settings();
    this.#answer = '';
    return {
      program: programs.node,
      args: [programs.cli, 'demote', '--json', ...(now ? ['--now'] : []), '--data', dataDir],
      env: programs.env,
    };
  }
}
