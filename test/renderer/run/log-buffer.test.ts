import { expect, test } from 'vitest';
import { LogBuffer, matchesLog, MOST_LINES, type LogChunk } from '../../../src-renderer/run/logs/log-buffer.ts';
import { stripAnsi } from '../../../src-renderer/ui/parse-ansi.ts';

const chunk = (id: number, text: string, over: Partial<LogChunk> = {}): LogChunk => ({
  id,
  at: '2026-11-21T12:00:00Z',
  task_id: 't1',
  worker: 'mac-1',
  stream: 'stdout',
  text,
  ...over,
});
const texts = (buffer: LogBuffer) => buffer.lines.map(({ text }) => text);

test('chunks become lines, and a line that was not ended goes on in the next chunk of the same task', () => {
  const buffer = new LogBuffer();
  buffer.append([chunk(1, 'one\ntwo'), chunk(2, 'other\n', { task_id: 't2' }), chunk(3, ' goes on\nthree\n')]);
  expect(texts(buffer)).toEqual(['one', 'two goes on', 'other', 'three']);
  buffer.append([chunk(4, 'half')]);
  buffer.append([chunk(5, ' and half\n'), chunk(6, 'new\n')]);
  expect(texts(buffer).slice(-2)).toEqual(['half and half', 'new']);
});

test('what is known already is not taken in twice', () => {
  const buffer = new LogBuffer();
  buffer.append([chunk(1, 'one\n'), chunk(2, 'two\n')]);
  const { lines } = buffer;
  buffer.append([chunk(1, 'one\n'), chunk(2, 'two\n')]);
  expect(buffer.lines).toBe(lines);
  expect(buffer.last).toBe(2);
});

test('it holds a bounded part, and what is older can be read again', () => {
  const buffer = new LogBuffer();
  buffer.append([chunk(1, 'first\n'), chunk(2, `${'x\n'.repeat(MOST_LINES)}`)]);
  expect(buffer.lines).toHaveLength(MOST_LINES);
  expect(buffer.lacksBeginning).toBe(true);
  const small = new LogBuffer();
  small.append([chunk(5, 'five\n')]);
  small.prepend([chunk(3, 'three\n'), chunk(4, 'four\n')], true);
  expect(texts(small)).toEqual(['three', 'four', 'five']);
  expect(small).toMatchObject({ lacksBeginning: false, first: 3, last: 5 });
});

test('a carriage return writes over the line', () => {
  const buffer = new LogBuffer();
  buffer.append([chunk(1, '10 %\r20 %\r\ndone\n')]);
  expect(texts(buffer)).toEqual(['20 %', 'done']);
});

test('lines are found by worker, kind and text, without their colours', () => {
  const buffer = new LogBuffer();
  buffer.append([
    chunk(1, '\u001b[31mwrong\u001b[39m total\n', { stream: 'stderr' }),
    chunk(2, 'fine\n', { worker: 'mac-2' }),
  ]);
  const found = (filter: Parameters<typeof matchesLog>[1]) =>
    buffer.lines.filter((line) => matchesLog(line, filter, stripAnsi)).map(({ chunkId }) => chunkId);
  expect(found({ worker: '', stream: '', text: 'Wrong Total' })).toEqual([1]);
  expect(found({ worker: 'mac-2', stream: '', text: '' })).toEqual([2]);
  expect(found({ worker: '', stream: 'stderr', text: '' })).toEqual([1]);
});
