/** Which words of two texts differ, so that one sees it at once. */

export interface WordPart {
  text: string;
  changed: boolean;
}

/** More words than this are compared from both ends only: the table below grows with their product. */
const MOST = 400;

export function wordDiff(before: string, after: string): { before: WordPart[]; after: WordPart[] } {
  const [a, b] = [wordsOf(before), wordsOf(after)];
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start++;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a.at(-1 - end) === b.at(-1 - end)) end++;
  const middle = { a: a.slice(start, a.length - end), b: b.slice(start, b.length - end) };
  const kept =
    middle.a.length <= MOST && middle.b.length <= MOST
      ? commonWords(middle.a, middle.b)
      : { a: new Set<number>(), b: new Set<number>() };
  const mark = (words: string[], common: ReadonlySet<number>) =>
    joined(
      words.map((text, index) => ({
        text,
        changed: index >= start && index < words.length - end && !common.has(index - start),
      })),
    );
  return { before: mark(a, kept.a), after: mark(b, kept.b) };
}

const wordsOf = (text: string): string[] => text.match(/[\p{L}\p{N}_]+|\s+|[^\p{L}\p{N}_\s]/gu) ?? [];

/** Places of a longest common sequence in both. */
function commonWords(a: readonly string[], b: readonly string[]): { a: Set<number>; b: Set<number> } {
  const width = b.length + 1;
  const lengths = new Uint16Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      lengths[i * width + j] =
        a[i] === b[j]
          ? lengths[(i + 1) * width + j + 1]! + 1
          : Math.max(lengths[(i + 1) * width + j]!, lengths[i * width + j + 1]!);
    }
  }
  const common = { a: new Set<number>(), b: new Set<number>() };
  for (let i = 0, j = 0; i < a.length && j < b.length;) {
    if (a[i] === b[j]) {
      common.a.add(i++);
      common.b.add(j++);
    } else if (lengths[(i + 1) * width + j]! >= lengths[i * width + j + 1]!) i++;
    else j++;
  }
  return common;
}

function joined(parts: WordPart[]): WordPart[] {
  const result: WordPart[] = [];
  for (const part of parts) {
    const last = result.at(-1);
    if (last?.changed === part.changed) last.text += part.text;
    else result.push({ ...part });
  }
  return result;
}
