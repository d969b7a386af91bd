/**
 * Setup projects once per run and machine: Playwright runs them in each process, but what they leave (a login state in a file, data in the
 * application under test) serves all processes of the run that share the checkout. The first process that needs a setup test runs it, the
 * others wait; where it fails, the next one tries. A reporter asks only where that is safe (reporter/setup.ts).
 */
import type { Clock } from '../../../shared/base/clock.ts';
import type { SettledTest } from '../../../shared/protocol/playwright.ts';
import type { Workspace } from '../workspace/workspaces.ts';

/** How long what was set up is kept for the run's next task here: a checkout that nobody uses is put back to what its source says. */
const KEEP_MS = 60_000;

/** The part that one process has in it. */
export interface SetupPart {
  /** Resolves with those of the tests that need not run again; at once, or when who runs some of them has ended. */
  ask(testIds: readonly string[]): Promise<string[]>;
  settled(tests: readonly SettledTest[]): void;
  /** The process is gone: what it did not get done is open again. */
  end(): void;
}

interface Question {
  part: SetupPart;
  testIds: readonly string[];
  answer: (done: string[]) => void;
}

interface RunSetups {
  use: object;
  done: Set<string>;
  /** Test → who runs it now. */
  claimed: Map<string, SetupPart>;
  waiting: Question[];
  parts: Set<SetupPart>;
  release: () => void;
  cancelTimer: () => void;
}

export class Setups {
  readonly #clock: Clock;
  readonly #runs = new Map<string, RunSetups>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** To be called for each process, before it starts. */
  join(runId: string, workspace: Pick<Workspace, 'project' | 'use' | 'hold'>): SetupPart {
    const key = `${runId}\n${workspace.project}`;
    const run = this.#runOf(key, workspace);
    const part: SetupPart = {
      ask: (testIds) =>
        new Promise((answer) => {
          run.waiting.push({ part, testIds, answer });
          advance(run);
        }),
      settled: (tests) => {
        let changed = false;
        for (const { testId, outcome } of tests) {
          if (run.claimed.get(testId) !== part) continue;
          run.claimed.delete(testId);
          if (outcome !== 'unexpected') run.done.add(testId);
          changed = true;
        }
        if (changed) advance(run);
      },
      end: () => {
        for (const [testId, by] of run.claimed) if (by === part) run.claimed.delete(testId);
        run.waiting = run.waiting.filter((question) => question.part !== part);
        run.parts.delete(part);
        advance(run);
        if (run.parts.size === 0) run.cancelTimer = this.#clock.after(KEEP_MS, () => this.#drop(key, run));
      },
    };
    run.cancelTimer();
    run.parts.add(part);
    return part;
  }

  /** Lets go of all checkouts. */
  close(): void {
    for (const [key, run] of this.#runs) this.#drop(key, run);
  }

  #runOf(key: string, workspace: Pick<Workspace, 'use' | 'hold'>): RunSetups {
    const known = this.#runs.get(key);
    // Another use of the checkout: it was put back meanwhile, and what was set up is gone.
    if (known?.use === workspace.use) return known;
    if (known) this.#drop(key, known);
    const run: RunSetups = {
      use: workspace.use,
      done: new Set(),
      claimed: new Map(),
      waiting: [],
      parts: new Set(),
      release: workspace.hold(),
      cancelTimer: () => {},
    };
    this.#runs.set(key, run);
    return run;
  }

  #drop(key: string, run: RunSetups): void {
    run.cancelTimer();
    run.release();
    if (this.#runs.get(key) === run) this.#runs.delete(key);
  }
}

/** Nobody waits while holding a test that somebody else waits for, so that no two processes wait for each other. */
function advance(run: RunSetups): void {
  const ready = run.waiting.filter(({ testIds }) => !testIds.some((id) => run.claimed.has(id)));
  for (const question of ready) {
    // An answer before may have claimed what this one needs.
    if (question.testIds.some((id) => run.claimed.has(id))) continue;
    run.waiting = run.waiting.filter((each) => each !== question);
    for (const id of question.testIds) if (!run.done.has(id)) run.claimed.set(id, question.part);
    question.answer(question.testIds.filter((id) => run.done.has(id)));
  }
}
