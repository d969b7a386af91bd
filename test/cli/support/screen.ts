/** Reads what a program wrote to a terminal as a person would see it: enough of a terminal for what the command line uses. */
import { widthOf } from '../../../src-main/cli/terminal/width.ts';

export interface Screen {
  /** All lines from the first on, without trailing spaces; those that scrolled away too. */
  lines: string[];
  /** Lines that did not fit the columns and went on in the next row. */
  overflowed: string[];
  /** Whether the cursor is hidden at the end. */
  cursorHidden: boolean;
  /** Sequences that such a terminal does not know. */
  unknown: string[];
}

export function readScreen(output: string, columns: number): Screen {
  const lines: string[] = [''];
  const overflowed: string[] = [];
  const unknown: string[] = [];
  let row = 0;
  let rewritten = '';
  let cursorHidden = false;
  const put = (text: string): void => {
    rewritten += text;
    lines[row] = rewritten + [...(lines[row] ?? '')].slice([...rewritten].length).join('');
    if (widthOf(rewritten) > columns && !overflowed.includes(rewritten)) overflowed.push(rewritten);
  };
  const pattern = /\x1b\[(\?25[hl])|\x1b\[([0-9;]*)([A-Za-z])|(\r)|(\n)|([^\x1b\r\n]+)|(\x1b.?)/g;
  for (const [, cursor, number, command, carriageReturn, lineFeed, text, other] of output.matchAll(pattern)) {
    if (cursor) cursorHidden = cursor.endsWith('l');
    else if (command === 'A') row = Math.max(0, row - Number(number === '' ? 1 : number));
    else if (command === 'K') lines[row] = rewritten;
    else if (command === 'J') {
      lines.length = row + 1;
      lines[row] = rewritten;
    } else if (command !== undefined && command !== 'm') unknown.push(`${number}${command}`);
    else if (carriageReturn) rewritten = '';
    else if (lineFeed) {
      row += 1;
      rewritten = '';
      lines[row] ??= '';
    } else if (text) put(text);
    else if (other) unknown.push(JSON.stringify(other));
  }
  return { lines: lines.map((line) => line.trimEnd()), overflowed, cursorHidden, unknown };
}
