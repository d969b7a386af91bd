/** Reads an error of Playwright: its sentence, what was expected and received, the call log, the frames of the stack. */
import type { TestError } from '../../shared/protocol/playwright.ts';
import { stripAnsi } from '../ui/parse-ansi.ts';

export interface DiffLine {
  kind: 'same' | 'expected' | 'received' | 'gap';
  text: string;
}

export interface ReadError {
  /** What went wrong, in one line, without colours. */
  title: string;
  /** What is left of the message, with its colours; empty where all of it is in the other parts. */
  body: string;
  /** `Expected: 1`, `Received: 2`, with the words of the assertion as names. */
  values: { expected: string; received: string } | null;
  diff: DiffLine[] | null;
  callLog: string[];
  /** Lines that begin with `at`. */
  stack: string[];
}

const EXPECTED = /^\s*Expected(?: [a-z ]+)?:\s+(.*)$/;
const RECEIVED = /^\s*Received(?: [a-z ]+)?:\s+(.*)$/;
const CALL_LOG = /^\s*Call log:\s*$/i;

export function readError({ message, stack = '' }: TestError): ReadError {
  const raw = message.trimEnd().split(/\r?\n/);
  const plain = raw.map(stripAnsi);
  const taken = new Set<number>();
  const callLog = takeCallLog(plain, taken);
  const diff = takeDiff(plain, taken);
  const values = takeValues(plain, taken);
  const title = plain[0]?.trim() ?? '';
  taken.add(0);
  const body = trimBlank(raw.filter((_line, index) => !taken.has(index)));
  return { title, body: body.join('\n'), values, diff, callLog, stack: framesOf(stack) };
}

/** From `Call log:` up to an empty line behind its entries. */
function takeCallLog(lines: readonly string[], taken: Set<number>): string[] {
  const start = lines.findIndex((line) => CALL_LOG.test(line));
  if (start < 0) return [];
  taken.add(start);
  const log: string[] = [];
  for (let index = start + 1; index < lines.length; index++) {
    const line = lines[index]!;
    if (line.trim() === '') {
      if (log.length > 0) break;
    } else if (!/^\s*(-|\d+ ×|at\b|\s)/.test(line)) break;
    else log.push(line.replace(/^\s{0,2}- /, ''));
    taken.add(index);
  }
  return log;
}

/** The lines behind `- Expected` and `+ Received`. */
function takeDiff(lines: readonly string[], taken: Set<number>): DiffLine[] | null {
  const start = lines.findIndex(
    (line, index) => /^- Expected\b/.test(line) && /^\+ Received\b/.test(lines[index + 1] ?? ''),
  );
  if (start < 0) return null;
  const diff: DiffLine[] = [];
  let index = start + 2;
  for (; index < lines.length && !taken.has(index); index++) {
    const line = lines[index]!;
    if (line.startsWith('@@')) diff.push({ kind: 'gap', text: line });
    else if (line.startsWith('-')) diff.push({ kind: 'expected', text: line.slice(1).replace(/^ /, '') });
    else if (line.startsWith('+')) diff.push({ kind: 'received', text: line.slice(1).replace(/^ /, '') });
    else if (line === '' || line.startsWith(' ')) diff.push({ kind: 'same', text: line.slice(2) });
    else break;
  }
  for (let at = start; at < index; at++) taken.add(at);
  while (diff[0]?.kind === 'same' && diff[0].text.trim() === '') diff.shift();
  while (diff.at(-1)?.kind === 'same' && diff.at(-1)?.text.trim() === '') diff.pop();
  return diff;
}

/** Only one-line values, and only both: all else stays in the message as it is. */
function takeValues(lines: readonly string[], taken: Set<number>): ReadError['values'] {
  const find = (pattern: RegExp) => lines.findIndex((line, index) => !taken.has(index) && pattern.test(line));
  const [expected, received] = [find(EXPECTED), find(RECEIVED)];
  if (expected < 0 || received < 0) return null;
  taken.add(expected);
  taken.add(received);
  return {
    expected: EXPECTED.exec(lines[expected]!)?.[1] ?? '',
    received: RECEIVED.exec(lines[received]!)?.[1] ?? '',
  };
}

const framesOf = (stack: string): string[] =>
  stripAnsi(stack)
    .split(/\r?\n/)
    .filter((line) => /^\s+at\s/.test(line))
    .map((line) => line.trim());

function trimBlank(lines: string[]): string[] {
  const blank = (line: string | undefined) => line !== undefined && stripAnsi(line).trim() === '';
  let [from, to] = [0, lines.length];
  while (from < to && blank(lines[from])) from++;
  while (to > from && blank(lines[to - 1])) to--;
  return lines.slice(from, to);
}
