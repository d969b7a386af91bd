import { expect, test } from 'vitest';
import { bestTrace, sortAttachments, traceViewerUrl } from '../../../src-renderer/test/attachment-kind.ts';
import { attempt, file } from './attempts.ts';

test('attachments are sorted by what they are; the three pictures of a comparison belong together', () => {
  const sorted = sortAttachments([
    file('cart-expected.png', 'image/png'),
    file('cart-actual.png', 'image/png'),
    file('cart-diff.png', 'image/png'),
    file('screenshot', 'image/png'),
    file('video', 'video/webm'),
    file('trace', 'application/zip'),
    file('log', 'text/plain'),
    file('long', 'text/plain', { size: 10_000_000 }),
    file('page', 'text/html'),
    file('archive', 'application/zip'),
    file('_error-context', 'text/markdown'),
  ]);
  expect(sorted.comparisons).toMatchObject([
    { name: 'cart.png', expected: { name: 'cart-expected.png' }, diff: { name: 'cart-diff.png' } },
  ]);
  const names = (files: readonly { name: string }[]) => files.map(({ name }) => name);
  expect(names(sorted.images)).toEqual(['screenshot']);
  expect(names(sorted.videos)).toEqual(['video']);
  expect(names(sorted.traces)).toEqual(['trace']);
  expect(names(sorted.texts)).toEqual(['log']);
  expect(names(sorted.others)).toEqual(['long', 'page', 'archive']);
});

test('a picture that was just written is no expectation; an expectation alone is a picture like others', () => {
  const written = { sha256: 'a'.repeat(64) };
  const sorted = sortAttachments([
    file('new-expected.png', 'image/png', written),
    file('new-actual.png', 'image/png', written),
    file('old-expected.png', 'image/png'),
  ]);
  expect(sorted.comparisons).toMatchObject([{ name: 'new.png', expected: null, diff: null }]);
  expect(sorted.images.map(({ name }) => name)).toEqual(['old-expected.png']);
});

test('the trace to open is that of the last failure which has one here', () => {
  const trace = (name: string, over = {}) => file('trace', 'application/zip', { sha256: name, ...over });
  const first = attempt({ status: 'failed', attachments: [trace('1')] });
  const second = attempt({ status: 'failed', attachments: [trace('2', { content_url: null })] });
  const third = attempt({ attachments: [trace('3')] });
  expect(bestTrace([first, second, third])?.trace.sha256).toBe('1');
  expect(bestTrace([third])?.trace.sha256).toBe('3');
  expect(bestTrace([second])).toBeNull();
});

test('the viewer is on the origin of the trace', () => {
  expect(traceViewerUrl('http://fleet:7778/f/to.ken/trace.zip')).toBe(
    'http://fleet:7778/trace/index.html?trace=http%3A%2F%2Ffleet%3A7778%2Ff%2Fto.ken%2Ftrace.zip',
  );
});
