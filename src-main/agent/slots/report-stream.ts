/** What our reporter says in a Playwright process, on its way to the outbox: in order, in batches, with attachments named by content. */
import type { Clock } from '../../../shared/base/clock.ts';
import type { AgentMessage, Held, Report } from '../../../shared/protocol/link.ts';
import {
  localAttempt,
  plannedTest,
  settledTest,
  testError,
  testId,
  type LocalAttempt,
  type TestAttempt,
} from '../../../shared/protocol/playwright.ts';
import type { Log } from '../log.ts';
import { ReportTooLarge } from '../outbox/outbox.ts';
import type { RunMessage } from '../playwright/run-process.ts';
import { slim } from './slim.ts';

const BATCH_MS = 100;
const BATCH_ITEMS = 500;
const BATCH_BYTES = 2 * 1024 * 1024;
const PROGRESS_MS = 250;

type Results = Extract<Report, { kind: 'results' }>;

export interface ReportStreamOptions {
  held: Held;
  /** Shards tell what they hold; of other work it is known. */
  isShard: boolean;
  clock: Clock;
  log: Log;
  /** Resolves when the report is durable. */
  add: (report: Report) => Promise<unknown>;
  /** Names the attachments by content and takes copies of their bytes. */
  attach: (attempt: LocalAttempt) => Promise<TestAttempt>;
  send: (message: AgentMessage) => boolean;
  /** Grows by the tests that the process gives back. */
  revoked: Set<string>;
  /** Other tests run than before. */
  onRunning: () => void;
}

export class ReportStream {
  readonly #options: ReportStreamOptions;
  #tail: Promise<void> = Promise.resolve();
  #isMuted = false;
  #isEnded = false;
  #batch: Omit<Results, keyof Held | 'kind'> = { attempts: [], settled: [], errors: [] };
  #batchBytes = 0;
  #cancelFlush = (): void => {};
  readonly #running = new Map<string, { retry: number; since: number }>();
  readonly #titles = new Map<string, string>();
  #progressDue = false;
  /** When the last progress was sent, by the monotonic clock. */
  #toldAt = -Infinity;
  #planned: string[] | null = null;
  readonly #settled: string[] = [];
  readonly #errors: string[] = [];
  readonly #revoked: Set<string>;

  constructor(options: ReportStreamOptions) {
    this.#options = options;
    this.#revoked = options.revoked;
  }

  /** Ids of the tests that the process said it would run, without supporting ones; null where it did not get that far. */
  get planned(): string[] | null {
    return this.#planned;
  }

  get settled(): string[] {
    return this.#settled;
  }

  /** What runs at this moment; `since` by the wall clock. */
  get running(): { title: string; since: number }[] {
    return [...this.#running].map(([id, { since }]) => ({ title: this.#titles.get(id) ?? id, since }));
  }

  /** Messages of errors outside tests, oldest first. */
  get errors(): string[] {
    return this.#errors;
  }

  take(message: RunMessage): void {
    this.#tail = this.#tail.then(async () => {
      if (!this.#isMuted) await this.#handle(message);
    });
    // Reading an attachment can fail in ways that are told in the attempt; what comes here is a bug or a broken disk, and is told too.
    this.#tail = this.#tail.catch((error: unknown) => {
      if (error instanceof ReportTooLarge) this.#errors.push(error.message);
      this.#options.log.error({ err: error, ...this.#options.held }, 'a message of Playwright could not be passed on');
    });
  }

  mute(): void {
    this.#isMuted = true;
    this.#cancelFlush();
  }

  /** Resolves when all that was taken is durable. */
  async end(): Promise<void> {
    await this.#tail;
    this.#isEnded = true;
    if (!this.#isMuted) {
      this.#options.send({ type: 'progress', ...this.#options.held, running: [] });
      await this.#flush();
    }
  }

  async #handle(message: RunMessage): Promise<void> {
    const { held, isShard, add, attach } = this.#options;
    switch (message.type) {
      case 'planned': {
        const tests = this.#valid(plannedTest, message.tests);
        const supporting = new Set(message.supportingTestIds);
        this.#planned = tests.map((test) => test.id).filter((id) => !supporting.has(id));
        for (const { id, titlePath } of tests) this.#titles.set(id, titlePath.join(' › '));
        if (!isShard) return;
        const { playwrightVersion, supportingTestIds } = message;
        await add({ ...held, kind: 'planned', playwrightVersion, tests, supportingTestIds });
        return;
      }
      case 'testBegin':
        this.#running.set(message.testId, { retry: message.retry, since: this.#options.clock.now() });
        this.#options.onRunning();
        this.#progress();
        return;
      case 'attempt': {
        this.#running.delete(message.attempt.testId);
        this.#options.onRunning();
        this.#progress();
        const [attempt] = this.#valid(localAttempt, [message.attempt]);
        if (!attempt) return;
        const fit = slim(await attach(attempt));
        this.#batch.attempts.push(fit.attempt);
        await this.#grow(fit.bytes);
        return;
      }
      case 'settled': {
        const settled = this.#valid(settledTest, message.tests);
        this.#batch.settled.push(...settled);
        for (const { testId } of settled) this.#settled.push(testId);
        await this.#grow(settled.length * 100);
        return;
      }
      case 'revoked': {
        const testIds = this.#valid(testId, message.testIds);
        for (const id of testIds) this.#revoked.add(id);
        await add({ ...held, kind: 'revoked', testIds });
        return;
      }
      case 'error': {
        const [error] = this.#valid(testError, [message.error]);
        if (!error) return;
        this.#errors.push(error.message);
        this.#batch.errors.push(error);
        await this.#grow(error.message.length + (error.stack?.length ?? 0));
        return;
      }
      case 'end':
        return;
    }
  }

  /** The suite's own code can write to the channel too: one bad item must not have a whole report refused. */
  #valid<T>(
    schema: { safeParse: (item: unknown) => { success: true; data: T } | { success: false; error: Error } },
    items: readonly unknown[],
  ): T[] {
    return items.flatMap((item) => {
      const parsed = schema.safeParse(item);
      if (parsed.success) return [parsed.data];
      this.#options.log.error(
        { problem: parsed.error.message.slice(0, 500), ...this.#options.held },
        'a message from the Playwright process was not understood and is left out',
      );
      return [];
    });
  }

  async #grow(bytes: number): Promise<void> {
    const { attempts, settled, errors } = this.#batch;
    const isFirst = this.#batchBytes === 0;
    this.#batchBytes += bytes + 1;
    if (this.#batchBytes > BATCH_BYTES || attempts.length + settled.length + errors.length >= BATCH_ITEMS)
      await this.#flush();
    else if (isFirst) this.#cancelFlush = this.#options.clock.after(BATCH_MS, () => void this.#flush());
  }

  async #flush(): Promise<void> {
    this.#cancelFlush();
    if (this.#batchBytes === 0) return;
    const batch = this.#batch;
    this.#batch = { attempts: [], settled: [], errors: [] };
    this.#batchBytes = 0;
    await this.#options.add({ ...this.#options.held, kind: 'results', ...batch });
  }

  /** At once where nothing was told for a while: what kills its process soon after its beginning is known all the same. */
  #progress(): void {
    if (this.#progressDue) return;
    const { clock, held, send } = this.#options;
    const tell = (): void => {
      this.#progressDue = false;
      if (this.#isMuted || this.#isEnded) return;
      this.#toldAt = clock.monotonic();
      const running = [...this.#running].slice(0, 1000).map(([testId, { retry }]) => ({ testId, retry }));
      send({ type: 'progress', ...held, running });
    };
    const waitMs = this.#toldAt + PROGRESS_MS - clock.monotonic();
    if (waitMs <= 0) return tell();
    this.#progressDue = true;
    clock.after(waitMs, tell);
  }
}
