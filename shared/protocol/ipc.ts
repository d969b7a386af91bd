/** Messages between our reporter inside a Playwright process and the agent that started it, over Node's IPC channel. */
import type { LocalAttempt, PlannedTest, SettledTest, Discovery, TestError } from './playwright.ts';

/** What one Playwright process is told to run. */
export type Order =
  /** Exactly these tests, besides the supporting (setup, teardown) tests that Playwright adds; those named first begin first, where the suite allows it. */
  | { kind: 'tests'; testIds: string[] }
  /** Playwright's own `--shard=index/total`, less tests that an earlier attempt of the task has settled. */
  | { kind: 'shard'; index: number; total: number; settledTestIds: string[] };

/** What a process finds when it starts: its order, or that it is booted ahead and gets its order later, by a message. */
export type FirstOrder = Order | { kind: 'later' };

/** Reporter → agent. Results are never dropped; `output` that belongs to no test is what a test run prints on its own. */
export type ReporterMessage =
  /** The process has loaded the suite; `tests` are those that it will run, supporting ones included and named. */
  | {
      type: 'planned';
      playwrightVersion: string;
      rootDir: string;
      tests: PlannedTest[];
      supportingTestIds: string[];
      /** Another process of this suite may be started without an order: nothing of the suite runs before it has one. */
      canBootAhead: boolean;
    }
  /** A process that was booted ahead has loaded the suite and waits for `order`. */
  | { type: 'ready' }
  /** Asks which of these setup tests another process of the run has run on this machine; it waits for the answer `setup`. */
  | { type: 'setup'; testIds: string[] }
  | { type: 'testBegin'; testId: string; retry: number }
  | { type: 'attempt'; attempt: LocalAttempt }
  | { type: 'settled'; tests: SettledTest[] }
  /** The answer to `revoke`: which of those tests will not begin here. */
  | { type: 'revoked'; testIds: string[] }
  /** Errors outside any test: config, globalSetup, webServer, load errors. */
  | { type: 'error'; error: TestError }
  /**
   * The last message. Every planned test is by then either settled or in `notRun` (never begun, or cut off), and `notRunReason` says
   * why where any is: only after `interrupted` is it worth ordering them again, all else is the suite's own doing.
   */
  | {
      type: 'end';
      status: 'passed' | 'failed' | 'timedout' | 'interrupted';
      notRun: string[];
      notRunReason: NotRunReason | null;
    };

/** `setupFailed`: a supporting project failed; `globalTimeout`, `maxFailures`: the suite's own limits; `error`: an error outside tests. */
export type NotRunReason = 'interrupted' | 'globalTimeout' | 'maxFailures' | 'setupFailed' | 'error';

export type DiscoverMessage = { type: 'discovered'; discovery: Discovery };

/** What really crosses the channel: batches, marked so that messages sent by a suite's own code are told apart. */
export interface ReporterEnvelope {
  playfleet: 1;
  messages: (ReporterMessage | DiscoverMessage)[];
}

/** Agent → reporter. */
export type AgentMessage =
  /** Do not begin these tests; units of which one has begun, and the one that is next, go on. Always answered by `revoked`. */
  | { type: 'revoke'; testIds: string[] }
  /** The answer to `ready`. */
  | { type: 'order'; order: Order }
  /** The answer to `setup`: these need not run here. */
  | { type: 'setup'; done: string[] };
