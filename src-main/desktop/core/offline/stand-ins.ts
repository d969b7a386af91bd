/** Who stands in for the active coordinator: looked for on the LAN, shown only when proven, and followed after its person's word. */
import path from 'node:path';
import type { Clock } from '../../../../shared/base/clock.ts';
import type { StandIn } from '../../../../shared/protocol/desktop/offline.ts';
import { CliFailure } from '../../../cli/failure.ts';
import { proveStandIn } from '../../../cli/promotion/prove.ts';
import { runCommand } from '../../../command/run-command.ts';
import type { Programs } from '../../parts/agent-part.ts';
import { lastWords } from '../../rules/last-words.ts';
import type { Joining } from '../ports.ts';
import { DesktopRefusal } from '../refusal.ts';
import type { WorkerFiles } from './worker-files.ts';

export interface StandInsDeps {
  programs: Programs;
  joining: Joining;
  clock: Clock;
  random: () => number;
  onChange: () => void;
  report: (error: unknown, during: string) => void;
}

/** Its coordinator may only be starting anew. */
const FIRST_LOOK_MS = 3_000;
const LOOK_MS = 30_000;
/** Whoever is on the network may announce itself as often as it likes. */
const MOST_ASKED = 20;
const SWITCH_MS = 60_000;

export class StandIns {
  readonly #deps: StandInsDeps;
  #found: StandIn[] = [];
  #home: WorkerFiles['home'] = null;
  #cancel: (() => void) | null = null;

  constructor(deps: StandInsDeps) {
    this.#deps = deps;
  }

  get found(): readonly StandIn[] {
    return this.#found;
  }

  /** Looks now and then, while `wanted`. `home`: what our coordinator has said of itself. */
  keepLooking(wanted: boolean, home: WorkerFiles['home']): void {
    this.#home = home;
    if (!wanted) {
      this.#cancel?.();
      this.#cancel = null;
      this.#set([]);
    } else if (this.#cancel === null) this.#after(FIRST_LOOK_MS);
  }

  /** Resolves when it has looked. Rejects with an Error for the owner where it cannot look around. */
  async look(): Promise<void> {
    const home = this.#home;
    if (home === null) return this.#set([]);
    const found = await this.#deps.joining.discover(() => undefined);
    const proven = await Promise.all(found.slice(0, MOST_ASKED).map(({ address }) => this.#prove(address, home)));
    this.#set(proven.filter((one) => one !== null));
  }

  /** `playfleet switch`, which checks the proof again. `where`: an address, or `home`. @throws DesktopRefusal in its words. */
  async switch(where: string, dataDir: string): Promise<void> {
    const { programs, clock } = this.#deps;
    const args = [programs.cli, 'switch', '--yes', '--json', '--data', dataDir, '--', where];
    const options = { cwd: path.dirname(programs.cli), env: programs.env, clock, timeoutMs: SWITCH_MS };
    const { exitCode, lastLines } = await runCommand(programs.node, args, options);
    if (exitCode === 0) return;
    throw new DesktopRefusal('not_switched', lastWords(lastLines) ?? 'It took too long.', 'address');
  }

  #after(ms: number): void {
    this.#cancel = this.#deps.clock.after(ms, () => {
      this.#after(LOOK_MS);
      this.look().catch((error: unknown) => this.#deps.report(error, 'looking for who stands in'));
    });
  }

  /** null: it is another coordinator, or an impostor, or gone. */
  async #prove(address: string, home: NonNullable<WorkerFiles['home']>): Promise<StandIn | null> {
    try {
      const { name, url } = await proveStandIn(address, home, this.#deps);
      return { name, address: url };
    } catch (error) {
      if (error instanceof CliFailure) return null;
      throw error;
    }
  }

  #set(found: StandIn[]): void {
    if (JSON.stringify(found) === JSON.stringify(this.#found)) return;
    this.#found = found;
    this.#deps.onChange();
  }
}
