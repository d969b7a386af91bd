/** Messages between our reporter inside a Playwright process and the agent that started it, over Node's IPC channel. */
import type { LocalAttempt, PlannedTest, SettledTest, Discovery, TestError } from './playwright.ts';

/** What one Playwright process is told to run. */
export type Order =
  /** Exactly these tests, besides the supporting (setup, teardown) tests that Playwright adds. */
  | { kind: 'tests'; testIds: string[] }
  /** Playwright's own `--shard=index/total`, less tests that an earlier attempt of the task has settled. */
  | { kind: 'shard'; index: number; total: number; settledTestIds: string[] };

/** Reporter → agent. Results are never dropped; `output` that belongs to no test is what a test run prints on its own. */
export type ReporterMessage =
  /** The process has loaded the suite; `tests` are those that it will run, supporting ones included and named. */
  | { type: 'planned'; playwrightVersion: string; rootDir: string; tests: PlannedTest[]; supportingTestIds: string[] }
  | { type: 'testBegin'; testId: string; retry: number }
  | { type: 'attempt'; attempt: LocalAttempt }
  | { type: 'settled'; tests: SettledTest[] }
  /** Errors outside any test: config, globalSetup, webServer, load errors. */
  | { type: 'error'; error: TestError }
  /** The last message: Playwright's own status, and the planned tests that were never begun (setup failed, max failures, interrupted). */
  | { type: 'end'; status: 'passed' | 'failed' | 'timedout' | 'interrupted'; notRun: string[] };

export type DiscoverMessage = { type: 'discovered'; discovery: Discovery };

/** Agent → reporter. */
export type AgentMessage =
  /** Do not begin these tests any more; those already begun go on. */
  { type: 'revoke'; testIds: string[] };
