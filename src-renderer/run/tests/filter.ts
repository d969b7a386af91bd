/**
 * The filter language of test lists, as Playwright's report has it:
 *
 *     s:failed s:flaky @smoke file:cart p:chromium w:mac-1 !slow "adds an item"
 *
 * Words and tags must all be found. Of several states, files, projects or workers, one must fit. `!` before any of them: must not.
 */
import { standingOfTest, type Standing, type TestRow } from './row.ts';

const STATES: Readonly<Record<string, Standing>> = {
  failed: 'unexpected',
  flaky: 'flaky',
  passed: 'expected',
  skipped: 'skipped',
  running: 'running',
  open: 'open',
};
const KINDS = { s: 'state', p: 'project', w: 'worker', file: 'file' } as const;
const PREFIXES = Object.keys(KINDS) as (keyof typeof KINDS)[];

export interface FilterTerm {
  kind: 'state' | 'project' | 'worker' | 'file' | 'tag' | 'text';
  /** In small letters. */
  value: string;
  not: boolean;
}

/** What is wrong between two positions of the text. */
export interface FilterError {
  from: number;
  to: number;
  code: 'unknown_state' | 'no_value' | 'open_quote';
}

/** What can be put in place of the text between two positions. */
export interface Suggestions {
  from: number;
  to: number;
  options: readonly string[];
}

/** What a list holds, for suggestions. */
export interface Vocabulary {
  projects: readonly string[];
  workers: readonly string[];
  files: readonly string[];
  tags: readonly string[];
}

interface Token {
  from: number;
  to: number;
  not: boolean;
  prefix: string | null;
  value: string;
  closed: boolean;
}

const MOST_OPTIONS = 8;

export class Filter {
  readonly terms: readonly FilterTerm[];
  readonly errors: readonly FilterError[];
  readonly #text: string;
  readonly #tokens: readonly Token[];

  constructor(text: string) {
    this.#text = text;
    this.#tokens = tokensOf(text);
    this.errors = this.#tokens.flatMap(errorOf);
    const broken = new Set(this.errors.map(({ from }) => from));
    this.terms = this.#tokens.filter((token) => !broken.has(token.from)).map(termOf);
  }

  get isEmpty(): boolean {
    return this.terms.length === 0;
  }

  matches(row: TestRow): boolean {
    const wanted = new Map<FilterTerm['kind'], boolean>();
    for (const term of this.terms) {
      const fits = fitsTerm(term, row);
      if (term.not) {
        if (fits) return false;
      } else if (term.kind === 'text' || term.kind === 'tag') {
        if (!fits) return false;
      } else wanted.set(term.kind, (wanted.get(term.kind) ?? false) || fits);
    }
    for (const found of wanted.values()) if (!found) return false;
    return true;
  }

  /** What may stand at the caret; nothing where only free text can. */
  suggest(caret: number, known: Vocabulary): Suggestions | null {
    const token = this.#tokens.find(({ from, to }) => from <= caret && caret <= to);
    if (!token) return null;
    const sign = token.not ? '!' : '';
    const typed = this.#text.slice(token.from + sign.length, caret).toLowerCase();
    const options = possible(typed, known)
      .filter((option) => option.toLowerCase().startsWith(typed) && option.toLowerCase() !== typed)
      .slice(0, MOST_OPTIONS)
      .map((option) => sign + option);
    return options.length === 0 ? null : { from: token.from, to: token.to, options };
  }

  /** The text with this term added, or without it where it was there: what a click on a count does. */
  toggled(term: string): string {
    const without = this.#tokens.filter(({ from, to }) => this.#text.slice(from, to) !== term);
    if (without.length < this.#tokens.length)
      return without.map(({ from, to }) => this.#text.slice(from, to)).join(' ');
    return `${this.#text.trim()} ${term}`.trim();
  }
}

/** Quotes around what holds spaces. */
export const quoted = (value: string): string => (/[\s"]/.test(value) ? `"${value.replaceAll('"', '')}"` : value);

function possible(typed: string, known: Vocabulary): string[] {
  if (typed.startsWith('s:')) return Object.keys(STATES).map((state) => `s:${state}`);
  if (typed.startsWith('p:')) return known.projects.map((project) => `p:${quoted(project)}`);
  if (typed.startsWith('w:')) return known.workers.map((worker) => `w:${quoted(worker)}`);
  if (typed.startsWith('file:')) return known.files.map((file) => `file:${quoted(file)}`);
  if (typed.startsWith('@')) return known.tags.map((tag) => `@${tag.replace(/^@/, '')}`);
  return PREFIXES.map((prefix) => `${prefix}:`);
}

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  const pattern = /(!?)(?:([a-z]+):)?(?:"([^"]*)("?)|(\S*))/gy;
  let at = 0;
  while (at < text.length) {
    if (/\s/.test(text[at]!)) {
      at += 1;
      continue;
    }
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (!match || match[0] === '') break;
    const [whole, not, prefix, inQuotes, end, plain = ''] = match;
    // Words with a colon that is none of ours, such as a time or an address, are words.
    const known = prefix !== undefined && prefix in KINDS;
    const value = inQuotes ?? plain;
    tokens.push({
      from: at,
      to: at + whole.length,
      not: not === '!',
      prefix: known ? prefix : null,
      value: known || prefix === undefined ? value : `${prefix}:${value}`,
      closed: inQuotes === undefined || end === '"',
    });
    at += whole.length;
  }
  return tokens;
}

function errorOf({ from, to, prefix, value, closed }: Token): FilterError[] {
  if (!closed) return [{ from, to, code: 'open_quote' }];
  if (value === '' || value === '@') return [{ from, to, code: 'no_value' }];
  if (prefix === 's' && !(value.toLowerCase() in STATES)) return [{ from, to, code: 'unknown_state' }];
  return [];
}

function termOf({ not, prefix, value }: Token): FilterTerm {
  const small = value.toLowerCase();
  if (prefix !== null) return { kind: KINDS[prefix as keyof typeof KINDS], value: small, not };
  return small.startsWith('@') ? { kind: 'tag', value: small.slice(1), not } : { kind: 'text', value: small, not };
}

function fitsTerm({ kind, value }: FilterTerm, row: TestRow): boolean {
  switch (kind) {
    case 'state':
      return standingOfTest(row) === STATES[value];
    case 'project':
      return row.project.toLowerCase() === value;
    case 'worker':
      return row.worker?.toLowerCase() === value;
    case 'file':
      return row.file.toLowerCase().includes(value);
    case 'tag':
      return row.tags.some((tag) => tag.replace(/^@/, '').toLowerCase() === value);
    case 'text':
      return row.text.includes(value) || (row.error?.toLowerCase().includes(value) ?? false);
  }
}
