/** Colours and signs. Each sign differs in shape as well, so that nothing is said by colour alone. */
import type { TerminalEnvironment } from '../config.ts';

/** FORCE_COLOR wins over NO_COLOR, as in Node itself; both win over what the stream is. */
export function wantsColour(env: TerminalEnvironment, isTty: boolean): boolean {
  if (env.forceColor !== undefined) return env.forceColor !== '0' && env.forceColor !== 'false';
  if (env.noColor !== '') return false;
  return isTty && env.term !== 'dumb';
}

/** Whether signs outside ASCII can be drawn. An unset locale says nothing, and most terminals can. */
export function wantsUnicode(env: TerminalEnvironment): boolean {
  if (env.platform === 'win32') return env.modernConsole;
  if (env.term === 'dumb' || env.term === 'linux') return false;
  return env.locale === '' || /utf-?8/i.test(env.locale);
}

const CODES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, blue: 34, grey: 90 } as const;
export type Colour = keyof typeof CODES;

const UNICODE_SIGNS = {
  passed: '✓',
  failed: '✕',
  flaky: '▲',
  skipped: '–',
  running: '◌',
  separator: '›',
  dot: '·',
  full: '█',
  empty: '░',
  ellipsis: '…',
  rule: '─',
  arrow: '→',
};
export type Signs = typeof UNICODE_SIGNS;
const ASCII_SIGNS: Signs = {
  passed: '+',
  failed: 'x',
  flaky: '!',
  skipped: '-',
  running: 'o',
  separator: '>',
  dot: '-',
  full: '#',
  empty: '.',
  ellipsis: '~',
  rule: '-',
  arrow: '->',
};

export interface Style {
  colour: boolean;
  signs: Signs;
  paint: (colour: Colour, text: string) => string;
}

export function makeStyle(options: { colour: boolean; unicode: boolean }): Style {
  return {
    colour: options.colour,
    signs: options.unicode ? UNICODE_SIGNS : ASCII_SIGNS,
    paint: (colour, text) => (options.colour && text !== '' ? `\x1b[${CODES[colour]}m${text}\x1b[0m` : text),
  };
}
