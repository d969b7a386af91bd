/** One set of rules for every list of coordinators of a machine. */
import { expect, test } from 'vitest';
import {
  activeIn,
  idFor,
  remembering,
  whyNotChosen,
  whyNotForgotten,
  without,
} from '../../../src-main/agent/coordinators/rules.ts';

const mill = { id: 'mill', url: 'https://mill:4800' };
const lab = { id: 'lab', url: 'https://lab:4800' };
const list = { coordinators: [mill, lab], active: 'mill' };

test('one that is remembered again takes the place of what was known of it, and is the active one', () => {
  const after = remembering(list, { ...mill, url: 'https://mill:4900' });
  expect(after).toEqual({ coordinators: [lab, { ...mill, url: 'https://mill:4900' }], active: 'mill' });
  expect(activeIn(after)?.url).toBe('https://mill:4900');
  expect(activeIn({ ...after, active: null })).toBeNull();
});

test('what is not remembered is neither chosen nor forgotten, and the active one is not forgotten', () => {
  expect([whyNotChosen(list, 'lab'), whyNotChosen(list, 'attic')]).toEqual([null, 'unknown']);
  expect(['lab', 'mill', 'attic'].map((id) => whyNotForgotten(list, id))).toEqual([null, 'active', 'unknown']);
  expect(without(list, 'lab')).toEqual([mill]);
});

test('an id says whose it is, is the same for the same address, and nobody else’s', () => {
  const named = (url: string, called: string) => idFor({ url, called }, list.coordinators, ['first']);
  expect(named('https://lab:4800', 'anything')).toBe('lab');
  expect(named('https://other:1', "Kim's Lab ✓")).toBe('kim-s-lab');
  expect(named('https://other:1', 'LAB')).toBe('lab-2');
  expect(named('https://other:1', 'First')).toBe('first-2');
  expect(named('https://other:1', '✓')).toBe('coordinator');
  expect(named('https://other:1', `${'x'.repeat(49)}--y`)).toBe('x'.repeat(49));
});
