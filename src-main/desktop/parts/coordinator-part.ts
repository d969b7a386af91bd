/** This computer's own coordinator: a child process, and what it says when it listens. */
import { z } from 'zod';
import type { Clock } from '../../../shared/base/clock.ts';
import { parseJson } from '../../../shared/base/parse-json.ts';
import type { PartState } from '../../../shared/protocol/desktop/part-state.ts';
import type { Programs } from './agent-part.ts';
import { Child } from './child.ts';

const listening = z.object({
  type: z.literal('listening'),
  url: z.string(),
  content_url: z.string(),
  pin: z.string().nullable(),
  admin_link: z.string().nullable(),
  join: z.string().nullable(),
});
export interface Listening {
  url: string;
  contentUrl: string;
  pin: string | null;
  /** Work once each; null except where they were made at this start. */
  adminLink: string | null;
  join: string | null;
}

export interface CoordinatorPartOptions {
  programs: Programs;
  dataDir: string;
  /** Asked at each start. */
  settings: () => Promise<{ host: string; port: number; contentPort: number; tls: boolean; newAdminLink: boolean }>;
  clock: Clock;
  random: () => number;
  onLine: (line: string) => void;
  onChange: () => void;
}

export class CoordinatorPart {
  readonly #child: Child;
  readonly #options: CoordinatorPartOptions;
  #listening: Listening | null = null;

  constructor(options: CoordinatorPartOptions) {
    this.#options = options;
    const { clock, random, onLine } = options;
    this.#child = new Child({
      name: 'the coordinator',
      command: () => this.#command(),
      // A port or a lock may be free again in a moment.
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
  get listening(): Listening | null {
    return this.#listening;
  }

  get pid(): number | null {
    return this.#child.pid;
  }

  start(): void {
    this.#child.start();
  }

  /** Running requests end; resolves when it is gone. */
  stop(withinMs: number): Promise<void> {
    return this.#child.stop({ withinMs });
  }

  /** Its first line holds links that let people in: they are no matter for a log. */
  #heard(line: string): string | null {
    const parsed = listening.safeParse(parseJson(line));
    if (!parsed.success) return line;
    const { url, content_url: contentUrl, pin, admin_link: adminLink, join } = parsed.data;
    this.#listening = { url, contentUrl, pin, adminLink, join };
    this.#child.ready();
    return null;
  }

  #changed(): void {
    if (this.#child.state.state !== 'running') this.#listening = null;
    this.#options.onChange();
  }

  async #command() {
    const { programs, dataDir } = this.#options;
    const { host, port, contentPort, tls, newAdminLink } = await this.#options.settings();
    const where = ['--host', host, '--port', String(port), '--content-port', String(contentPort), '--data', dataDir];
    const further = [...(tls ? ['--tls'] : []), ...(newAdminLink ? ['--new-admin-link'] : [])];
    return {
      program: programs.node,
      args: [programs.cli, 'coordinator', '--json', ...where, ...further],
      env: programs.env,
    };
  }
}
