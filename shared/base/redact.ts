/**
 * Takes secrets out of what tests print and report, in the forms in which they usually appear. It keeps secrets from being told by
 * accident; code that wants to tell one can always write it in another way.
 */

/** Shorter values would be found in ordinary words. */
export const LEAST_SECRET_LENGTH = 4;
/** Never longer than what it stands for, so that limits of length still hold. */
export const MASK = '***';
/** A line of a secret of several lines (a key in PEM) counts by itself from this length. */
const LEAST_LINE = 8;
const LEAST_BASE64 = 4;

/** Hides the values given to it. Without any it gives back what it gets. */
export class Redactor {
  /** All forms of all values, longest first. */
  readonly forms: readonly string[];
  readonly #pattern: RegExp | null;

  constructor(values: Iterable<string>) {
    const forms = new Set([...values].flatMap(formsOf));
    this.forms = [...forms].sort((a, b) => b.length - a.length);
    this.#pattern = this.forms.length === 0 ? null : new RegExp(this.forms.map(escaped).join('|'), 'g');
  }

  get isEmpty(): boolean {
    return this.#pattern === null;
  }

  text(text: string): string {
    return this.#pattern === null ? text : text.replace(this.#pattern, MASK);
  }

  /** For a text that comes in chunks. */
  stream(): RedactingStream {
    return new RedactingStream(this.forms, this.#pattern);
  }
}

/** Holds back the end of a chunk for as long as it may be the beginning of a secret. */
export class RedactingStream {
  readonly #pattern: RegExp | null;
  readonly #byFirst = new Map<string, string[]>();
  readonly #longest: number;
  #held = '';

  constructor(forms: readonly string[], pattern: RegExp | null) {
    this.#pattern = pattern === null ? null : new RegExp(pattern.source, 'g');
    this.#longest = forms[0]?.length ?? 0;
    for (const form of forms) {
      const first = form.charAt(0);
      this.#byFirst.set(first, [...(this.#byFirst.get(first) ?? []), form]);
    }
  }

  /** Nothing is held back. */
  get isClear(): boolean {
    return this.#held === '';
  }

  /** What may be shown now. */
  write(chunk: string): string {
    if (this.#pattern === null) return chunk;
    const text = this.#held + chunk;
    const hold = this.#holdFrom(text);
    let shown = '';
    let at = 0;
    this.#pattern.lastIndex = 0;
    for (let found = this.#pattern.exec(text); found && found.index < hold; found = this.#pattern.exec(text)) {
      shown += text.slice(at, found.index) + MASK;
      at = found.index + found[0].length;
    }
    const from = Math.max(at, hold);
    this.#held = text.slice(from);
    return shown + text.slice(at, from);
  }

  /** What was held back; nothing comes after it. */
  end(): string {
    const rest = this.#pattern === null ? '' : this.#held.replace(this.#pattern, MASK);
    this.#held = '';
    return rest;
  }

  /** Where the first end of the text begins that is the beginning of a form, but not all of it. */
  #holdFrom(text: string): number {
    for (let i = Math.max(0, text.length - this.#longest + 1); i < text.length; i++) {
      const forms = this.#byFirst.get(text.charAt(i));
      if (!forms) continue;
      const rest = text.slice(i);
      if (forms.some((form) => form.length > rest.length && form.startsWith(rest))) return i;
    }
    return text.length;
  }
}

/** Keys of reports under which a person, a test or a process has written. Everything else are ids, hashes and fixed words. */
const TEXTS = new Set([
  'description',
  'error',
  'file',
  'message',
  'name',
  'reason',
  'snippet',
  'stack',
  'stderr',
  'stdout',
  'title',
  'titlePath',
]);

/** A copy of a report (JSON) with the secrets taken out of its texts. */
export function redactTexts<T>(value: T, redactor: Redactor): T {
  return redactor.isEmpty ? value : (walk(value, redactor, false) as T);
}

/** A copy of any JSON with the secrets taken out of all of its strings. */
export function redactAll<T>(value: T, redactor: Redactor): T {
  return redactor.isEmpty ? value : (walk(value, redactor, true) as T);
}

function walk(value: unknown, redactor: Redactor, isText: boolean): unknown {
  if (typeof value === 'string') return isText ? redactor.text(value) : value;
  if (Array.isArray(value)) return value.map((item) => walk(item, redactor, isText));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, walk(item, redactor, isText || TEXTS.has(key))]),
  );
}

/** As it is, line by line, in JSON, in an address, and in base64 at each of the three places where its first byte may stand. */
function formsOf(value: string): string[] {
  const lines = value.includes('\n') ? value.split(/\r?\n/).filter((line) => line.trim().length >= LEAST_LINE) : [];
  return [value, value.trim(), ...lines, ...lines.map((line) => line.trim())]
    .filter((text) => text.length >= LEAST_SECRET_LENGTH)
    .flatMap((text) => [text, ...inJson(text), ...inAddress(text), ...inBase64(text)]);
}

function inJson(text: string): string[] {
  const once = JSON.stringify(text).slice(1, -1);
  return [once, JSON.stringify(once).slice(1, -1)];
}

function inAddress(text: string): string[] {
  const encoded = encodeURIComponent(text.toWellFormed());
  const strict = encoded.replaceAll(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
  const form = new URLSearchParams([['', text]]).toString().slice(1);
  const forms = [encoded, strict, form, encodeURI(text.toWellFormed())];
  return [...forms, ...forms.map((one) => one.replaceAll(/%[0-9A-F]{2}/g, (hex) => hex.toLowerCase()))];
}

/** Only the characters that no neighbouring byte can change. */
function inBase64(text: string): string[] {
  const bytes = new TextEncoder().encode(text);
  return [0, 1, 2].flatMap((before) => {
    const whole = btoa('\0'.repeat(before) + Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
    const core = whole.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6));
    if (core.length < LEAST_BASE64) return [];
    return [core, core.replaceAll('+', '-').replaceAll('/', '_')];
  });
}

const escaped = (text: string): string => text.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&');
