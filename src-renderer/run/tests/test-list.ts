/**
 * All tests of a run, live: read from the API page by page, and kept up to date by events. Holds its rows itself, so that ten thousand
 * tests cost a page nothing but what it shows; who shows them takes a snapshot at most every few hundred milliseconds.
 */
import type { FleetEvent } from '../../../shared/protocol/events.ts';
import type { TestSummary } from '../../../shared/protocol/rest/results.ts';
import { rowOfSummary, settledRow, type TestRow } from './row.ts';

type Results = Extract<FleetEvent, { type: 'results' }>;

export class TestList {
  #rows = new Map<string, TestRow>();
  /** By task: what it runs now. */
  readonly #running = new Map<string, ReadonlySet<string>>();
  readonly #workers = new Map<string, string>();
  /** Results that came while pages are being read: a page may be older than they are. null: nothing is being read. */
  #meanwhile: Results[] | null = null;
  /** Rows in the reading under way; what is not among them at its end is gone. */
  #reading = new Map<string, TestRow>();
  #nextNo = 0;
  #snapshot: readonly TestRow[] | null = [];

  /** The rows of now; the same array until something changes. */
  get rows(): readonly TestRow[] {
    this.#snapshot ??= [...this.#rows.values()];
    return this.#snapshot;
  }

  beginReading(): void {
    this.#meanwhile ??= [];
    this.#reading = new Map();
    this.#nextNo = 0;
  }

  /** A page of the list, in the order of the API: failures first, then that of the suite. */
  takePage(tests: readonly TestSummary[]): void {
    for (const test of tests) {
      const row = rowOfSummary(test, this.#nextNo++, this.#rows.get(test.test_id));
      this.#reading.set(row.id, row);
      this.#rows.set(row.id, row);
    }
    for (const event of this.#meanwhile ?? []) this.#settle(event, this.#rows);
    this.#changed();
  }

  endReading(): void {
    const rows = this.#reading;
    for (const event of this.#meanwhile ?? []) this.#settle(event, rows);
    // What runs has been told of since the pages were read.
    for (const [id, row] of rows) {
      const since = this.#rows.get(id)?.since ?? null;
      if (row.outcome === null && row.since !== since) rows.set(id, { ...row, since });
    }
    this.#rows = rows;
    this.#meanwhile = null;
    this.#changed();
  }

  /** `now`: milliseconds since the epoch by this browser's clock, from which running tests are counted. Returns whether anything changed. */
  apply(events: readonly FleetEvent[], now: number): boolean {
    const before = this.#snapshot;
    for (const event of events) this.#applyOne(event, now);
    return before !== this.#snapshot;
  }

  #applyOne(event: FleetEvent, now: number): void {
    switch (event.type) {
      case 'task.granted':
      case 'worker.online':
        this.#workers.set(event.worker_id, event.data.worker);
        break;
      case 'results':
        this.#meanwhile?.push(event);
        this.#settle(event, this.#rows);
        this.#changed();
        break;
      case 'tests.running':
        this.#run(event.task_id, new Set(event.data.running.map(({ test_id }) => test_id)), now);
        break;
      case 'task.finished':
      case 'task.requeued':
      case 'task.cancelled':
        this.#run(event.task_id, new Set(), now);
        break;
      default:
    }
  }

  #settle(event: Results, rows: Map<string, TestRow>): void {
    const worker = event.worker_id === null ? null : (this.#workers.get(event.worker_id) ?? null);
    for (const test of event.data.settled) {
      const before = rows.get(test.test_id);
      rows.set(test.test_id, settledRow(before, test, worker, this.#nextNo++));
    }
  }

  #run(taskId: string, tests: ReadonlySet<string>, now: number): void {
    const before = this.#running.get(taskId);
    if (tests.size === 0 && !before) return;
    if (tests.size === 0) this.#running.delete(taskId);
    else this.#running.set(taskId, tests);
    for (const id of before ?? []) if (!tests.has(id)) this.#setSince(id, null);
    for (const id of tests) if (!before?.has(id)) this.#setSince(id, now);
  }

  #setSince(id: string, since: number | null): void {
    const row = this.#rows.get(id);
    if (!row || row.outcome !== null || row.since === since) return;
    this.#rows.set(id, { ...row, since });
    this.#changed();
  }

  #changed(): void {
    this.#snapshot = null;
  }
}
