/**
 * The reporter inside every Playwright process that the agent starts: narrows the run to the order, and tells the agent what happens,
 * test by test. Bundled to dist/reporter.cjs; runs on the suite's Node (18 and newer), so it imports nothing heavy.
 */
import type {
  FullConfig,
  FullResult,
  Reporter,
  Suite,
  TestCase,
  TestError,
  TestResult,
} from '@playwright/test/reporter';
import type { AgentMessage, NotRunReason } from '../../../../shared/protocol/ipc.ts';
import { toAttempt, toError } from './attempt.ts';
import { Channel } from './channel.ts';
import { modeOf, type AnyTestRun, type Mode } from './internals.ts';
import { readOrder } from './order-file.ts';
import { Revocation } from './revocation.ts';
import { putInOrder } from './sequence.ts';
import { Settling } from './settle.ts';
import { planned, supportingSuites, testsOf } from './suites.ts';
import { groupByUnit } from './units.ts';

class RunReporter implements Reporter {
  readonly #channel = new Channel(process);
  readonly #received = readOrder(process.env);
  #settling = new Settling([]);
  #revocation = new Revocation([], 1);
  #serialGroup = new Map<TestCase, Suite>();
  #supporting: TestCase[] = [];
  #maxFailures = 0;
  #rootDir = '';

  /** Playwright's own `list` reporter runs beside us and writes the log. */
  printsToStdio(): boolean {
    return false;
  }

  async preprocess({
    config,
    suite,
    testRun,
  }: {
    config: FullConfig;
    suite: Suite;
    testRun: AnyTestRun;
  }): Promise<void> {
    for (const test of suite.allTests()) {
      const group = outermostSerial(test, testRun);
      if (group) this.#serialGroup.set(test, group);
    }
    const { order } = this.#received;
    if (order.kind !== 'tests') return;
    // The order is exact; a `shard` in the suite's config must not cut it again.
    testRun.skipSharding?.();
    const supporting = supportingSuites(suite);
    const wanted = new Set(order.testIds);
    const ordinary = suite.suites.filter((project) => !supporting.has(project));
    const unknown = new Set(wanted);
    for (const test of testsOf(ordinary)) unknown.delete(test.id);
    if (unknown.size > 0) this.#reportUnknown([...unknown], config.rootDir);
    for (const project of ordinary) {
      if (project.allTests().some((test) => wanted.has(test.id))) excludeAllBut(wanted, project, testRun);
      else testRun.exclude(project);
    }
    const rank = new Map(order.testIds.map((id, place) => [id, place]));
    const mode = (each: Suite): Mode => modeOf(each, testRun);
    for (const project of ordinary) putInOrder(project, rank, mode);
    const own = testsOf(ordinary).filter((test) => wanted.has(test.id));
    this.#revocable(groupByUnit(own, mode), config.workers);
  }

  onBegin(config: FullConfig, suite: Suite): void {
    this.#rootDir = config.rootDir;
    this.#maxFailures = config.maxFailures;
    const tests = suite.allTests();
    this.#supporting = testsOf(supportingSuites(suite));
    this.#settling = new Settling(this.#groups(tests));
    this.#channel.send({
      type: 'planned',
      playwrightVersion: config.version,
      rootDir: config.rootDir,
      tests: tests.map((test) => planned(test, config.rootDir)),
      supportingTestIds: this.#supporting.map((test) => test.id),
    });
  }

  onTestBegin(test: TestCase, result: TestResult): void {
    if (this.#revocation.has(test.id)) return;
    this.#revocation.begun(test.id);
    this.#channel.send({ type: 'testBegin', testId: test.id, retry: result.retry });
  }

  onTestEnd(test: TestCase, result: TestResult): void {
    if (this.#revocation.has(test.id)) return;
    this.#revocation.ended(test.id);
    this.#channel.send({ type: 'attempt', attempt: toAttempt(test, result, this.#rootDir, this.#received.folder) });
    const tests = this.#settling.ended(test);
    if (tests.length > 0) this.#channel.send({ type: 'settled', tests });
  }

  onError(error: TestError): void {
    this.#channel.send({ type: 'error', error: toError(error, this.#rootDir) });
  }

  async onEnd({ status }: FullResult): Promise<void> {
    const { settled, notRun } = this.#settling.rest(status === 'interrupted', (test) => this.#revocation.has(test.id));
    if (settled.length > 0) this.#channel.send({ type: 'settled', tests: settled });
    this.#channel.send({
      type: 'end',
      status,
      notRun,
      notRunReason: notRun.length > 0 ? this.#whyNotRun(status) : null,
    });
    await this.#channel.flush();
  }

  /** Gives back what the agent asks for, from now on until the process ends. */
  #revocable(units: TestCase[][], workers: number): void {
    this.#revocation = new Revocation(units, workers);
    process.on('message', (message: AgentMessage) => {
      if (message?.type !== 'revoke') return;
      this.#channel.send({ type: 'revoked', testIds: this.#revocation.revoke(message.testIds) });
    });
    // Listening alone must not keep a process alive that has nothing else to do.
    process.channel?.unref();
  }

  #groups(tests: TestCase[]): TestCase[][] {
    const groups = new Map<object, TestCase[]>();
    for (const test of tests) {
      // Versions without preprocess come here first.
      const key = this.#serialGroup.get(test) ?? outermostSerial(test, null) ?? test;
      const group = groups.get(key);
      if (group) group.push(test);
      else groups.set(key, [test]);
    }
    return [...groups.values()];
  }

  #reportUnknown(ids: string[], rootDir: string): void {
    const some = ids.slice(0, 3).join(', ') + (ids.length > 3 ? ', …' : '');
    const message =
      `${ids.length} ordered tests are not in the suite as it loads here (${some}). ` +
      'Its files, configuration or environment differ from those it was discovered with.';
    this.#channel.send({ type: 'error', error: toError({ message }, rootDir) });
  }

  #whyNotRun(status: FullResult['status']): NotRunReason {
    if (status === 'interrupted') return 'interrupted';
    if (status === 'timedout') return 'globalTimeout';
    if (this.#supporting.some((test) => test.outcome() === 'unexpected')) return 'setupFailed';
    return this.#maxFailures > 0 ? 'maxFailures' : 'error';
  }
}

function excludeAllBut(wanted: Set<string>, suite: Suite, testRun: AnyTestRun): void {
  for (const entry of [...suite.entries()]) {
    if (entry.type === 'test') {
      if (!wanted.has(entry.id)) testRun.exclude(entry);
    } else if (entry.allTests().some((test) => wanted.has(test.id))) {
      excludeAllBut(wanted, entry, testRun);
    } else {
      testRun.exclude(entry);
    }
  }
}

/** Playwright repeats the outermost serial suite around a failure as a whole. */
function outermostSerial(test: TestCase, testRun: AnyTestRun | null): Suite | null {
  let outermost: Suite | null = null;
  for (let suite: Suite | undefined = test.parent; suite; suite = suite.parent) {
    if (modeOf(suite, testRun) === 'serial') outermost = suite;
  }
  return outermost;
}

export default RunReporter;
