/** What is only worth knowing while it happens: tests that have begun, and lines as they are printed. Never stored as events. */
import type { AgentMessage } from '../../shared/protocol/link.ts';
import type { EventFeed } from '../events/feed.ts';
import type { Fleet } from '../dispatch/fleet.ts';
import type { Database } from '../storage/database.ts';

export interface LiveViewOptions {
  db: Database;
  feed: EventFeed;
  /** Knows which run a grant belongs to; asked late, because the fleet is made after this. */
  fleet: () => Fleet;
  report: (error: unknown, during: string) => void;
}

export class LiveView {
  readonly #options: LiveViewOptions;

  constructor(options: LiveViewOptions) {
    this.#options = options;
  }

  progress(workerId: string, message: Extract<AgentMessage, { type: 'progress' }>): void {
    const { feed, fleet, report } = this.#options;
    const held = fleet().held(message.fence);
    if (held?.workerId !== workerId || feed.listeners === 0) return;
    this.#titles(
      held.runId,
      message.running.map((test) => test.testId),
    )
      .then((titles) => {
        const running = message.running.map(({ testId, retry }) => ({
          test_id: testId,
          title: titles.get(testId) ?? testId,
          retry,
        }));
        const ids = { runId: held.runId, workerId, taskId: held.taskId };
        feed.live({ type: 'tests.running', ...ids, data: { attempt: held.attempt, running } });
      })
      .catch((error: unknown) => report(error, 'telling of running tests'));
  }

  log(workerId: string, message: Extract<AgentMessage, { type: 'log' }>): void {
    const { feed, fleet } = this.#options;
    const held = fleet().held(message.fence);
    if (held?.workerId !== workerId) return;
    const data = { stream: message.stream, text: message.text };
    feed.live({ type: 'run.log', runId: held.runId, workerId, taskId: held.taskId, data });
  }

  async #titles(runId: string, testIds: readonly string[]): Promise<Map<string, string>> {
    const rows = await this.#options.db.read((r) =>
      r.all<{ test_id: string; title: string }>(
        `SELECT test_id, plan ->> '$.titlePath' AS title FROM tests WHERE run_id = ? AND test_id IN (SELECT value FROM json_each(?))`,
        [runId, JSON.stringify(testIds)],
      ),
    );
    return new Map(rows.map((row) => [row.test_id, (JSON.parse(row.title) as string[]).join(' › ')]));
  }
}
