/** This computer in its coordinator's place: `playfleet promote` as a child process, and what it says when it listens and when all is at home. */
import { z } from 'zod';
import type { Clock } from '../../../shared/base/clock.ts';
import { parseJson } from '../../../shared/base/parse-json.ts';
import type { PartState } from '../../../shared/protocol/desktop/part-state.ts';
import { lack } from '../../../shared/protocol/offline/promotion.ts';
import type { Programs } from './agent-part.ts';
import { Child } from './child.ts';
import { homeFigures, type HomeFigures } from './home-figures.ts';

const promoted = z.object({
  type: z.literal('promoted'),
  url: z.string(),
  pin: z.string(),
  addresses: z.array(z.string()),
  folder: z.string(),
  lacks: z.array(lack),
});
const home = homeFigures.extend({ type: z.literal('home') });
const said = z.discriminatedUnion('type', [promoted, home]);
export type Promoted = Omit<z.infer<typeof promoted>, 'type'>;

export interface PromotionSettings {
  /** Of the worker that keeps the copy. */
  dataDir: string;
  /** Where it listens. */
  host: string;
  /** null: the usual one, or any that is free. Reports come from the next one. */
  port: number | null;
  /** Their values in the copy are opened here. */
  secrets: boolean;
  /** Of the copy; null: it lies in a file of the data folder. */
  copyKey: string | null;
}

export interface PromotionPartOptions {
  programs: Programs;
  /** Asked at each start. Rejects with an Error for the owner where there is nothing to start. */
  settings: () => Promise<PromotionSettings>;
  clock: Clock;
  random: () => number;
  onLine: (line: string) => void;
  onChange: () => void;
  onPromoted: (promoted: Promoted) => void;
  /** It ends by itself then, and is not to be started again: that would be another promotion. */
  onHome: (figures: HomeFigures) => void;
}

/** It closes what is open, and ends. */
const END_MS = 15_000;

export class PromotionPart {
  readonly #child: Child;
  readonly #options: PromotionPartOptions;
  #promoted: Promoted | null = null;

  constructor(options: PromotionPartOptions) {
    this.#options = options;
    const { clock, random, onLine } = options;
    this.#child = new Child({
      name: 'the promoted coordinator',
      command: () => this.#command(),
      // One that was left behind still holds its database for a moment; a port may be free again.
      hopeless: [],
      clock,
      random,
      onLine,
      onOutput: (line) => this.#heard(line),
      onChange: () => this.#changed(),
    });
  }

  get state(): PartState {
    return this.#child.state;
  }

  /** null while it does not run. */
  get promoted(): Promoted | null {
    return this.#promoted;
  }

  get pid(): number | null {
    return this.#child.pid;
  }

  start(): void {
    this.#child.start();
  }

  /** What it has is kept. Resolves when it is gone. */
  stop(): Promise<void> {
    return this.#child.stop({ withinMs: END_MS });
  }

  /** Its first line lets machines in: it is no matter for a log. */
  #heard(line: string): string | null {
    const parsed = said.safeParse(parseJson(line));
    if (!parsed.success) return line;
    if (parsed.data.type === 'home') {
      const { type: _, ...figures } = parsed.data;
      this.#options.onHome(figures);
      return line;
    }
    const { type: _, ...listening } = parsed.data;
    this.#promoted = listening;
    this.#child.ready();
    this.#options.onPromoted(listening);
    return null;
  }

  #changed(): void {
    if (this.#child.state.state !== 'running') this.#promoted = null;
    this.#options.onChange();
  }

  async #command() {
    const { programs, settings } = this.#options;
    const { dataDir, host, port, secrets, copyKey } = await settings();
    const where = ['--data', dataDir, '--host', host, ...(port === null ? [] : ['--port', String(port)])];
    const key = copyKey === null ? [] : ['--copy-key-stdin'];
    return {
      program: programs.node,
      args: [programs.cli, 'promote', '--json', secrets ? '--with-secrets' : '--without-secrets', ...where, ...key],
      input: copyKey ?? undefined,
      env: programs.env,
    };
  }
}
