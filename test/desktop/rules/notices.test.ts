import { expect, test } from 'vitest';
import type { DesktopState } from '../../../shared/protocol/desktop/state.ts';
import { notices, type Told } from '../../../src-main/desktop/rules/notices.ts';
import { agentSays, desktop, outsideHours, part } from '../state.ts';

const MINUTE = 60_000;

/** What is shown over a series of states, by the minute at which it is so. */
function shown(series: readonly (readonly [minute: number, state: DesktopState])[]): [number, string][] {
  let told: Told = {};
  const all: [number, string][] = [];
  for (const [minute, state] of series) {
    const next = notices(state, told, minute * MINUTE);
    told = next.told;
    for (const { key } of next.show) all.push([minute, key]);
  }
  return all;
}

const fine = desktop();
const offline = desktop({ agent: { status: agentSays({ state: 'offline' }) } });
const gaveUp = desktop({ agent: { ...part({ state: 'given_up', problem: 'revoked' }), status: null } });

test('a fine machine says nothing', () => {
  expect(
    shown([
      [0, fine],
      [60, fine],
    ]),
  ).toEqual([]);
});

test('what was given up is told once, however often it is looked at', () => {
  expect(
    shown([
      [0, gaveUp],
      [1, gaveUp],
      [500, gaveUp],
    ]),
  ).toEqual([[0, 'agent revoked']]);
});

test('what an agent says before it ends, and that it is given up for it, is told once', () => {
  const problem = { message: 'revoked', mend: 'Join again.' };
  const says = desktop({ agent: { status: agentSays({ state: 'attention', problem }) } });
  expect(
    shown([
      [0, says],
      [0, gaveUp],
    ]),
  ).toEqual([[0, 'agent revoked']]);
});

test('a lost connection is told when it lasts, not when it passes', () => {
  expect(
    shown([
      [0, offline],
      [5, fine],
      [6, offline],
      [15, offline],
      [16, offline],
    ]),
  ).toEqual([[16, 'offline']]);
});

test('what comes and goes is not told again within hours', () => {
  expect(
    shown([
      [0, gaveUp],
      [1, fine],
      [2, gaveUp],
      [239, fine],
      [242, fine],
      [243, gaveUp],
    ]),
  ).toEqual([
    [0, 'agent revoked'],
    [243, 'agent revoked'],
  ]);
});

test('while the hours are over it is quiet, and afterwards tells what still is so', () => {
  const update = {
    state: 'waiting' as const,
    version: '0.2.0',
    percent: 100,
    waitingFor: null,
    problem: null,
    checkedAt: 0,
  };
  const night = desktop({ update, agent: { status: agentSays({ state: 'paused', why: [outsideHours(9e12)] }) } });
  expect(
    shown([
      [0, night],
      [60, night],
      [120, desktop({ update })],
    ]),
  ).toEqual([[120, 'update 0.2.0']]);
});

test('the owner decides how much is told', () => {
  const update = {
    state: 'waiting' as const,
    version: '0.2.0',
    percent: 100,
    waitingFor: null,
    problem: null,
    checkedAt: 0,
  };
  const quiet = (notifications: 'important' | 'none', base: DesktopState): DesktopState => ({
    ...base,
    update,
    preferences: { ...base.preferences, notifications },
  });
  expect(shown([[0, quiet('important', fine)]])).toEqual([]);
  expect(shown([[0, quiet('important', gaveUp)]])).toEqual([[0, 'agent revoked']]);
  expect(shown([[0, quiet('none', gaveUp)]])).toEqual([]);
});

test('an app that is not set up keeps still', () => {
  expect(shown([[0, { ...gaveUp, isSetUp: false }]])).toEqual([]);
});
