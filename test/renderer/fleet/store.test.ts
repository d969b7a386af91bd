import { QueryObserver } from '@tanstack/react-query';
import { expect, onTestFinished, test } from 'vitest';
import type { Clock } from '../../../shared/base/clock.ts';
import { ApiError } from '../../../src-renderer/fleet/api-error.ts';
import { followFleet, queryClient } from '../../../src-renderer/fleet/store.ts';

/** All that waits for seconds comes after milliseconds. */
const quickClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(_ms, fn) {
    const timer = setTimeout(fn, 5);
    return () => clearTimeout(timer);
  },
};

test('what could be read and cannot any more comes to its error, although everything is read anew every few seconds then', async () => {
  const away = new ApiError('no answer');
  let polls = 0;
  let asked = 0;
  const following = followFleet({
    clock: quickClock,
    client: { stream: () => Promise.reject(away) },
    read: {
      run: () => Promise.reject(away),
      newestRuns: () => {
        polls += 1;
        return Promise.reject(away);
      },
    },
  });
  const observer = new QueryObserver(queryClient, {
    queryKey: ['offline'],
    retryDelay: 40,
    queryFn: () => {
      asked += 1;
      return asked === 1 ? Promise.resolve('here') : Promise.reject(away);
    },
  });
  const failed = Promise.withResolvers<void>();
  const leave = observer.subscribe(({ isError }) => isError && failed.resolve());
  onTestFinished(() => {
    following.stop();
    leave();
    queryClient.clear();
  });
  await failed.promise;
  // Once while it was there, then a try and three more, while everything was read anew many times.
  expect(asked).toBeGreaterThanOrEqual(5);
  expect(polls).toBeGreaterThan(4);
});
