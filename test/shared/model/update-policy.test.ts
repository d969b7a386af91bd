import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  CHECK_EVERY_MS,
  decideUpdate,
  FIRST_CHECK_MS,
  HANDS_OFF_MS,
  PATIENCE_MS,
  type UpdateFacts,
} from '../../../shared/model/update-policy.ts';

const NOW = 1_800_000_000_000;
const facts: UpdateFacts = {
  now: NOW,
  startedAt: NOW - 3_600_000,
  jitter: 0,
  lastCheckAt: NOW - 60_000,
  failedChecks: 0,
  automatic: true,
  offer: { version: '1.2.0', failedDownloads: 0, lastDownloadAt: null },
  loadedAt: NOW - 60_000,
  cannotInstall: null,
  postponedUntil: null,
  installRetryAt: null,
  asked: null,
  isShutOut: false,
  isOnTrial: false,
  machine: { running: 0, isMetered: false, isWatched: false, hoursBeganAt: null, hoursBeginAt: null },
};
type Change = Partial<Omit<UpdateFacts, 'machine'>> & { machine?: Partial<UpdateFacts['machine']> };
const decide = ({ machine, ...change }: Change) =>
  decideUpdate({ ...facts, ...change, machine: { ...facts.machine, ...machine } });

test.each<[string, Change, string, RegExp]>([
  ['what is loaded is installed when nothing is in the way', {}, 'install', /nothing is in the way/],
  ['never during a task', { machine: { running: 1 } }, 'wait', /the task that runs/],
  ['never during several', { machine: { running: 3 } }, 'wait', /3 tasks that run/],
  [
    'a machine that is never idle takes no new tasks',
    { loadedAt: NOW - PATIENCE_MS, machine: { running: 1 } },
    'drain',
    /no new ones/,
  ],
  ['who asks need not wait so long', { asked: 'install', machine: { running: 1 } }, 'drain', /no new ones/],
  [
    'not in the first minute of the working hours',
    { machine: { hoursBeganAt: NOW - HANDS_OFF_MS + 1 } },
    'wait',
    /first minute/,
  ],
  ['after it, it is', { machine: { hoursBeganAt: NOW - HANDS_OFF_MS } }, 'install', /./],
  ['not when they begin in a moment', { machine: { hoursBeginAt: NOW + HANDS_OFF_MS } }, 'wait', /begin in a moment/],
  ['nobody loses the window that they look at', { machine: { isWatched: true } }, 'wait', /window/],
  ['who asks from the window gets it', { asked: 'install', machine: { isWatched: true } }, 'install', /./],
  ['the owner puts it off', { postponedUntil: NOW + 5000 }, 'wait', /put it off/],
  ['a version that has to prove itself is not replaced yet', { isOnTrial: true, asked: 'now' }, 'wait', /come to work/],
  ['nor is its package', { isOnTrial: true, asked: 'install', loadedAt: null }, 'wait', /come to work/],
  ['it looks all the same', { isOnTrial: true, asked: 'check' }, 'check', /./],
  ['what was put off comes', { postponedUntil: NOW }, 'install', /./],
  ['after a failed installation there is a pause', { installRetryAt: NOW + 5000 }, 'wait', /another try/],
  ['at once means that what runs goes elsewhere', { asked: 'now', machine: { running: 2 } }, 'give_back', /given back/],
  ['at once means in the first minute, too', { asked: 'now', machine: { hoursBeganAt: NOW } }, 'install', /you asked/],
  [
    'who gets no work anyway need not wait',
    { isShutOut: true, machine: { hoursBeganAt: NOW } },
    'install',
    /gives no work/,
  ],
  ['what is offered is loaded', { loadedAt: null }, 'download', /loading 1.2.0/],
  ['not where it costs by the byte', { loadedAt: null, machine: { isMetered: true } }, 'wait', /cost by the byte/],
  ['unless somebody asks', { loadedAt: null, asked: 'install', machine: { isMetered: true } }, 'download', /./],
  ['not unasked where the owner wants to be asked', { loadedAt: null, automatic: false }, 'wait', /when you ask/],
  [
    'nothing is loaded that cannot be installed',
    { loadedAt: null, cannotInstall: 'install it by hand' },
    'wait',
    /by hand/,
  ],
  [
    'a failed download is tried again later',
    { loadedAt: null, offer: { version: '1.2.0', failedDownloads: 1, lastDownloadAt: NOW } },
    'wait',
    /tried again/,
  ],
  ['nothing is there', { offer: null, loadedAt: null }, 'wait', /no update is due/],
  [
    'who asks for an update that nobody knows of looks first',
    { offer: null, loadedAt: null, asked: 'install' },
    'check',
    /./,
  ],
  ['who asks looks', { offer: null, loadedAt: null, asked: 'check' }, 'check', /./],
  ['it is time to look', { offer: null, loadedAt: null, lastCheckAt: NOW - CHECK_EVERY_MS }, 'check', /./],
  ['a start is left alone at first', { offer: null, loadedAt: null, startedAt: NOW, lastCheckAt: null }, 'wait', /./],
  ['then it looks', { offer: null, loadedAt: null, startedAt: NOW - FIRST_CHECK_MS, lastCheckAt: null }, 'check', /./],
  [
    'who gets no work looks at once',
    { offer: null, loadedAt: null, startedAt: NOW, lastCheckAt: null, isShutOut: true },
    'check',
    /./,
  ],
  [
    'nobody looks unasked where the owner does not want it',
    { offer: null, loadedAt: null, lastCheckAt: null, automatic: false },
    'wait',
    /only when you ask/,
  ],
  [
    'after a failed look there is a pause',
    { offer: null, loadedAt: null, failedChecks: 1, lastCheckAt: NOW - 1000 },
    'wait',
    /./,
  ],
])('%s', (_name, change, does, why) => {
  const decision = decide(change);
  expect(decision.do).toBe(does);
  expect(decision.why).toMatch(why);
});

const anyTime = fc.option(fc.integer({ min: NOW - 10 * 3_600_000, max: NOW + 10 * 3_600_000 }), { nil: null });
const anyFacts = fc.record({
  now: fc.constant(NOW),
  startedAt: fc.integer({ min: NOW - 10 * 3_600_000, max: NOW }),
  jitter: fc.double({ min: 0, max: 0.999, noNaN: true }),
  lastCheckAt: anyTime,
  failedChecks: fc.integer({ min: 0, max: 20 }),
  automatic: fc.boolean(),
  offer: fc.option(
    fc.record({
      version: fc.constant('1.2.0'),
      failedDownloads: fc.integer({ min: 0, max: 5 }),
      lastDownloadAt: anyTime,
    }),
    { nil: null },
  ),
  loadedAt: anyTime,
  cannotInstall: fc.option(fc.constant('no'), { nil: null }),
  postponedUntil: anyTime,
  installRetryAt: anyTime,
  asked: fc.constantFrom('check' as const, 'install' as const, 'now' as const, null),
  isShutOut: fc.boolean(),
  isOnTrial: fc.boolean(),
  machine: fc.record({
    running: fc.integer({ min: 0, max: 3 }),
    isMetered: fc.boolean(),
    isWatched: fc.boolean(),
    hoursBeganAt: anyTime,
    hoursBeginAt: anyTime,
  }),
});

test('whatever the facts: nothing is installed during a task, nor in the first minute unless somebody asks for it now', () => {
  fc.assert(
    fc.property(anyFacts, (all) => {
      const { do: does, lookAgainAt, why } = decideUpdate(all);
      expect(why).not.toBe('');
      if (does === 'wait' || does === 'drain') expect(lookAgainAt).toBeGreaterThan(NOW);
      if (does !== 'install') return;
      const { running, hoursBeganAt } = all.machine;
      expect(running).toBe(0);
      expect(all.isOnTrial).toBe(false);
      expect(all.offer).not.toBeNull();
      expect(all.loadedAt).not.toBeNull();
      const isFirstMinute = hoursBeganAt !== null && hoursBeganAt <= NOW && NOW - hoursBeganAt < HANDS_OFF_MS;
      if (isFirstMinute) expect(all.asked === 'now' || all.isShutOut).toBe(true);
    }),
    { numRuns: 2000 },
  );
});
