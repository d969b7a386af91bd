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
import { excludeOthers, passOverOthers } from './narrow.ts';
import { Revocation } from './revocation.ts';
import { putInOrder } from './sequence.ts';
import { Settling } from './settle.ts';
import { askWhatIsSetUp, runsAround, sharableSetup } from './setup.ts';
import { askAgent } from './ask-agent.ts';
import { planned, supportingSuites, testsOf } from './suites.ts';
import { groupByUnit } from './units.ts';

class RunReporter implements Reporter {
  readonly #channel = new Channel(process);
  readonly #received = readOrder(process.env);
  #settling = new Settling([]);
  #revocation = new Revocation([], 1);
  #serialGroup = new Map<TestCase, Suite>();
  #supporting: TestCase[] = [];
  #isNarrowed = false;
  /** Setup tests that another process has run. */
  #setUp = new Set<string>();
  /** Of these nothing is told; see passOverOthers. */
  #others = new Set<string>();
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
    if (this.#received.order.kind === 'later') {
      const answer = await askAgent(this.#channel, { type: 'ready' }, 'order');
      if (answer === null) throw new Error('the agent that booted this process ahead is gone');
      this.#received.order = answer.order;
    }
    const { order } = this.#received;
    if (order.kind !== 'tests') return;
    // The order is exact; a `shard` in the suite's config must not cut it again.
    testRun.skipSharding?.();
    const wanted = new Set(order.testIds);
    const ordinary = this.#ordinary(suite);
    this.#tellUnknown(wanted, ordinary, config.rootDir);
    excludeOthers(wanted, ordinary, testRun);
    const rank = new Map(order.testIds.map((id, place) => [id, place]));
    const mode = (each: Suite): Mode => modeOf(each, testRun);
    for (const project of ordinary) putInOrder(project, rank, mode);
    const own = testsOf(ordinary).filter((test) => wanted.has(test.id));
    this.#revocable(groupByUnit(own, mode), config.workers);
    this.#isNarrowed = true;
    const asked = ordinary.filter((project) => project.allTests().some((test) => wanted.has(test.id)));
    const setup = sharableSetup(config, suite, asked);
    if (setup.length > 0) this.#setUp = await askWhatIsSetUp(this.#channel, setup);
  }

  onBegin(config: FullConfig, suite: Suite): void {
    this.#rootDir = config.rootDir;
    this.#maxFailures = config.maxFailures;
    const { order } = this.#received;
    // Where globalSetup or a webServer failed there was no `preprocess` either, and no suite.
    const isLoaded = suite.allTests().length > 0;
    if (order.kind === 'tests' && !this.#isNarrowed && isLoaded)
      this.#narrowLate(new Set(order.testIds), config, suite);
    for (const test of suite.allTests()) {
      if (!this.#setUp.has(test.id)) continue;
      test.expectedStatus = 'skipped';
      this.#others.add(test.id);
    }
    const tests = suite.allTests().filter((test) => !this.#others.has(test.id));
    this.#supporting = testsOf(supportingSuites(suite)).filter((test) => !this.#others.has(test.id));
    this.#settling = new Settling(this.#groups(tests));
    this.#channel.send({
      type: 'planned',
      playwrightVersion: config.version,
      rootDir: config.rootDir,
      tests: tests.map((test) => planned(test, config.rootDir)),
      supportingTestIds: this.#supporting.map((test) => test.id),
      // The time that it waits would count towards a time limit of the whole.
      canBootAhead: this.#isNarrowed && config.globalTimeout === 0 && !runsAround(config, suite),
    });
  }

  onTestBegin(test: TestCase, result: TestResult): void {
    if (this.#isSilent(test)) return;
    this.#revocation.begun(test.id);
    this.#channel.send({ type: 'testBegin', testId: test.id, retry: result.retry });
  }

  onTestEnd(test: TestCase, result: TestResult): void {
    if (this.#isSilent(test)) return;
    this.#revocation.ended(test.id);
    this.#channel.send({ type: 'attempt', attempt: toAttempt(test, result, this.#rootDir, this.#received.folder) });
    const tests = this.#settling.ended(test);
    if (tests.length > 0) this.#channel.send({ type: 'settled', tests });
  }

  onError(error: TestError): void {
    this.#channel.send({ type: 'error', error: toError(error, this.#rootDir) });
  }

  async onEnd({ status }: FullResult): Promise<void> {
    const { settled, notRun } = this.#settling.rest(status === 'interrupted', (test) => this.#isSilent(test));
    if (settled.length > 0) this.#channel.send({ type: 'settled', tests: settled });
    this.#channel.send({
      type: 'end',
      status,
      notRun,
      notRunReason: notRun.length > 0 ? this.#whyNotRun(status) : null,
    });
    await this.#channel.flush();
  }

  /** Playwright before 1.62 has no `preprocess`. */
  #narrowLate(wanted: Set<string>, config: FullConfig, suite: Suite): void {
    const ordinary = this.#ordinary(suite);
    this.#tellUnknown(wanted, ordinary, config.rootDir);
    this.#others = passOverOthers(wanted, suite);
    const own = testsOf(ordinary).filter((test) => wanted.has(test.id));
    this.#revocable(
      groupByUnit(own, (each) => modeOf(each, null)),
      config.workers,
    );
  }

  #ordinary(suite: Suite): Suite[] {
    const supporting = supportingSuites(suite);
    return suite.suites.filter((project) => !supporting.has(project));
  }

  #isSilent(test: { id: string }): boolean {
    return this.#revocation.has(test.id) || this.#others.has(test.id);
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

  #tellUnknown(wanted: ReadonlySet<string>, ordinary: Suite[], rootDir: string): void {
    const here = new Set(testsOf(ordinary).map((test) => test.id));
    const ids = [...wanted].filter((id) => !here.has(id));
    if (ids.length === 0) return;
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

/** Playwright repeats the outermost serial suite around a failure as a whole. */
function outermostSerial(test: TestCase, testRun: AnyTestRun | null): Suite | null {
  let outermost: Suite | null = null;
  for (let suite: Suite | undefined = test.parent; suite; suite = suite.parent) {
    if (modeOf(suite, testRun) === 'serial') outermost = suite;
  }
  return outermost;
}

export default RunReporter;
