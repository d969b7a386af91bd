import { expect, test } from 'vitest';
import type { RunEnd } from '../../../src-main/agent/playwright/run-process.ts';
import { processEnd, type EndFacts } from '../../../src-main/agent/slots/process-end.ts';

const end: RunEnd = {
  exitCode: 0,
  signal: null,
  wallMs: 1234.5,
  swept: 0,
  left: [],
  peakMemoryBytes: 100,
  meanCpuPercent: 50,
  ended: { type: 'end', status: 'passed', notRun: [], notRunReason: null },
  blobFile: null,
  stopReason: null,
};
const facts: EndFacts = {
  work: { kind: 'units', testIds: ['a', 'b'] },
  revoked: new Set(),
  end,
  planned: ['a', 'b'],
  settled: ['a', 'b'],
  errors: [],
  blob: null,
  stopped: null,
};

test('a process that ran all that was ordered has finished, without a message', () => {
  expect(processEnd({ ...facts, blob: { sha256: 'f'.repeat(64), size: 3 } })).toEqual({
    how: 'finished',
    message: null,
    stack: null,
    exitCode: 0,
    notRun: [],
    wallMs: 1235,
    peakMemoryBytes: 100,
    meanCpuPercent: 50,
    blobSha256: 'f'.repeat(64),
    blobSize: 3,
    permanent: false,
  });
});

test('tests that the suite itself did not begin are named, and failed tests are no error outside tests', () => {
  const ended: RunEnd['ended'] = { type: 'end', status: 'failed', notRun: ['b'], notRunReason: 'setupFailed' };
  expect(processEnd({ ...facts, settled: ['a'], end: { ...end, exitCode: 1, ended } })).toMatchObject({
    how: 'finished',
    notRun: ['b'],
    message: null,
  });
});

test('an error outside the tests is the message, also where every test has a result', () => {
  expect(processEnd({ ...facts, errors: ['teardown broke', 'and more'] }).message).toBe('teardown broke\n\nand more');
});

test('a process that died, or was interrupted by somebody else, has crashed; by us, it was stopped', () => {
  const died: RunEnd = { ...end, exitCode: null, signal: 'SIGKILL', ended: null };
  expect(processEnd({ ...facts, settled: ['a'], end: died })).toMatchObject({
    how: 'crashed',
    message: 'Playwright was killed by SIGKILL',
  });
  const interrupted: RunEnd = {
    ...end,
    exitCode: 130,
    ended: { type: 'end', status: 'interrupted', notRun: ['b'], notRunReason: 'interrupted' },
  };
  expect(processEnd({ ...facts, settled: ['a'], end: interrupted })).toMatchObject({ how: 'crashed', notRun: [] });
  const stopped = { how: 'timeout', reason: 'it took too long' } as const;
  expect(processEnd({ ...facts, settled: ['a'], end: { ...interrupted, stopReason: 'x' }, stopped })).toMatchObject({
    how: 'timeout',
    message: 'it took too long',
  });
});

test('of a shard, what it planned is what was ordered', () => {
  const work = { kind: 'shard', index: 1, total: 2, settledTestIds: [] } as const;
  const ended: RunEnd['ended'] = { type: 'end', status: 'failed', notRun: ['b'], notRunReason: 'maxFailures' };
  expect(
    processEnd({ ...facts, work: { ...work, settledTestIds: [] }, settled: ['a'], end: { ...end, ended } }).notRun,
  ).toEqual(['b']);
  const never = processEnd({
    ...facts,
    work: { ...work, settledTestIds: [] },
    planned: null,
    settled: [],
    end: { ...end, exitCode: 1, ended: null },
    errors: ['bad config'],
  });
  expect(never).toMatchObject({
    how: 'crashed',
    message: 'Playwright ended with exit code 1 before its report was complete: bad config',
  });
});
