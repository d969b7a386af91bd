import { describe, expect, test } from 'vitest';
import { POLITE_MANNERS } from '../../../shared/protocol/desktop/manners.ts';
import type { Lending, WizardInput } from '../../../shared/protocol/desktop/wizard.ts';
import {
  firstWizard,
  hear,
  step,
  type Wizard,
  type WizardEffect,
  type WizardNews,
} from '../../../src-main/desktop/rules/wizard.ts';

const lending: Lending = { name: 'laptop', slots: 2, projects: null, manners: POLITE_MANNERS };
const link = 'http://mill:4800#pfj_secret';
const looked: WizardNews = {
  did: 'looked',
  coordinator: { name: 'mill:4800', url: 'http://mill:4800', pinned: false },
  link,
};

/** Inputs and news one after the other; all effects on the way. */
function play(...moves: (WizardInput | WizardNews)[]): { wizard: Wizard; effects: WizardEffect[] } {
  let wizard = firstWizard(lending, 2);
  const effects: WizardEffect[] = [];
  for (const move of moves) {
    if ('did' in move) wizard = hear(wizard, move);
    else {
      const turn = step(wizard, move);
      wizard = turn.wizard;
      effects.push(...turn.effects);
    }
  }
  return { wizard, effects };
}

const toMachine = [
  { do: 'begin' },
  { do: 'choose', way: 'join' },
  { do: 'join', join: { by: 'link', link } },
  looked,
] as const;

describe('the wizard', () => {
  test('joins by a link: looks at the coordinator, asks what is lent, asks for consent, sets up', () => {
    const mine = { ...lending, slots: 3, projects: ['shop'] };
    const { wizard, effects } = play(
      ...toMachine,
      { do: 'lend', lending: mine },
      { do: 'agree', startAtLogin: true },
      { did: 'setUp' },
    );
    expect(effects).toEqual([
      { effect: 'search' },
      { effect: 'look', join: { by: 'link', link } },
      { effect: 'setUp', link, lending: mine, startAtLogin: true },
    ]);
    expect(wizard).toMatchObject({ link: null, view: { step: 'done', busy: false, problem: null } });
  });

  test('starts alone without any coordinator', () => {
    const { effects } = play(
      { do: 'begin' },
      { do: 'choose', way: 'alone' },
      { do: 'lend', lending },
      { do: 'agree', startAtLogin: false },
    );
    expect(effects).toEqual([{ effect: 'setUp', link: null, lending, startAtLogin: false }]);
  });

  test('nothing is set up without consent', () => {
    const { wizard, effects } = play(...toMachine, { do: 'agree', startAtLogin: true });
    expect(effects.some(({ effect }) => effect === 'setUp')).toBe(false);
    expect(wizard.view).toMatchObject({ step: 'machine', problem: { code: 'not_now' } });
  });

  test('the page never sees the link', () => {
    expect(JSON.stringify(play(...toMachine).wizard.view)).not.toContain('secret');
  });

  test('whoever changes from joining to alone does not take the link along', () => {
    const { wizard } = play(...toMachine, { do: 'back' }, { do: 'back' }, { do: 'choose', way: 'alone' });
    expect(wizard).toMatchObject({ link: null, view: { way: 'alone', coordinator: null, step: 'machine' } });
  });

  test('a failure leads back to where it can be mended', () => {
    const failed = (field: string | null) =>
      play(
        ...toMachine,
        { do: 'lend', lending },
        { do: 'agree', startAtLogin: true },
        { did: 'failed', problem: { code: 'x', message: 'x', field } },
      ).wizard.view;
    expect(failed('link')).toMatchObject({ step: 'coordinator', busy: false, problem: { field: 'link' } });
    expect(failed('name').step).toBe('machine');
    expect(failed(null).step).toBe('consent');
  });

  test('while it works, nothing else is taken', () => {
    const { wizard, effects } = play(
      { do: 'begin' },
      { do: 'choose', way: 'join' },
      { do: 'join', join: { by: 'link', link } },
      { do: 'back' },
    );
    expect(wizard.view).toMatchObject({ step: 'coordinator', busy: true, problem: { code: 'not_now' } });
    expect(effects.filter(({ effect }) => effect === 'look')).toHaveLength(1);
  });

  test('what is found on the LAN is listed while it is being looked for, once at a time', () => {
    const found = [{ name: 'Mill', address: 'https://10.0.0.2:4800', version: null }];
    const { wizard, effects } = play(
      { do: 'begin' },
      { do: 'choose', way: 'join' },
      { did: 'found', found, searching: true },
      { do: 'search' },
    );
    expect(wizard.view).toMatchObject({ found, searching: true });
    expect(effects).toEqual([{ effect: 'search' }]);
    expect(
      play({ do: 'begin' }, { do: 'choose', way: 'join' }, { did: 'found', found, searching: false }, { do: 'search' })
        .effects,
    ).toHaveLength(2);
  });

  test('a link from outside may come first, and still needs every step', () => {
    const { wizard, effects } = play({ do: 'join', join: { by: 'link', link } }, looked);
    expect(wizard.view.step).toBe('machine');
    expect(effects).toEqual([{ effect: 'look', join: { by: 'link', link } }]);
  });
});
