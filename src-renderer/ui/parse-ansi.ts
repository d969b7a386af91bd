/** Reads the colours that terminals know out of a text (SGR escapes). Every other escape is left out. */

export interface AnsiPart {
  text: string;
  bold: boolean;
  dim: boolean;
  italic: boolean;
  underline: boolean;
  /** 0–7 normal, 8–15 bright; null = that of the page. Larger palettes are brought down to these, so that both themes can show them. */
  foreground: number | null;
  background: number | null;
}

type Style = Omit<AnsiPart, 'text'>;
const PLAIN: Style = { bold: false, dim: false, italic: false, underline: false, foreground: null, background: null };

// CSI sequences, OSC sequences (titles, links) up to their end, and other two-character escapes.
const ESCAPE = /\u001b(?:\[([0-9;:]*)[ -/]*([@-~])|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[ -/]*[0-~]?)/g;

/** The parts of a text that share a style; `before`: the style in which the text before it ended. */
export function parseAnsi(text: string): AnsiPart[] {
  const parts: AnsiPart[] = [];
  let style = PLAIN;
  let from = 0;
  const add = (piece: string) => {
    if (piece !== '') parts.push({ text: piece, ...style });
  };
  for (const match of text.matchAll(ESCAPE)) {
    add(text.slice(from, match.index));
    from = match.index + match[0].length;
    if (match[2] === 'm') style = applied(style, (match[1] ?? '').split(/[;:]/).map(Number));
  }
  add(text.slice(from));
  return parts;
}

/** The text without any escape. */
export const stripAnsi = (text: string): string => text.replaceAll(ESCAPE, '');

function applied(before: Style, codes: readonly number[]): Style {
  const style = { ...before };
  for (let index = 0; index < codes.length; index++) {
    const code = codes[index]!;
    if (code === 0) Object.assign(style, PLAIN);
    else if (code === 1) style.bold = true;
    else if (code === 2) style.dim = true;
    else if (code === 3) style.italic = true;
    else if (code === 4) style.underline = true;
    else if (code === 22) style.bold = style.dim = false;
    else if (code === 23) style.italic = false;
    else if (code === 24) style.underline = false;
    else if (code === 7) [style.foreground, style.background] = [style.background ?? 0, style.foreground ?? 7];
    else if (code === 27) {
      const { foreground, background } = style;
      style.foreground = background === 7 ? null : background;
      style.background = foreground === 0 ? null : foreground;
    } else if (code === 38 || code === 48) {
      const [colour, used] = palette(codes.slice(index + 1));
      index += used;
      if (code === 38) style.foreground = colour;
      else style.background = colour;
    } else if (code === 39) style.foreground = null;
    else if (code === 49) style.background = null;
    else if (code >= 30 && code <= 37) style.foreground = code - 30;
    else if (code >= 90 && code <= 97) style.foreground = code - 82;
    else if (code >= 40 && code <= 47) style.background = code - 40;
    else if (code >= 100 && code <= 107) style.background = code - 92;
  }
  return style;
}

/** What stands behind 38 or 48, and how many numbers it took. */
function palette(rest: readonly number[]): [colour: number | null, used: number] {
  const [kind, first = 0, second = 0, third = 0] = rest;
  if (kind === 5) return [fromPalette(first), 2];
  if (kind === 2) return [nearest(first, second, third), 4];
  return [null, 1];
}

function fromPalette(index: number): number | null {
  if (index < 16) return index;
  if (index >= 232) return index < 244 ? 8 : 7;
  const cube = index - 16;
  const level = (n: number) => (n === 0 ? 0 : 55 + 40 * n);
  return nearest(level(Math.floor(cube / 36)), level(Math.floor(cube / 6) % 6), level(cube % 6));
}

/** One of the eight hues, bright where the colour is. */
function nearest(red: number, green: number, blue: number): number {
  const strongest = Math.max(red, green, blue);
  if (strongest < 64) return 0;
  const on = (channel: number) => (channel > strongest / 2 ? 1 : 0);
  const hue = on(red) + 2 * on(green) + 4 * on(blue);
  return strongest > 191 && hue !== 7 ? hue + 8 : hue;
}
