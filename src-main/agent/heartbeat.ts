/** Tells the coordinator at its pace how the machine is, and renews the leases of what is held. */
import type { Clock } from '../../shared/base/clock.ts';
import type { Held } from '../../shared/protocol/link.ts';
import type { MachineMetrics } from '../../shared/protocol/work.ts';
import type { Link } from './link/link.ts';
import type { MetricsReader } from './machine/metrics.ts';

export interface HeartbeatOptions {
  link: Pick<Link, 'send' | 'onceReceived'>;
  metrics: MetricsReader;
  clock: Clock;
  held: () => Held[];
  /** The coordinator has surely heard at monotonic time `at` or later that these are held. */
  onRenewed: (held: Held[], at: number) => void;
  onMetrics: (metrics: MachineMetrics) => void;
}

const MOST_HELD = 10_000;

export class Heartbeat {
  readonly #options: HeartbeatOptions;
  #cancel = (): void => {};

  constructor(options: HeartbeatOptions) {
    this.#options = options;
  }

  start(everyMs: number): void {
    const { clock } = this.#options;
    this.stop();
    this.#cancel = clock.after(everyMs, () => {
      this.start(everyMs);
      void this.beat();
    });
  }

  stop(): void {
    this.#cancel();
  }

  async beat(): Promise<void> {
    const { link, metrics, clock, held, onRenewed, onMetrics } = this.#options;
    const read = await metrics.read();
    onMetrics(read);
    const at = clock.monotonic();
    const now = held().slice(0, MOST_HELD);
    if (link.send({ type: 'heartbeat', metrics: read, held: now })) link.onceReceived(() => onRenewed(now, at));
  }
}
