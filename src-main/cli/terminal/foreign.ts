/**
 * Text that others wrote (titles, errors, logs) may hold escape sequences that move the cursor, rename the window, write to the clipboard
 * or hide what is printed. Only colour comes through.
 */

const COLOUR = /\x1b\[[0-9;:]{0,64}m/y;
/** Any other escape sequence: strings up to their end (OSC, DCS, SOS, PM, APC), control sequences, short ones. Also the 8-bit forms. */
const STRING_SEQUENCE = /(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?/y;
const CONTROL_SEQUENCE = /(?:\x1b\[|\x9b)[\x20-\x3f]*[\x40-\x7e]?/y;
const SHORT_SEQUENCE = /\x1b[\x20-\x2f]*[\x30-\x7e]?/y;
/** Marks that change the direction of text or hide it. */
const HIDDEN = /[\u061c\u200b\u200e\u200f\u2028\u2029\u202a-\u202e\u2060-\u2069\ufeff]/;

/** `text` with line feeds, tabs (as two spaces) and, where `colour` is true, colours, which are ended with the text; nothing else that is not shown. */
export function foreign(text: string, colour: boolean): string {
  let out = '';
  let coloured = false;
  for (let at = 0; at < text.length;) {
    const char = text[at]!;
    if (char === '\x1b' || (char >= '\x80' && char <= '\x9f')) {
      const kept = matchAt(COLOUR, text, at);
      if (kept !== null) {
        if (colour) {
          out += kept;
          coloured = true;
        }
        at += kept.length;
        continue;
      }
      const dropped =
        matchAt(STRING_SEQUENCE, text, at) ?? matchAt(CONTROL_SEQUENCE, text, at) ?? matchAt(SHORT_SEQUENCE, text, at);
      at += Math.max(1, dropped?.length ?? 1);
      continue;
    }
    at += 1;
    if (char === '\t') out += '  ';
    else if (char === '\n' || (char >= ' ' && char !== '\x7f' && !HIDDEN.test(char))) out += char;
  }
  return coloured ? `${out}\x1b[0m` : out;
}

/** The same on one line: line breaks and runs of spaces become one space. */
export function foreignLine(text: string, colour = false): string {
  return foreign(text, colour).replace(/\s+/g, ' ').trim();
}

function matchAt(pattern: RegExp, text: string, at: number): string | null {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? null;
}
