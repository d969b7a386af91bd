/**
 * Follows a run to its end over the event stream, which is resumed wherever it breaks. While none comes through (a proxy that holds it
 * back, a coordinator that restarts) the run itself is asked for instead: then only numbers are known, and no test by name.
 */
import { backoffMs } from '../../../shared/base/backoff.ts';
import type { Clock } from '../../../shared/base/clock.ts';
import { emptyView, isFinal, reduceRun, type RunView } from '../../../shared/model/run-view.ts';
import { eventId, parseEvent, type FleetEvent } from '../../../shared/protocol/events.ts';
import { run as runShape, type Run } from '../../../shared/protocol/rest/runs.ts';
import { wait } from '../../transfer/retry.ts';
import type { Api } from '../api.ts';
import { CliFailure, messageOf } from '../failure.ts';
import { PassingFailure, RefusedFailure } from '../problem.ts';
import { readSse } from './sse.ts';

export interface Followed {
  view: RunView;
  /** Asked for, and newer than the view; null while the stream comes through. */
  polled: Run | null;
  /** Why there is no stream at the moment; null while there is one. */
  trouble: string | null;
}

export interface FollowOptions {
  clock: Clock;
  /** 0 ≤ x < 1. */
  random: () => number;
  signal: AbortSignal;
  onChange: (followed: Followed) => void;
  /** Each event as it comes, stored and live ones. */
  onEvent?: (event: FleetEvent) => void;
  /** How long the report may take once the run has ended, in milliseconds. */
  reportMs?: number;
}

const RECONNECT = { baseMs: 500, maxMs: 5000 };
const POLL_MS = 2000;
/** The coordinator says something every 15 s. */
const QUIET_MS = 20_000;
const SILENT_MS = 45_000;
const GIVE_UP_MS = 10 * 60_000;

/** Resolves once the run is final and its report is there, has failed, or is late; rejects where the coordinator refuses or stays away. */
export async function followRun(api: Api, runId: string, options: FollowOptions): Promise<Followed> {
  const { clock, random, reportMs = 60_000 } = options;
  let followed: Followed = { view: emptyView(runId), polled: null, trouble: null };
  /** Monotonic: when the stream, and when anything of the coordinator, was heard of last. */
  let streamAt = clock.monotonic() - QUIET_MS + POLL_MS;
  let heardAt = clock.monotonic();
  let endedAt: number | null = null;
  const end = new AbortController();
  const signal = AbortSignal.any([options.signal, end.signal]);

  const change = (to: Partial<Followed>): void => {
    followed = { ...followed, ...to };
    const { state, report } = followed.polled
      ? { state: followed.polled.status, report: followed.polled.report.state }
      : { state: followed.view.state, report: followed.view.report.state };
    if (isFinal(state)) {
      endedAt ??= clock.monotonic();
      if (state === 'cancelled' || report === 'ready' || report === 'failed') end.abort();
    }
    options.onChange(followed);
  };

  const take = (data: string): void => {
    const event = understood(data);
    if (event === null) return;
    options.onEvent?.(event);
    change({ view: reduceRun(followed.view, event), polled: null, trouble: null });
  };

  const readStream = async (): Promise<void> => {
    const silence = new AbortController();
    const { epoch, seq } = followed.view;
    const headers = {
      accept: 'text/event-stream',
      ...(epoch === null ? {} : { 'last-event-id': eventId(epoch, seq) }),
    };
    const path = `/api/v1/events/stream?run_id=${encodeURIComponent(runId)}&after=0`;
    const response = await api.open(path, headers, AbortSignal.any([signal, silence.signal]));
    if (!response.headers.get('content-type')?.startsWith('text/event-stream') || !response.body) {
      await response.body?.cancel();
      throw new Error('something between here and the coordinator does not let the event stream through');
    }
    let stopWatch = (): void => undefined;
    try {
      for await (const message of readSse(response.body)) {
        stopWatch();
        stopWatch = clock.after(SILENT_MS, () => silence.abort(new Error('the event stream fell silent')));
        streamAt = heardAt = clock.monotonic();
        if (message) take(message.data);
      }
    } finally {
      stopWatch();
    }
    throw new Error('the event stream ended');
  };

  const stream = async (): Promise<void> => {
    for (let failures = 1; ; failures++) {
      const before = streamAt;
      try {
        await readStream();
      } catch (error) {
        signal.throwIfAborted();
        if (isFatal(error)) throw error;
        followed = { ...followed, trouble: messageOf(error) };
      }
      if (streamAt !== before) failures = 1;
      await wait(backoffMs(RECONNECT, failures, random), clock, signal);
    }
  };

  const poll = async (): Promise<void> => {
    for (;;) {
      await wait(POLL_MS, clock, signal);
      const now = clock.monotonic();
      if (endedAt !== null && now - endedAt > reportMs) end.abort();
      if (now - heardAt > GIVE_UP_MS) throw lost(api.url, runId, followed.trouble);
      if (now - streamAt < QUIET_MS && followed.trouble === null) continue;
      try {
        const polled = await api.get(`/api/v1/test-runs/${encodeURIComponent(runId)}`, runShape, { signal });
        heardAt = clock.monotonic();
        change({ polled });
      } catch (error) {
        if (!(error instanceof PassingFailure)) throw error;
        change({ trouble: error.message });
      }
    }
  };

  try {
    await Promise.race([stream(), poll()]);
  } catch (error) {
    options.signal.throwIfAborted();
    if (!end.signal.aborted) throw error;
  } finally {
    end.abort();
  }
  return followed;
}

/** null for a kind of event that this version does not know. */
function understood(data: string): FleetEvent | null {
  try {
    return parseEvent(JSON.parse(data));
  } catch (error) {
    throw new Error('an event is not understood; coordinator and command line are of different versions', {
      cause: error,
    });
  }
}

/** Whether trying again cannot help: no right to read, no such run, an answer of another shape. */
function isFatal(error: unknown): boolean {
  if (error instanceof RefusedFailure) return error.status < 500;
  return error instanceof CliFailure && !(error instanceof PassingFailure);
}

const lost = (url: string, runId: string, trouble: string | null) =>
  new CliFailure(
    `Nothing was heard of the coordinator at ${url} for ${GIVE_UP_MS / 60_000} minutes (${trouble ?? 'no answer'}).`,
    `The run goes on there; look with: playfleet status ${runId}`,
  );
