import { expect, test } from 'vitest';
import { regionOf } from '../../../src-renderer/ui/i18n.ts';
import { keyName } from '../../../src-renderer/ui/keys.ts';
import { parseAnsi, stripAnsi } from '../../../src-renderer/ui/parse-ansi.ts';
import { sparkPath } from '../../../src-renderer/ui/sparkline.tsx';
import { dateText, durationText, relativeText } from '../../../src-renderer/ui/time-text.ts';
import { readView, writeView } from '../../../src-renderer/ui/view-state.ts';

const ESC = '\u001b';

test('what is shown inverse ends where it ends', () => {
  const parts = parseAnsi('\u001b[32ma\u001b[7mb\u001b[27mc\u001b[39m\u001b[7md\u001b[27me');
  expect(parts.map(({ foreground, background }) => [foreground, background])).toEqual([
    [2, null],
    [0, 2],
    [2, null],
    [0, 7],
    [null, null],
  ]);
});

test('colours and weights of a terminal are read, and end where they are taken back', () => {
  expect(parseAnsi(`a${ESC}[31mred${ESC}[1;92mbold${ESC}[0mz`)).toMatchObject([
    { text: 'a', foreground: null, bold: false },
    { text: 'red', foreground: 1, bold: false },
    { text: 'bold', foreground: 10, bold: true },
    { text: 'z', foreground: null, bold: false },
  ]);
  expect(parseAnsi(`${ESC}[2mdim${ESC}[22mnot${ESC}[44mback${ESC}[49m.`)).toMatchObject([
    { text: 'dim', dim: true },
    { text: 'not', dim: false, background: null },
    { text: 'back', background: 4 },
    { text: '.', background: null },
  ]);
});

test('larger palettes are brought down to the sixteen colours that both themes can show', () => {
  expect(parseAnsi(`${ESC}[38;5;196mx`)[0]?.foreground).toBe(9);
  expect(parseAnsi(`${ESC}[38;2;0;128;0mx`)[0]?.foreground).toBe(2);
  expect(parseAnsi(`${ESC}[38;5;240;1mx`)[0]).toMatchObject({ foreground: 8, bold: true });
});

test('whatever else a terminal is told leaves no trace in the text', () => {
  const text = `${ESC}[2K${ESC}[1Gone${ESC}]0;title\u0007 two${ESC}]8;;https://x${ESC}\\ three${ESC}[`;
  expect(stripAnsi(text)).toBe('one two three');
  expect(
    parseAnsi(text)
      .map((part) => part.text)
      .join(''),
  ).toBe('one two three');
});

test('durations are as fine as they need to be', () => {
  const texts = [0.4, 850, 12_340, 59_970, 245_000, 7_620_000].map((ms) => durationText(ms, 'en'));
  expect(texts).toEqual(['0 ms', '850 ms', '12.3 s', '1 min 00 s', '4 min 05 s', '2 h 07 min']);
  expect(durationText(12_340, 'de')).toBe('12,3 s');
  expect([900, 12_999, 61_000].map((ms) => durationText(ms, 'en', 'seconds'))).toEqual(['0 s', '12 s', '1 min 01 s']);
});

test('times are those of the time zone in which one looks', () => {
  const at = Date.parse('2026-11-21T23:30:00Z');
  expect(regionOf('en', ['de-AT', 'en-GB', 'en-US'])).toBe('en-GB');
  expect(regionOf('de', ['en-GB'])).toBe('de');
  expect(dateText(at, 'de', 'short', 'Europe/Berlin')).toBe('22.11.26, 00:30');
  expect(dateText(at, 'en', 'full', 'America/New_York')).toBe('Nov 21, 2026, 06:30:00 PM EST');
});

test('how long ago something was', () => {
  const now = Date.parse('2026-11-21T12:00:00Z');
  expect(relativeText(now - 20_000, now, 'en')).toBe('now');
  expect(relativeText(now - 190_000, now, 'en')).toBe('3 min. ago');
  expect(relativeText(now + 7_200_000, now, 'de')).toBe('in 2 Std.');
  expect(relativeText(now - 86_400_000, now, 'en')).toBe('yesterday');
});

test('a line is broken where a value is not known, and never leaves its picture', () => {
  expect(sparkPath([0, 50, null, 200], 100, 30, 10)).toBe('M0 10L10 5M30 0h0');
  expect(sparkPath([0, null, 50, null, null, 100], 100, 50, 10, 1)).toBe('M0 10L20 5M50 0h0');
  expect(sparkPath([], 0, 30, 10)).toBe('');
});

test('of the view, the address holds only what differs from the beginning, and what others put there', () => {
  const defaults = { q: '', tab: 'tests' };
  expect(readView({ tab: 'logs', other: '1', q: 7 }, defaults)).toEqual({ q: '', tab: 'logs' });
  expect(writeView({ tab: 'logs', other: '1' }, defaults, { q: 'x', tab: 'tests' })).toEqual({ q: 'x', other: '1' });
});

test('keys have one name, whatever the keyboard', () => {
  const none = { ctrlKey: false, metaKey: false, altKey: false };
  expect(keyName({ ...none, key: 'K', metaKey: true })).toBe('mod+k');
  expect(keyName({ ...none, key: 'k', ctrlKey: true })).toBe('mod+k');
  expect(keyName({ ...none, key: '?' })).toBe('?');
  expect(keyName({ ...none, key: 'j', altKey: true })).toBe('alt+j');
});
