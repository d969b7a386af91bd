import { describe, expect, test } from 'vitest';
import { trayView, type TrayItem } from '../../../src-main/desktop/rules/tray.ts';
import { momentText } from '../../../src-main/desktop/rules/words.ts';
import { agentSays, byOwner, desktop, onBattery, outsideHours, part } from '../state.ts';

/** A Friday, 12:30 in Amsterdam. */
const NOW = Date.UTC(2026, 10, 20, 11, 30);
const HOUR = 3_600_000;
const at = { now: NOW, timeZone: 'Europe/Amsterdam' };
const labels = (menu: readonly TrayItem[]) => menu.flatMap((item) => ('label' in item ? item.label : []));

describe('the tray', () => {
  test('shows an idle machine with what can be done to it', () => {
    const view = trayView(desktop(), at);
    expect(view).toMatchObject({ icon: 'idle', title: '', tooltip: 'Playfleet · Ready for tests' });
    expect(labels(view.menu)).toEqual([
      'Ready for tests',
      'Open dashboard',
      'This computer…',
      'Pause for 1 hour',
      'Pause until tomorrow',
      'Pause until I resume',
      'Start at login',
      'Quit when tests have finished',
      'Quit now, give tests back',
    ]);
  });

  test('counts busy slots and names a few tests, each on one line', () => {
    const tests = Array.from({ length: 6 }, (_, n) => ({
      run: 'r',
      title: `cart & checkout\n${n} ${'x'.repeat(80)}`,
      since: NOW,
    }));
    const status = agentSays({ state: 'busy', slots: { total: 4, lent: 4, busy: 3 }, tests });
    const view = trayView(desktop({ agent: { status } }), at);
    expect(view).toMatchObject({ icon: 'busy', title: '3/4', tooltip: 'Playfleet · Running tests: 3 of 4 slots' });
    const named = labels(view.menu).filter((label) => label.includes('cart'));
    expect(named).toHaveLength(4);
    expect(named[0]).toMatch(/^ {2}cart && checkout 0 x+…$/);
    expect(labels(view.menu)).toContain('  and 2 more');
  });

  test('says in words why it is paused and until when', () => {
    const paused = (why: Parameters<typeof agentSays>[0] & object) =>
      trayView(desktop({ agent: { status: agentSays({ state: 'paused', ...why }) } }), at);
    expect(paused({ why: [outsideHours(NOW + 69.5 * HOUR)] }).tooltip).toBe(
      'Playfleet · Paused · outside the hours that you set, until Monday, 10:00',
    );
    expect(paused({ why: [onBattery] }).tooltip).toBe('Playfleet · Paused · runs on battery');
    const own = paused({ why: [byOwner(NOW + HOUR), onBattery] });
    expect(own.icon).toBe('paused');
    expect(own.tooltip).toBe('Playfleet · Paused · you paused it, until 13:30');
    expect(labels(own.menu)).toContain('Resume');
    expect(labels(own.menu)).not.toContain('Pause for 1 hour');
  });

  test('says so in German', () => {
    const status = agentSays({ state: 'paused', why: [byOwner(NOW + HOUR)] });
    const view = trayView(desktop({ language: 'de', agent: { status } }), at);
    expect(view.tooltip).toBe('Playfleet · Pausiert · von Ihnen pausiert, bis 13:30');
    expect(labels(view.menu)).toContain('Fortsetzen');
  });

  test('tells of what lends less without being paused', () => {
    const why = [{ mode: 'fewer', reason: 'userActive', idleSeconds: 300, until: null } as const];
    const view = trayView(
      desktop({ agent: { status: agentSays({ why, slots: { total: 4, lent: 1, busy: 0 } }) } }),
      at,
    );
    expect(view.icon).toBe('idle');
    expect(labels(view.menu)).toContain('Lends less: you are using the computer');
  });

  test('asks for attention where something was given up, quotes why, and offers to try again', () => {
    const agent = { ...part({ state: 'given_up', failures: 1, problem: 'the key was revoked' }), status: null };
    const view = trayView(desktop({ agent }), at);
    expect(view.icon).toBe('attention');
    expect(labels(view.menu)).toEqual(expect.arrayContaining(['the key was revoked', 'Try again']));
    expect(labels(view.menu)).not.toContain('Pause for 1 hour');
    expect(trayView(desktop({ ownCoordinator: part({ state: 'given_up' }) }), at).icon).toBe('attention');
    expect(trayView(desktop({ secrets: { kept: 'refused', reason: 'no keyring' } }), at).icon).toBe('attention');
  });

  test('is offline while the agent is, or does not run', () => {
    expect(trayView(desktop({ agent: { status: agentSays({ state: 'offline' }) } }), at).icon).toBe('offline');
    expect(trayView(desktop({ agent: { ...part({ state: 'starting' }), status: null } }), at)).toMatchObject({
      icon: 'offline',
      tooltip: 'Playfleet · Starting…',
    });
  });

  test('offers nothing but to set up, before that', () => {
    const view = trayView(desktop({ isSetUp: false, agent: { ...part(), status: null } }), at);
    expect(view.icon).toBe('attention');
    expect(labels(view.menu)).toEqual([
      'Not set up yet',
      'Set up…',
      'Start at login',
      'Quit when tests have finished',
      'Quit now, give tests back',
    ]);
  });

  test('offers an update that waits, and while it ends only to end at once', () => {
    const update = {
      state: 'waiting' as const,
      version: '0.2.0',
      percent: 100,
      waitingFor: 'tests',
      problem: null,
      checkedAt: NOW,
    };
    expect(labels(trayView(desktop({ update }), at).menu)).toContain('Install version 0.2.0');
    const ending = trayView(desktop({ quitting: { tasks: 2, until: null } }), at);
    expect(labels(ending.menu)).toContain('Finishing 2 tasks…');
    expect(labels(ending.menu)).not.toContain('Quit when tests have finished');
  });
});

test('a moment is a time of day, with its day where it is another one', () => {
  expect(momentText(NOW + HOUR, 'en', NOW, 'Europe/Amsterdam')).toBe('13:30');
  expect(momentText(NOW + 24 * HOUR, 'en', NOW, 'Europe/Amsterdam')).toBe('Saturday, 12:30');
  expect(momentText(NOW + 24 * HOUR, 'de', NOW, 'Europe/Amsterdam')).toBe('Samstag, 12:30');
  expect(momentText(NOW + 20 * 24 * HOUR, 'en', NOW, 'Europe/Amsterdam')).toBe('10 December, 12:30');
});
