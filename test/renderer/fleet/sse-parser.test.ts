import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SseParser } from '../../../src-renderer/fleet/sse-parser.ts';

const WIRE =
  ':\n\nid: 7.abc\ndata: {"a":1}\n\ndata: live\n\n:\n\nid: 8.abc\ndata: one\ndata: two\n\nid: 9.abc\ndata: not yet';
const MESSAGES = [
  { id: '7.abc', data: '{"a":1}' },
  { id: null, data: 'live' },
  { id: '8.abc', data: 'one\ntwo' },
];

test('messages are the same, however the stream is cut into pieces', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(WIRE.length)), (cuts) => {
      const parser = new SseParser();
      const edges = [0, ...cuts.sort((a, b) => a - b), WIRE.length];
      const found = edges.slice(1).flatMap((end, index) => parser.push(WIRE.slice(edges[index], end)));
      expect(found).toEqual(MESSAGES);
    }),
  );
});
