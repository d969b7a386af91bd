/**
 * Patterns that people write. No regular expressions: one that backtracks for ever would hold up everybody else. The cost here is at most
 * the length of the pattern times that of the text.
 */

/** `*` = any characters but `/`, `?` = one of them, `**` as a whole folder = any number of folders. `file` is POSIX and relative. */
export function matchesFile(pattern: string, file: string): boolean {
  return matches(pattern.split('/'), file.split('/'), {
    isStar: (segment) => segment === '**',
    fits: (segment, name) =>
      matches([...segment], [...name], {
        isStar: (sign) => sign === '*',
        fits: (sign, one) => sign === '?' || sign === one,
      }),
  });
}

/** Whether the text holds the words, `*` between them standing for any text. */
export function contains(words: string, text: string): boolean {
  return matches([...`*${words}*`], [...text], { isStar: (sign) => sign === '*', fits: (sign, one) => sign === one });
}

interface Signs {
  /** Stands for any number of parts. */
  isStar: (sign: string) => boolean;
  fits: (sign: string, part: string) => boolean;
}

/** Only the last star is ever tried again: what an earlier one could take, that one can take too. */
function matches(pattern: readonly string[], parts: readonly string[], { isStar, fits }: Signs): boolean {
  let at = 0;
  let star: { next: number; from: number } | null = null;
  let part = 0;
  while (part < parts.length) {
    const sign = pattern[at];
    if (sign !== undefined && isStar(sign)) {
      star = { next: ++at, from: part };
    } else if (sign !== undefined && fits(sign, parts[part] ?? '')) {
      at++;
      part++;
    } else if (star) {
      at = star.next;
      part = ++star.from;
    } else return false;
  }
  return pattern.slice(at).every(isStar);
}
