/** A run whose tests end when they are told to, and that otherwise says what it is running, as often as is asked. */
import { api, type Coordinator } from '../../../scripts/programs.ts';
import { Flooder } from '../../support/flood.ts';
import { enrolFleet } from '../link-fleet.ts';

const WORKERS = 50;
const TALK_MS = 20;
/** Whoever is not heard of loses its work. */
const BEAT_MS = 30_000;

export class Chatter {
  readonly runId: string;
  readonly runNumber: number;
  readonly #fleet: readonly Flooder[];
  #timer: NodeJS.Timeout | null = null;
  #beats: NodeJS.Timeout | null = null;
  #said = 0;
  #since = 0;

  /** A run of `tests` tests, all planned, none ended. */
  static async start(coordinator: Coordinator, tests: number): Promise<Chatter> {
    const members = await enrolFleet(coordinator, WORKERS, 'chatter');
    const body = { name: 'bench', total_shards: WORKERS };
    const made = await api<{ test_run_id: string; number: number }>(coordinator, 'POST', '/test-runs/create', body);
    const fleet = members.map(({ key }) => new Flooder({ url: coordinator.url, key, protocol: 2, batch: 10 }));
    for (const worker of fleet) await worker.begin(tests / WORKERS);
    return new Chatter(made, fleet);
  }

  private constructor(run: { test_run_id: string; number: number }, fleet: readonly Flooder[]) {
    this.runId = run.test_run_id;
    this.runNumber = run.number;
    this.#fleet = fleet;
  }

  /** Until so many of its tests have passed, in all, and are stored. With the last one the run ends. */
  async finish(tests: number): Promise<void> {
    const worked = () => this.#fleet.reduce((sum, worker) => sum + worker.worked, 0);
    for (let i = 0; worked() < tests; i++) {
      this.#fleet[i % this.#fleet.length]?.work(0);
      if (i % 200 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    }
    while (this.#fleet.some((worker) => worker.waiting > 0)) await new Promise((resolve) => setTimeout(resolve, 10));
    const planned = this.#fleet.length === 0 ? 0 : this.#fleet.reduce((sum, worker) => sum + worker.planned, 0);
    if (tests >= planned) for (const worker of this.#fleet) await worker.end();
  }

  /** From now on, so many events a second: which test runs on which worker changes that often. */
  talk(perSecond: number): void {
    this.#since = performance.now();
    this.#said = 0;
    this.#beats = setInterval(() => this.#fleet.forEach((worker) => worker.beat()), BEAT_MS);
    this.#timer = setInterval(() => {
      const due = ((performance.now() - this.#since) / 1000) * perSecond;
      for (; this.#said < due; this.#said++) this.#fleet[this.#said % this.#fleet.length]?.progress(this.#said);
    }, TALK_MS);
  }

  get eventsPerSecond(): number {
    return Math.round(this.#said / ((performance.now() - this.#since) / 1000));
  }

  quiet(): void {
    if (this.#timer) clearInterval(this.#timer);
    if (this.#beats) clearInterval(this.#beats);
  }
}
