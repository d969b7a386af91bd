/**
 * Groups failures by their error: the same text but for what differs between tests, machines and tries. Pure, so that the coordinator and a
 * page that follows a run come to the same groups.
 */
export interface FailureCluster {
  /** 16 hex digits, made of the title alone: the same error has the same id everywhere. */
  id: string;
  /** The error without what differs, one line, at most 400 characters. */
  title: string;
}

/** Of an error without any text. */
const NO_MESSAGE = 'No error message';
const MOST_CHARS = 400;
/** What says why stands in the first lines; code frames, stacks and call logs come behind. */
const MOST_LINES = 6;
/** As much as events tell of an error: who has all of it comes to the same group. */
const MOST_READ = 2_000;

/** `message` may hold ANSI colours. */
export function failureCluster(message: string): FailureCluster {
  const lines = telling(plain(message.slice(0, MOST_READ)))
    .map(withoutDetails)
    .filter((line) => line !== '');
  const title = (lines.join(' · ') || NO_MESSAGE).slice(0, MOST_CHARS);
  return { id: hash(title), title };
}

/** A time-out says nothing about what was waited for; the error behind it does, and belongs to it. */
export function wholeError(first: string | null, second: string | null): string | null {
  if (first === null || second === null) return first;
  return /^\W*Test timeout of \d+ms exceeded/.test(plain(first)) ? `${first}\n${second}` : first;
}

export interface Clustered<T> extends FailureCluster {
  members: T[];
}

/** Groups, the largest first; equal ones in the order in which they came. */
export function groupFailures<T>(failures: readonly T[], errorOf: (failure: T) => string | null): Clustered<T>[] {
  const groups = new Map<string, Clustered<T>>();
  for (const failure of failures) {
    const cluster = failureCluster(errorOf(failure) ?? '');
    const group = groups.get(cluster.id);
    if (group) group.members.push(failure);
    else groups.set(cluster.id, { ...cluster, members: [failure] });
  }
  return [...groups.values()].sort((a, b) => b.members.length - a.members.length);
}

const plain = (text: string): string => text.replace(/\x1b\[[0-9;:?]*[A-Za-z]/g, '').replaceAll('\r\n', '\n');

/** Lines before the stack and the code, and of a call log the first thing that was waited for. Differences of two texts are values. */
function telling(text: string): string[] {
  const [said = '', log = ''] = text.split(/^Call log:.*$/m, 2);
  const lines: string[] = [];
  for (const line of said.split('\n').map((raw) => raw.trim())) {
    if (BEYOND.test(line)) break;
    if (line !== '' && !/^([-+] |Timeout:)/.test(line)) lines.push(line);
    if (lines.length === MOST_LINES) break;
  }
  const waited = /^\s*(- *waiting for .*)$/m.exec(log)?.[1];
  return waited === undefined ? lines : [...lines, waited];
}

/** Begins the stack or the code. */
const BEYOND = /^(at .+:\d+|>?\s*\d+ \|)/;

/** A locator is what fails, so its quotes stay; elsewhere quoted text is a value. */
function withoutDetails(line: string): string {
  const names = /^(Locator:|- *waiting for )/.test(line);
  return generalise(names ? line : line.replace(QUOTED, '"…"'))
    .replace(/\s+/g, ' ')
    .trim();
}

const QUOTED = /"(?:[^"\\]|\\.)*"|`[^`]*`|(?<![\p{L}\p{N}])'(?:[^'\\]|\\.)*'(?![\p{L}\p{N}])/gu;

/** In this order: what is longer holds what is shorter. */
const generalise = (line: string): string =>
  line
    .replace(/\b[a-z][a-z0-9+.-]*:\/\/[^\s"'`<>)]+/gi, '<url>')
    .replace(/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi, '<id>')
    .replace(/\b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?/g, '<time>')
    .replace(/(?:[A-Za-z]:)?(?:[\\/][\w.@~+-]+){2,}[\\/]?(?::\d+)*/g, '<path>')
    .replace(/\b(?:\d{1,3}\.){3}\d{1,3}(?::\d+)?\b/g, '<address>')
    .replace(/\b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{7,64}\b/gi, '<hash>')
    .replace(/(?<![\w<])[-+]?\d+(?:[.,]\d+)*(?:e[-+]?\d+)?(?:\s?(?:ms|s|min|m|h|px|%|[KMGT]?i?B)\b)?/gi, '#')
    .replace(/(?<=[A-Za-z_-])\d+/g, '#');

/** FNV-1a over the code units, twice with different beginnings: 64 bits. */
function hash(text: string): string {
  let a = 0x811c9dc5;
  let b = 0x01000193;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    a = Math.imul(a ^ code, 0x01000193);
    b = Math.imul(b ^ code, 0x85ebca6b) ^ (b >>> 13);
  }
  return [a, b].map((half) => (half >>> 0).toString(16).padStart(8, '0')).join('');
}
