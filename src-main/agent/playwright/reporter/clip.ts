/** Cuts text to the contract's limits (shared/protocol/playwright.ts), so that one monstrous title cannot make a result unacceptable. */

/** At most `max` UTF-16 units, ending in `…` where something was cut; never splits a surrogate pair. */
export function clip(text: string, max: number): string {
  if (text.length <= max) return text;
  const end = isHighSurrogate(text.charCodeAt(max - 2)) ? max - 2 : max - 1;
  return text.slice(0, end) + '…';
}

/** Keeps both ends of long output: the beginning says what was started, the end how it failed. `max` in UTF-16 units. */
export function clipMiddle(text: string, max: number): string {
  if (text.length <= max) return text;
  const half = Math.floor(max / 2) - 50;
  const headEnd = isHighSurrogate(text.charCodeAt(half - 1)) ? half - 1 : half;
  const tailAt = text.length - half;
  const tailStart = isHighSurrogate(text.charCodeAt(tailAt - 1)) ? tailAt + 1 : tailAt;
  const cut = tailStart - headEnd;
  return `${text.slice(0, headEnd)}\n[… ${cut} characters not kept …]\n${text.slice(tailStart)}`;
}

function isHighSurrogate(code: number): boolean {
  return code >= 0xd800 && code <= 0xdbff;
}
