/** All that an attempt says to the coordinator leaves the machine through here, without the secrets that the attempt was given. */
import { Redactor, redactTexts, type RedactingStream } from '../../../shared/base/redact.ts';
import type { Clock } from '../../../shared/base/clock.ts';
import type { Held, Report } from '../../../shared/protocol/link.ts';
import type { LocalAttempt } from '../../../shared/protocol/playwright.ts';
import type { Log } from '../log.ts';
import type { TestUser } from '../test-user.ts';
import type { AttemptOptions } from './attempt.ts';
import { LogStream, type LogStreamName } from './log-stream.ts';
import { redactAttachments, redactBlob } from './redact-files.ts';

export interface AttemptVoiceOptions extends Pick<AttemptOptions, 'report' | 'send' | 'logMs'> {
  held: Held;
  secrets: Readonly<Record<string, string>>;
  clock: Clock;
  log: Log;
}

export class AttemptVoice {
  readonly #report: AttemptOptions['report'];
  readonly #log: Log;
  readonly #redactor: Redactor;
  readonly #output: LogStream;
  readonly #redacting = new Map<LogStreamName, RedactingStream>();

  constructor({ held, secrets, clock, log, report, send, logMs }: AttemptVoiceOptions) {
    this.#report = report;
    this.#log = log;
    this.#redactor = new Redactor(Object.values(secrets));
    this.#output = new LogStream(held, clock, send, logMs);
  }

  /** As AttemptOptions.report. */
  report(report: Report, after?: string): Promise<unknown> {
    return this.#report(redactTexts(report, this.#redactor), after);
  }

  /** What is printed; a secret that comes in two pieces is found, too. */
  print(name: LogStreamName, text: string): void {
    const stream = this.#redacting.get(name) ?? this.#redactor.stream();
    this.#redacting.set(name, stream);
    const shown = stream.write(text);
    if (shown !== '') this.#output.write(name, shown);
  }

  /** Nothing is printed any more. */
  endPrinting(): void {
    for (const [name, stream] of this.#redacting) {
      const rest = stream.end();
      if (rest !== '') this.#output.write(name, rest);
    }
    this.#output.end();
  }

  /** `user`: whose the attachments are. */
  async cleanAttachments(attempt: LocalAttempt, user: TestUser, workDir: string): Promise<LocalAttempt> {
    return this.#redactor.isEmpty ? attempt : redactAttachments(attempt, this.#redactor, user, workDir);
  }

  /** false where the secrets could not be taken out of the blob report: then it stays here. */
  async cleanBlob(blobFile: string): Promise<boolean> {
    if (this.#redactor.isEmpty) return true;
    try {
      await redactBlob(blobFile, this.#redactor);
      return true;
    } catch (error) {
      this.#log.error(
        { err: error },
        'secrets could not be taken out of a blob report; the merged report will lack it',
      );
      return false;
    }
  }
}
