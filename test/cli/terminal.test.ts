import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { TerminalEnvironment } from '../../src-main/cli/config.ts';
import { foreign, foreignLine } from '../../src-main/cli/terminal/foreign.ts';
import { ago, bytes, clockTime, duration } from '../../src-main/cli/terminal/format.ts';
import { LiveRegion } from '../../src-main/cli/terminal/live-region.ts';
import { makeStyle, wantsColour, wantsUnicode } from '../../src-main/cli/terminal/style.ts';
import { tableLines } from '../../src-main/cli/terminal/table.ts';
import { clip, fit, widthOf } from '../../src-main/cli/terminal/width.ts';
import { readScreen } from './support/screen.ts';

test('of foreign text only colours, line feeds and tabs come through', () => {
  const title =
    '\x1b]0;renamed\x07a\x1b[2J\x1b[31mred\x1b[0m\x1b]8;;http://evil\x1b\\link\x1b]8;;\x1b\\\r\b\x07\x9b1mC\x1bcZ\t!';
  expect(foreign(title, false)).toBe('aredlinkCZ  !');
  expect(foreign(title, true)).toBe('a\x1b[31mred\x1b[0mlinkCZ  !\x1b[0m');
  expect(foreign('\u202edlrow\u2066\u200b', true)).toBe('dlrow');
  expect(foreignLine('one\n  two\t three ')).toBe('one two three');
});

test('whatever foreign text holds, nothing is left that moves the cursor', () => {
  const nasty = fc.array(
    fc.oneof(
      fc.constantFrom(
        '\x1b',
        '[',
        ']',
        '\x9b',
        '\x9d',
        '\x07',
        '\x1b\\',
        '31m',
        '2J',
        ';',
        '8;;x',
        'P',
        '\r',
        '\n',
        '\x00',
        '\u202e',
        '😀',
      ),
      fc.string(),
    ),
    { maxLength: 20 },
  );
  fc.assert(
    fc.property(nasty, fc.boolean(), (parts, colour) => {
      const left = foreign(parts.join(''), colour).replace(/\x1b\[[0-9;:]*m/g, colour ? '' : '$&');
      expect(left).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/);
    }),
    { numRuns: 500 },
  );
});

test('width counts cells: wide characters two, marks and colours none', () => {
  expect(widthOf('abc')).toBe(3);
  expect(widthOf('漢字')).toBe(4);
  expect(widthOf('e\u0301')).toBe(1);
  expect(widthOf('👩‍👩‍👧')).toBe(2);
  expect(widthOf('\x1b[31mred\x1b[0m')).toBe(3);
});

test('cut text never takes more cells than it may, and ends its colours', () => {
  expect(clip('abcdef', 4)).toBe('abc…');
  expect(clip('漢字漢字', 5)).toBe('漢字…');
  expect(clip('\x1b[31mabcdef\x1b[0m', 4)).toBe('\x1b[31mabc…\x1b[0m');
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 0, max: 40 }), (text, columns) => {
      const clean = foreign(text, false).replaceAll('\n', ' ');
      expect(widthOf(clip(clean, columns))).toBeLessThanOrEqual(columns);
      expect(widthOf(fit(clean, columns))).toBeGreaterThanOrEqual(columns === 0 ? 0 : columns - 1);
    }),
  );
});

const ENV: TerminalEnvironment = {
  noColor: '',
  forceColor: undefined,
  term: 'xterm',
  locale: 'en_US.UTF-8',
  platform: 'linux',
  modernConsole: false,
  ci: false,
};

test('colour follows the terminal, NO_COLOR and FORCE_COLOR, in that order of force', () => {
  expect(wantsColour(ENV, true)).toBe(true);
  expect(wantsColour(ENV, false)).toBe(false);
  expect(wantsColour({ ...ENV, term: 'dumb' }, true)).toBe(false);
  expect(wantsColour({ ...ENV, noColor: '1' }, true)).toBe(false);
  expect(wantsColour({ ...ENV, noColor: '1', forceColor: '1' }, false)).toBe(true);
  expect(wantsColour({ ...ENV, forceColor: '0' }, true)).toBe(false);
});

test('signs outside ASCII need a terminal and a locale that have them', () => {
  expect(wantsUnicode(ENV)).toBe(true);
  expect(wantsUnicode({ ...ENV, locale: '' })).toBe(true);
  expect(wantsUnicode({ ...ENV, locale: 'C' })).toBe(false);
  expect(wantsUnicode({ ...ENV, term: 'dumb' })).toBe(false);
  expect(wantsUnicode({ ...ENV, platform: 'win32' })).toBe(false);
  expect(wantsUnicode({ ...ENV, platform: 'win32', modernConsole: true })).toBe(true);
  const { signs } = makeStyle({ colour: false, unicode: false });
  expect(Object.values(signs).join('')).toMatch(/^[\x20-\x7e]+$/);
  expect(new Set([signs.passed, signs.failed, signs.flaky, signs.skipped, signs.running]).size).toBe(5);
});

test('numbers read well', () => {
  expect([clockTime(7000), clockTime(754_000), clockTime(3_723_000)]).toEqual(['0:07', '12:34', '1:02:03']);
  expect([duration(340), duration(12_340), duration(59_960), duration(90_000)]).toEqual([
    '340 ms',
    '12.3 s',
    '0:59',
    '1:30',
  ]);
  expect([bytes(0), bytes(999), bytes(1234), bytes(56_789_000)]).toEqual(['0 B', '999 B', '1.2 kB', '57 MB']);
  expect([ago(5000), ago(120_000), ago(7_200_000), ago(90_000_000)]).toEqual([
    'just now',
    '2 min ago',
    '2 h ago',
    '1 day ago',
  ]);
});

test('a table gives up the width of flexible columns first, and fits the terminal', () => {
  const rows = [{ name: 'a very long name that does not fit at all', n: '12' }];
  const columns = [
    { title: 'NAME', value: (row: (typeof rows)[number]) => row.name, flexible: true },
    { title: 'N', value: (row: (typeof rows)[number]) => row.n, right: true },
  ];
  const lines = tableLines(rows, columns, makeStyle({ colour: false, unicode: true }), 24);
  expect(lines).toEqual(['NAME                   N', 'a very long name th…  12']);
});

test('the live region is drawn over itself, and what is printed stays above it', () => {
  const stream = { text: '', columns: 30, rows: 8, write: (text: string) => void (stream.text += text) };
  const region = new LiveRegion(stream);
  region.draw(['one', 'two', 'three']);
  region.print(['failure']);
  region.draw(['1', '2']);
  expect(readScreen(stream.text, 30)).toEqual({
    lines: ['failure', '1', '2', ''],
    overflowed: [],
    cursorHidden: true,
    unknown: [],
  });
  region.draw(Array.from({ length: 20 }, (_, i) => `line ${i}`));
  expect(readScreen(stream.text, 30).lines).toHaveLength(1 + 7 + 1);
  region.close();
  expect(readScreen(stream.text, 30)).toMatchObject({ lines: ['failure', ''], cursorHidden: false });
});

test('in a terminal that became narrower all rows of the old lines are erased', () => {
  const stream = { text: '', columns: 40, rows: 20, write: (text: string) => void (stream.text += text) };
  const region = new LiveRegion(stream);
  region.draw(['x'.repeat(35), 'y']);
  stream.columns = 20;
  stream.text = '';
  region.draw(['z']);
  expect(stream.text).toContain('\x1b[3A');
});
