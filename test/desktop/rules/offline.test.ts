import { describe, expect, test } from 'vitest';
import type { CopyFacts, OwnPromotion } from '../../../shared/protocol/desktop/offline.ts';
import { HANDS_OFF_MS } from '../../../shared/model/update-policy.ts';
import type { Hours } from '../../../shared/protocol/desktop/manners.ts';
import type { DesktopState, RememberedCoordinator } from '../../../shared/protocol/desktop/state.ts';
import { busynessOf } from '../../../src-main/desktop/rules/busyness.ts';
import { notices } from '../../../src-main/desktop/rules/notices.ts';
import { hasLostCoordinator, offersPromotion } from '../../../src-main/desktop/rules/offline.ts';
import { trayView, type TrayItem } from '../../../src-main/desktop/rules/tray.ts';
import { agentSays, desktop, part } from '../state.ts';

const NOW = Date.UTC(2026, 10, 20, 11, 30);
const COPY: CopyFacts = {
  at: NOW - 60_000,
  tests: 182,
  secrets: false,
  until: NOW + 86_400_000,
  problem: null,
  key: 'safe',
};
const MILL: RememberedCoordinator = {
  id: 'mill',
  name: 'mill',
  url: 'https://mill:4800',
  pinned: true,
  own: false,
  active: true,
  signedIn: true,
};
const PROMOTED: OwnPromotion = {
  name: 'mill',
  part: part({ state: 'running' }),
  ending: false,
  shown: null,
  about: null,
};
const HOMECOMING = {
  state: 'uploading' as const,
  detail: null,
  runs_to_bring: 3,
  sent: 1,
  total: 9,
  verified_at: null,
  counts: null,
  hash: null,
  conflicts: null,
};

type Change = Parameters<typeof desktop>[0];
const lost = (change: Change = {}): DesktopState =>
  desktop({ agent: { status: agentSays({ state: 'offline' }) }, coordinators: [MILL], ...change });
const labels = (menu: readonly TrayItem[]) => menu.flatMap((item) => ('label' in item ? item.label : []));
const menuOf = (state: DesktopState) => labels(trayView(state, { now: NOW, timeZone: 'UTC' }).menu);

describe('standing in', () => {
  test('is offered to who keeps a copy and has lost its coordinator, and to nobody who is connected to it', () => {
    expect(offersPromotion(lost({ offline: { copy: COPY } }))).toBe(true);
    expect(offersPromotion(lost())).toBe(false);
    for (const state of ['idle', 'busy', 'attention'] as const)
      expect(offersPromotion(lost({ offline: { copy: COPY }, agent: { status: agentSays({ state }) } }))).toBe(false);
    // A machine that is paused does not say whether it reaches anybody.
    expect(offersPromotion(lost({ offline: { copy: COPY }, agent: { status: agentSays({ state: 'paused' }) } }))).toBe(
      true,
    );
    expect(hasLostCoordinator(agentSays({ state: 'paused' }))).toBe(false);
    expect(offersPromotion(lost({ offline: { copy: COPY, promotion: PROMOTED } }))).toBe(false);
    const follows = { name: 'ada', address: 'https://10.0.0.2:4800', since: NOW };
    expect(offersPromotion(lost({ offline: { copy: COPY, follows } }))).toBe(false);
  });

  test('is a choice in the tray, which then says so, and offers the way home', () => {
    expect(menuOf(lost({ offline: { copy: COPY } }))).toContain('Stand in for mill…');
    expect(menuOf(desktop({ coordinators: [MILL], offline: { copy: COPY } }))).not.toContain('Stand in for mill…');
    const promoted = menuOf(desktop({ coordinators: [MILL], offline: { copy: COPY, promotion: PROMOTED } }));
    expect(promoted).toEqual(expect.arrayContaining(['Stands in for mill', 'Bring everything home…']));
    const about = { since: NOW, copiedAt: NOW, secrets: false, homecoming: HOMECOMING };
    const ending = menuOf(
      desktop({ coordinators: [MILL], offline: { promotion: { ...PROMOTED, ending: true, about } } }),
    );
    expect(ending).toContain('Brings everything home to mill: 3 runs to bring');
    expect(ending).not.toContain('Bring everything home…');
  });

  test('that was given up is shown, told once, and tried again', () => {
    const given = { ...PROMOTED, part: part({ state: 'given_up', failures: 6, problem: 'Its disk is full.' }) };
    const state = desktop({ coordinators: [MILL], offline: { promotion: given } });
    const view = trayView(state, { now: NOW, timeZone: 'UTC' });
    expect(view.icon).toBe('attention');
    expect(labels(view.menu)).toEqual(expect.arrayContaining(['Its disk is full.', 'Try again']));
    const first = notices(state, {}, NOW);
    expect(first.show).toMatchObject([
      { title: 'This computer no longer stands in for the coordinator', body: 'Its disk is full.' },
    ]);
    expect(notices(state, first.told, NOW + 1000).show).toEqual([]);
  });
});

describe('following', () => {
  const standIns = [{ name: 'ada & co', address: 'https://10.0.0.2:4800' }];

  test('whoever has proven to stand in is told of once, and offered', () => {
    const state = lost({ offline: { standIns } });
    expect(menuOf(state)).toContain('Switch to ada && co…');
    const { show, told } = notices(state, {}, NOW);
    expect(show).toMatchObject([{ title: 'ada & co stands in for mill', page: '/this-computer?tab=offline' }]);
    expect(notices(state, told, NOW + 60_000).show).toEqual([]);
  });

  test('says for whom it works, and offers the way back', () => {
    const follows = { name: 'ada', address: 'https://10.0.0.2:4800', since: NOW };
    expect(menuOf(desktop({ coordinators: [MILL], offline: { follows } }))).toEqual(
      expect.arrayContaining(['Works for ada, which stands in', 'Back to mill']),
    );
  });
});

test('what came home is told while it is news', () => {
  const home = { name: 'mill', at: NOW, counts: { run: 2, test: 40 }, hash: 'ab', conflicts: 1, deleted: true };
  const told = (now: number, deleted = true) =>
    notices(desktop({ coordinators: [MILL], offline: { home: { ...home, deleted } } }), {}, now).show;
  expect(told(NOW + 1000)).toMatchObject([
    {
      title: 'Everything is at home at mill',
      body: '2 runs, counted and verified; what this computer kept is deleted. 1 conflict to decide there.',
    },
  ]);
  expect(told(NOW + 1000, false)).toEqual([]);
  expect(told(NOW + 3_600_000)).toEqual([]);
});

describe('an update', () => {
  const hours: Hours = {
    timeZone: 'Europe/Amsterdam',
    week: [{ days: ['fri'], from: '12:30', to: '18:00' }],
    exceptions: [],
  };
  const at = (now: number) => busynessOf({ status: agentSays(), hours, isWatched: false, now });

  test('knows when the hours of this computer began, in their first minute', () => {
    expect(at(NOW - 1)).toMatchObject({ hoursBeganAt: null, hoursBeginAt: NOW });
    expect(at(NOW)).toMatchObject({ hoursBeganAt: NOW, hoursBeginAt: null });
    expect(at(NOW + HANDS_OFF_MS - 1)).toMatchObject({ hoursBeganAt: NOW });
    expect(at(NOW + HANDS_OFF_MS)).toMatchObject({ hoursBeganAt: null, hoursBeginAt: null });
    expect(busynessOf({ status: null, hours: null, isWatched: true, now: NOW })).toEqual({
      running: 0,
      isMetered: false,
      isWatched: true,
      hoursBeganAt: null,
      hoursBeginAt: null,
    });
  });

  test('knows of a metered network what the agent has observed', () => {
    const why = [{ mode: 'fewer' as const, reason: 'metered' as const, until: null }];
    const status = agentSays({ why, slots: { total: 4, lent: 1, busy: 1 } });
    expect(busynessOf({ status, hours: null, isWatched: false, now: NOW })).toMatchObject({
      running: 1,
      isMetered: true,
    });
  });
});
