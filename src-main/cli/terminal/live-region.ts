/** The lines at the end of a terminal that are drawn again and again, below text that stays. */
import { widthOf } from './width.ts';

export interface TerminalStream {
  write(text: string): unknown;
  columns?: number;
  rows?: number;
}

const HIDE_CURSOR = '\x1b[?25l';
const SHOW_CURSOR = '\x1b[?25h';
const ERASE_LINE = '\x1b[K';
const ERASE_BELOW = '\x1b[J';

export class LiveRegion {
  readonly #stream: TerminalStream;
  #drawn: readonly string[] = [];
  #hidden = false;

  constructor(stream: TerminalStream) {
    this.#stream = stream;
  }

  get columns(): number {
    return Math.max(20, this.#stream.columns ?? 80);
  }

  /** Lines that a region may have; a taller one could not be erased again. */
  get rows(): number {
    return Math.max(5, (this.#stream.rows ?? 24) - 1);
  }

  /** Replaces the region. Lines must fit the columns; those beyond the rows are left out. */
  draw(lines: readonly string[]): void {
    this.#replace('', lines.slice(0, this.rows));
  }

  /** Writes lines that stay, above the region. */
  print(lines: readonly string[]): void {
    this.#replace(lines.map((line) => `${line}${ERASE_LINE}\n`).join(''), this.#drawn);
  }

  /** Takes the region away and gives the cursor back. */
  close(): void {
    this.#replace('', []);
    if (this.#hidden) this.#stream.write(SHOW_CURSOR);
    this.#hidden = false;
  }

  #replace(above: string, lines: readonly string[]): void {
    const back = this.#height();
    const start = back > 0 ? `\x1b[${back}A\r` : '';
    const hide = this.#hidden || lines.length === 0 ? '' : HIDE_CURSOR;
    this.#hidden ||= lines.length > 0;
    this.#stream.write(hide + start + above + lines.map((line) => `${line}${ERASE_LINE}\n`).join('') + ERASE_BELOW);
    this.#drawn = lines;
  }

  /** How many rows the drawn lines take: in a terminal that became narrower, a line takes several. */
  #height(): number {
    return this.#drawn.reduce((sum, line) => sum + Math.max(1, Math.ceil(widthOf(line) / this.columns)), 0);
  }
}
