/** How wide text is in terminal cells. Text has passed `foreign`: of escape sequences only colours are left. */

const COLOURS = /\x1b\[[0-9;:]*m/g;
const SEGMENTER = new Intl.Segmenter('en', { granularity: 'grapheme' });
const PLAIN = /^[\x20-\x7e]*$/;
const ZERO = /^[\p{Mark}\p{Cf}\p{Cc}]+$/u;
const EMOJI = /\p{Emoji_Presentation}|\ufe0f/u;

/** Beginnings and ends of the ranges that East Asian terminals and fonts draw two cells wide. */
const WIDE: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f],
  [0x2e80, 0x303e],
  [0x3041, 0x33ff],
  [0x3400, 0x4dbf],
  [0x4e00, 0x9fff],
  [0xa000, 0xa4cf],
  [0xa960, 0xa97f],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe30, 0xfe6f],
  [0xff00, 0xff60],
  [0xffe0, 0xffe6],
  [0x17000, 0x18aff],
  [0x1b000, 0x1b2ff],
  [0x20000, 0x3fffd],
];

function cells(grapheme: string): number {
  if (ZERO.test(grapheme)) return 0;
  if (EMOJI.test(grapheme)) return 2;
  const code = grapheme.codePointAt(0)!;
  return WIDE.some(([from, to]) => code >= from && code <= to) ? 2 : 1;
}

export function widthOf(text: string): number {
  const bare = text.replace(COLOURS, '');
  if (PLAIN.test(bare)) return bare.length;
  let width = 0;
  for (const { segment } of SEGMENTER.segment(bare)) width += cells(segment);
  return width;
}

/** `text` cut to at most `columns` cells, with `ellipsis` at its end where something was cut; colours are kept and ended. */
export function clip(text: string, columns: number, ellipsis = '…'): string {
  if (widthOf(text) <= columns) return text;
  const room = columns - widthOf(ellipsis);
  if (room < 0) return '';
  let out = '';
  let used = 0;
  let coloured = false;
  // The pieces at odd places are the colours between the texts.
  for (const [i, piece] of text.split(/(\x1b\[[0-9;:]*m)/).entries()) {
    if (i % 2 === 1) {
      out += piece;
      coloured = true;
      continue;
    }
    for (const { segment } of SEGMENTER.segment(piece)) {
      used += cells(segment);
      if (used > room) return `${out}${ellipsis}${coloured ? '\x1b[0m' : ''}`;
      out += segment;
    }
  }
  return out;
}

/** `text` with spaces behind it up to `columns` cells; cut where it is longer. */
export function fit(text: string, columns: number, ellipsis = '…'): string {
  const cut = clip(text, columns, ellipsis);
  return cut + ' '.repeat(Math.max(0, columns - widthOf(cut)));
}
