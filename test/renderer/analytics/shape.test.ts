import { expect, test } from 'vitest';
import { csvOf, type Dataset } from '../../../src-renderer/analytics/dataset.ts';
import { barsOption, heatOption, linesOption, type Look } from '../../../src-renderer/analytics/options.ts';
import { byHourOfDay, weekData } from '../../../src-renderer/analytics/shape.ts';

const look: Look = {
  text: '#000',
  muted: '#000',
  line: '#000',
  bg: '#fff',
  first: '#00f',
  second: '#f00',
  weak: '#eee',
  font: 'x',
  width: 400,
};
const words = (id: string) => id;

test('the use of an hour of the day is the mean over the days on which the worker was there', () => {
  const heat = Array.from({ length: 168 }, (): number | null => null);
  heat[0] = 0.5;
  heat[24] = 1;
  heat[23] = 0;
  const hours = byHourOfDay(heat);
  expect(hours).toHaveLength(24);
  expect([hours[0], hours[1], hours[23]]).toEqual([0.75, null, 0]);
  const week = weekData(heat, ['Mo', 'Tu', 'We', 'Th', 'Fr', 'Sa', 'Su'], words);
  expect(week.rows.map(({ cells }) => cells.length)).toEqual(Array.from({ length: 7 }, () => 25));
  expect(week.rows[1]?.cells.slice(0, 2)).toEqual(['Tu', 1]);
});

test('a file for spreadsheets quotes what has to be, and lets no title be a formula', () => {
  const data: Dataset = {
    columns: [
      { id: 'test', head: 'Test', kind: 'text' },
      { id: 'mean', head: 'Mean', kind: 'duration' },
    ],
    rows: [{ cells: ['says "hi", twice', 1.5] }, { cells: ['=HYPERLINK("x")', null] }, { cells: ['-1', -1] }],
  };
  expect(csvOf(data)).toBe('test,mean\r\n"says ""hi"", twice",1.5\r\n"\'=HYPERLINK(""x"")",\r\n\'-1,-1\r\n');
});

test('what is not known is drawn as nothing, not as 0', () => {
  const data: Dataset = {
    columns: [
      { id: 'worker', head: 'Worker', kind: 'text' },
      { id: '00', head: '00', kind: 'rate' },
      { id: '01', head: '01', kind: 'rate' },
    ],
    rows: [{ cells: ['a', null, 0] }, { cells: ['b', 0.5, null] }],
  };
  const format = String;
  const series = (option: object) => (option as { series: { data: unknown }[] }).series.map((one) => one.data);
  expect(series(heatOption(data, format, look))).toEqual([
    [
      [1, 0, 0],
      [0, 1, 0.5],
    ],
  ]);
  expect(series(linesOption(data, ['00', '01'], format, look))).toEqual([
    [null, 0.5],
    [0, null],
  ]);
  expect(series(barsOption(data, '01', format, look))).toEqual([[0, null]]);
});
