/** One grant being carried out: the effects around the pure life cycle in rules.ts. */
import path from 'node:path';
import type { Clock } from '../../../shared/base/clock.ts';
import type { AgentMessage, Held, Report } from '../../../shared/protocol/link.ts';
import type { LocalAttempt, TestAttempt } from '../../../shared/protocol/playwright.ts';
import type { Grant, ProcessEnd } from '../../../shared/protocol/work.ts';
import type { Log } from '../log.ts';
import type { TestUser } from '../test-user.ts';
import { failureOf } from './attempt-failure.ts';
import { AttemptVoice } from './attempt-voice.ts';
import { endWithout, processEnd } from './process-end.ts';
import { ReportStream } from './report-stream.ts';
import {
  FIRST_STATE,
  nextStep,
  type AttemptEffect,
  type AttemptEvent,
  type AttemptState,
  type LastWord,
  type Stop,
} from './rules.ts';
import type { Job, JobEnd, Prepared, Preparation } from './jobs.ts';

export interface AttemptOptions {
  grant: Grant;
  clock: Clock;
  log: Log;
  /** This attempt's own folder; need not exist. */
  workDir: string;
  /** As whom it runs. */
  user: TestUser;
  preparation: Preparation;
  /** Resolves when the report is on disk. `after`: a blob that must be uploaded before it is sent. */
  report: (report: Report, after?: string) => Promise<unknown>;
  send: (message: AgentMessage) => boolean;
  /** How often what it prints is sent, milliseconds. */
  logMs: () => number;
  attach: (attempt: LocalAttempt) => Promise<TestAttempt>;
  /** Takes a copy of the blob report and has it uploaded; null where that fails. */
  keepBlob: (file: string) => Promise<{ sha256: string; size: number } | null>;
  onSlotsFree: () => void;
  onClosed: () => void;
  /** Other tests run than before. */
  onRunning: () => void;
}

export class Attempt {
  readonly held: Held;
  readonly slots: number;
  readonly leaseMs: number;
  readonly #options: AttemptOptions;
  readonly #log: Log;
  readonly #stream: ReportStream;
  readonly #voice: AttemptVoice;
  readonly #abort = new AbortController();
  readonly #began: number;
  #state: AttemptState = FIRST_STATE;
  #prepared: Prepared | null = null;
  #job: Job | null = null;
  #end: JobEnd | null = null;
  #failure: unknown = null;
  #cancelTimer = (): void => {};
  readonly #revoked = new Set<string>();
  /** The order is fixed: what is taken back from now on is the process's to say. */
  #ordered = false;
  #toRevoke: string[][] = [];

  constructor(options: AttemptOptions) {
    const { grant, clock, report, send, logMs, attach, user, workDir } = options;
    const { taskId, attempt, fence } = grant;
    this.#options = options;
    this.held = { taskId, attempt, fence };
    this.slots = grant.slots;
    this.leaseMs = grant.leaseMs;
    this.#log = options.log.child({ run: grant.runName, ...this.held });
    this.#began = clock.monotonic();
    const { held } = this;
    this.#voice = new AttemptVoice({ held, secrets: grant.secrets ?? {}, clock, log: this.#log, report, send, logMs });
    const isShard = grant.work.kind === 'shard';
    this.#stream = new ReportStream({
      held,
      isShard,
      clock,
      log: this.#log,
      add: (each) => this.#voice.report(each),
      attach: async (each) => attach(await this.#voice.cleanAttachments(each, user, workDir)),
      send,
      revoked: this.#revoked,
      onRunning: options.onRunning,
    });
  }

  /** What runs at this moment. */
  get running(): { run: string; title: string; since: number }[] {
    return this.#stream.running.map((test) => ({ run: this.#options.grant.runName, ...test }));
  }

  get isOver(): boolean {
    return this.#state.at === 'closed';
  }

  begin(): void {
    this.#log.info({ work: this.#options.grant.work.kind, slots: this.slots }, 'preparing');
    this.#limitTime('preparing the suite');
    void this.#prepare();
  }

  stop(stop: Stop): void {
    if (this.#state.at === 'preparing' || this.#state.at === 'running')
      this.#log.info({ cause: stop.cause }, `stopping: ${stop.reason}`);
    this.#take({ type: 'stop', stop });
  }

  /** Lets tests that run finish and gives back the others. A shard and a discovery cannot be given back in part: they are finished. */
  finishWhatRuns(reason: string): void {
    const { work } = this.#options.grant;
    if (this.#state.at === 'preparing' || (this.#state.at === 'running' && !this.#ordered))
      this.stop({ cause: 'givenBack', reason, hard: true });
    else if (this.#state.at === 'running' && work.kind === 'units') this.revoke(work.testIds);
  }

  /** Gives back tests that have not begun, for a slot that has nothing to do; a report `revoked` says which. */
  revoke(testIds: string[]): void {
    if (this.#state.at === 'preparing' || (this.#state.at === 'running' && !this.#ordered)) {
      for (const id of testIds) this.#revoked.add(id);
      this.#voice.report({ ...this.held, kind: 'revoked', testIds }).catch((error: unknown) => {
        this.#log.error(
          { err: error },
          'tests that were taken back could not be reported: they are done elsewhere after the lease',
        );
      });
    } else if (this.#job) this.#job.revoke(testIds);
    else this.#toRevoke.push(testIds);
  }

  #take(event: AttemptEvent): void {
    const { state, effects } = nextStep(this.#state, event);
    this.#state = state;
    for (const effect of effects) this.#carryOut(effect);
    if (event.type === 'closed') this.#options.onClosed();
  }

  #carryOut(effect: AttemptEffect): void {
    switch (effect.do) {
      case 'start':
        this.#limitTime('the task');
        void this.#run();
        return;
      case 'stop':
        this.#abort.abort(new Error(effect.reason));
        this.#stopJob(effect.reason, effect.hard);
        return;
      case 'mute':
        this.#stream.mute();
        return;
      case 'freeSlots':
        this.#cancelTimer();
        this.#options.onSlotsFree();
        return;
      case 'say':
        void this.#close(effect.word, effect.reason);
        return;
    }
  }

  /** Each phase by itself: an installation is not taken off the time of the tests, and does not last for ever either. */
  #limitTime(what: string): void {
    const { clock, grant } = this.#options;
    this.#cancelTimer();
    this.#cancelTimer = clock.after(grant.timeoutMs, () => {
      const reason = `${what} took longer than the time-out of ${grant.timeoutMs / 1000} s`;
      this.stop({ cause: 'timeout', reason, hard: false });
    });
  }

  async #prepare(): Promise<void> {
    const { grant, preparation, workDir } = this.#options;
    try {
      this.#prepared = await preparation(grant, {
        workDir,
        signal: this.#abort.signal,
        onLine: (line) => this.#voice.print('agent', `${line}\n`),
      });
      this.#abort.signal.throwIfAborted();
      this.#take({ type: 'prepared' });
    } catch (error) {
      this.#failed(error);
    }
  }

  async #run(): Promise<void> {
    const { held } = this;
    try {
      await this.#voice.report({ ...held, kind: 'begin' });
      this.#abort.signal.throwIfAborted();
      this.#ordered = true;
      this.#job = await this.#prepared!.start({
        onMessage: (message) => this.#stream.take(message),
        onOutput: (stream, text) => this.#voice.print(stream, text),
        report: (own) => this.#voice.report({ ...held, ...own }),
        signal: this.#abort.signal,
        revoked: this.#revoked,
      });
      for (const testIds of this.#toRevoke.splice(0)) this.#job.revoke(testIds);
      // Told to stop while it was starting: the job did not hear of it.
      if (this.#state.at === 'stopping') this.#stopJob(this.#state.stop.reason, this.#state.stop.hard);
      this.#end = await this.#job.done;
      this.#take({ type: 'ended' });
    } catch (error) {
      this.#failed(error);
    }
  }

  #stopJob(reason: string, hard: boolean): void {
    this.#job?.stop(reason, hard).catch((error: unknown) => {
      this.#log.error({ err: error }, 'a process could not be stopped; what is left of it is killed at the next start');
    });
  }

  #failed(error: unknown): void {
    this.#failure = error;
    this.#take({ type: 'failed' });
  }

  async #close(word: LastWord, reason: string): Promise<void> {
    const { keepBlob, user, workDir } = this.#options;
    try {
      await this.#stream.end();
      this.#voice.endPrinting();
      const blobFile = this.#end?.kind === 'run' ? this.#end.end.blobFile : null;
      const blob =
        blobFile !== null && word !== 'none' && (await this.#voice.cleanBlob(blobFile))
          ? await keepBlob(blobFile)
          : null;
      if (word === 'givenBack')
        await this.#voice.report({ ...this.held, kind: 'release', reason: reason.slice(0, 2000) });
      else if (word !== 'none') {
        const end = this.#processEnd(word, reason, blob);
        this.#log.info(
          { how: end.how, message: end.message ?? undefined, seconds: Math.round(end.wallMs / 1000) },
          'finished',
        );
        await this.#voice.report({ ...this.held, kind: 'finish', end }, blob?.sha256);
      }
    } catch (error) {
      // Nothing was said: the lease runs out, and the work is done again elsewhere.
      this.#log.error({ err: error }, 'the end of an attempt could not be reported');
    }
    try {
      await this.#prepared?.release();
      await user.remove(workDir);
    } catch (error) {
      this.#log.warn({ err: error, folder: path.basename(workDir) }, 'a working folder could not be removed');
    }
    this.#take({ type: 'closed' });
  }

  #processEnd(
    word: 'finish' | 'prepareFailed' | 'timeout' | 'cancelled',
    reason: string,
    blob: { sha256: string; size: number } | null,
  ): ProcessEnd {
    const { grant, clock } = this.#options;
    const wallMs = clock.monotonic() - this.#began;
    if (word === 'prepareFailed') {
      const { message, isPermanent, stack } = failureOf(this.#failure);
      if (stack !== null) this.#log.error({ err: this.#failure }, 'preparing failed unexpectedly');
      else this.#log.warn(`cannot be run here: ${message}`);
      return endWithout('prepare_failed', message, wallMs, { permanent: isPermanent, stack });
    }
    const stopped = word === 'finish' ? null : { how: word, reason };
    if (this.#end?.kind === 'run' && grant.work.kind !== 'discover') {
      const { planned, settled, errors } = this.#stream;
      return processEnd({
        work: grant.work,
        revoked: this.#revoked,
        end: this.#end.end,
        planned,
        settled,
        errors,
        blob,
        stopped,
      });
    }
    return endWithout(stopped?.how ?? 'finished', stopped?.reason ?? null, wallMs);
  }
}
