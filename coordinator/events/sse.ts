/** The event stream on the wire, as shared/protocol/events.ts describes it, and the one place that writes to a listener's connection. */
import type { ServerResponse } from 'node:http';
import { eventId } from '../../shared/protocol/events.ts';

/** An event as it travels. Ids that do not apply are null; `data` is JSON text. */
export interface StreamEvent {
  seq: number;
  epoch: string;
  at: number;
  type: string;
  run_id: string | null;
  worker_id: string | null;
  task_id: string | null;
  data: string;
}

/** The message for one event. Only a stored one has an id, so that a listener resumes behind the last stored one it got. */
export function message(event: StreamEvent, stored: boolean): string {
  const { data, ...envelope } = event;
  const json = `${JSON.stringify(envelope).slice(0, -1)},"data":${data}}`;
  return `${stored ? `id: ${eventId(event.epoch, event.seq)}\n` : ''}data: ${json}\n\n`;
}

/** Whether a listener of one run gets the event: it is the run's, or tells of a worker. */
export function concernsRun(event: { type: string; run_id: string | null }, runId: string): boolean {
  return event.run_id === runId || (event.run_id === null && event.type.startsWith('worker.'));
}

/** A listener that reads slower than events come has this many bytes waiting at most; then it is dropped and may resume. */
const maxQueuedBytes = 1_000_000;

/** Answers a request with an endless stream, whose first bytes go out at once. */
export class EventStream {
  readonly #response: ServerResponse;
  open: boolean;

  /** `onClose` is called once, later, when either side has ended the stream; not if it had ended already. */
  constructor(response: ServerResponse, onClose: () => void) {
    this.#response = response;
    this.open = !response.destroyed;
    response.once('close', () => {
      this.open = false;
      onClose();
    });
    // Writing to a connection that breaks emits this too; 'close' follows.
    response.on('error', () => undefined);
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      // nginx would collect the stream otherwise.
      'x-accel-buffering': 'no',
    });
    this.comment();
  }

  comment(): void {
    this.write(':\n\n');
  }

  /** Sends, or drops a listener that has too much waiting. */
  write(chunk: string | Buffer): void {
    if (!this.open) return;
    if (this.#response.writableLength > maxQueuedBytes) this.#response.destroy();
    else this.#response.write(chunk);
  }

  /** Resolves when what was written has left for the network, or the stream has closed. */
  async drained(): Promise<void> {
    if (!this.open || !this.#response.writableNeedDrain) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        this.#response.off('drain', done).off('close', done);
        resolve();
      };
      this.#response.on('drain', done).on('close', done);
    });
  }

  end(): void {
    this.#response.end();
  }
}
