/**
 * Takes secrets out of the event log of a blob report. Each event is a line of JSON; what a test prints comes in pieces, an event for each
 * write, so a secret may lie across several of them.
 */
import type { RedactingStream, Redactor } from '../../../shared/base/redact.ts';

interface Printed {
  method: 'onStdIO';
  params: { type: string; testId?: string; resultId?: string; data: string; isBase64?: boolean };
}

interface TestEnd {
  method?: string;
  params?: { result?: { id?: string } };
}

interface Held {
  stream: RedactingStream;
  last: Printed;
}

export class EventRedactor {
  readonly #redactor: Redactor;
  /** What is printed where: by attempt and stream. */
  readonly #printing = new Map<string, Held>();
  #rest = '';

  constructor(redactor: Redactor) {
    this.#redactor = redactor;
  }

  write(text: string): string {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    return lines.map((line) => `${this.#line(line)}\n`).join('');
  }

  end(): string {
    const last = this.#rest === '' ? '' : this.#line(this.#rest);
    return this.#flush() + last;
  }

  #line(line: string): string {
    if (line.includes('"onStdIO"')) {
      const event = parse(line);
      if (isPrinted(event)) return JSON.stringify(this.#printed(event));
    }
    // No attempt prints after its end.
    const ended = line.includes('"onTestEnd"') ? (parse(line) as TestEnd | null) : null;
    const over = ended?.method === 'onTestEnd' ? this.#flush(`${ended.params?.result?.id ?? ''} `) : '';
    const all = line.includes('"onEnd"') ? this.#flush() : '';
    return over + all + this.#redactor.text(line);
  }

  #printed(event: Printed): Printed {
    const { params } = event;
    const key = `${params.resultId ?? ''} ${params.type}`;
    const held = this.#printing.get(key) ?? { stream: this.#redactor.stream(), last: event };
    held.last = event;
    this.#printing.set(key, held);
    const text = params.isBase64 ? Buffer.from(params.data, 'base64').toString('utf8') : params.data;
    return withText(event, held.stream.write(text));
  }

  #flush(ofKeys = ''): string {
    let lines = '';
    for (const [key, { stream, last }] of this.#printing) {
      if (!key.startsWith(ofKeys)) continue;
      this.#printing.delete(key);
      const rest = stream.end();
      if (rest !== '') lines += `${JSON.stringify(withText(last, rest))}\n`;
    }
    return lines;
  }
}

function withText(event: Printed, text: string): Printed {
  const { isBase64 } = event.params;
  return { ...event, params: { ...event.params, data: isBase64 ? Buffer.from(text).toString('base64') : text } };
}

function isPrinted(event: unknown): event is Printed {
  const { method, params } = (event ?? {}) as Partial<Printed>;
  return method === 'onStdIO' && typeof params?.data === 'string';
}

/** null for what is no JSON: the coordinator refuses such a blob anyway. */
function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}
