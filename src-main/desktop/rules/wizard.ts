/** The first-run wizard: what a person or the system did, and what follows of it. Effects are carried out by core/set-up.ts, which tells how they went. */
import type { DesktopProblem } from '../../../shared/protocol/desktop/state.ts';
import type {
  FoundCoordinator,
  JoinWay,
  Lending,
  WizardInput,
  WizardState,
  WizardStep,
} from '../../../shared/protocol/desktop/wizard.ts';

export interface Wizard {
  /** What the page may see. */
  view: WizardState;
  /** Enrols this computer; a secret until it is spent. */
  link: string | null;
}

/** How an effect went. */
export type WizardNews =
  | { did: 'found'; found: readonly FoundCoordinator[]; searching: boolean }
  | { did: 'looked'; coordinator: NonNullable<WizardState['coordinator']>; link: string }
  | { did: 'setUp' }
  | { did: 'failed'; problem: DesktopProblem };

export type WizardEffect =
  | { effect: 'search' }
  | { effect: 'look'; join: JoinWay }
  | { effect: 'setUp'; link: string | null; lending: Lending; startAtLogin: boolean };

export interface Turn {
  wizard: Wizard;
  effects: WizardEffect[];
}

export function firstWizard(lending: Lending, suggestedSlots: number): Wizard {
  return {
    link: null,
    view: {
      step: 'welcome',
      way: null,
      found: [],
      searching: false,
      coordinator: null,
      busy: false,
      lending,
      suggestedSlots,
      startAtLogin: true,
      problem: null,
    },
  };
}

/** What a person does. What does not fit the step that is shown changes nothing but `problem`. */
export function step(wizard: Wizard, input: WizardInput): Turn {
  const { view } = wizard;
  const to = (change: Partial<WizardState>, ...effects: WizardEffect[]): Turn => ({
    wizard: { ...wizard, view: { ...view, problem: null, ...change } },
    effects,
  });
  if (view.busy) return refused(wizard, 'The step before is still being carried out.');
  switch (input.do) {
    case 'begin':
      return view.step === 'welcome' ? to({ step: 'way' }) : notNow(wizard);
    case 'choose':
      if (view.step !== 'way') return notNow(wizard);
      if (input.way === 'alone') {
        const turn = to({ way: 'alone', step: 'machine', coordinator: null });
        return { ...turn, wizard: { ...turn.wizard, link: null } };
      }
      return to({ way: 'join', step: 'coordinator', searching: true }, { effect: 'search' });
    case 'search':
      if (view.step !== 'coordinator') return notNow(wizard);
      return view.searching ? to({}) : to({ searching: true }, { effect: 'search' });
    case 'join':
      // Also a link from outside may come first: it leads to the question, wherever the wizard stands before consent was given.
      if (view.step === 'working' || view.step === 'done') return notNow(wizard);
      return to({ way: 'join', step: 'coordinator', busy: true }, { effect: 'look', join: input.join });
    case 'lend':
      return view.step === 'machine' ? to({ lending: input.lending, step: 'consent' }) : notNow(wizard);
    case 'agree': {
      if (view.step !== 'consent') return notNow(wizard);
      const { startAtLogin } = input;
      const effect: WizardEffect = { effect: 'setUp', link: wizard.link, lending: view.lending, startAtLogin };
      return to({ step: 'working', busy: true, startAtLogin }, effect);
    }
    case 'back': {
      const before = stepBefore(view);
      return before === null ? notNow(wizard) : to({ step: before });
    }
  }
}

/** What the system did. News of what is not waited for any more changes nothing. */
export function hear(wizard: Wizard, news: WizardNews): Wizard {
  const { view } = wizard;
  switch (news.did) {
    case 'found':
      return { ...wizard, view: { ...view, found: [...news.found], searching: news.searching } };
    case 'looked':
      if (view.step !== 'coordinator') return wizard;
      return {
        link: news.link,
        view: { ...view, coordinator: news.coordinator, step: 'machine', busy: false, problem: null },
      };
    case 'setUp':
      return { link: null, view: { ...view, step: 'done', busy: false, problem: null } };
    case 'failed': {
      const { problem } = news;
      return { ...wizard, view: { ...view, busy: false, problem, step: stepFor(problem, view) } };
    }
  }
}

function stepBefore({ step, way }: WizardState): WizardStep | null {
  switch (step) {
    case 'way':
      return 'welcome';
    case 'coordinator':
      return 'way';
    case 'machine':
      return way === 'join' ? 'coordinator' : 'way';
    case 'consent':
      return 'machine';
    case 'welcome':
    case 'working':
    case 'done':
      return null;
  }
}

/** Where what is wrong can be mended. */
function stepFor({ field }: DesktopProblem, { step }: WizardState): WizardStep {
  if (step !== 'working') return step;
  if (field === 'link' || field === 'code' || field === 'address') return 'coordinator';
  if (field === 'name' || field === 'slots') return 'machine';
  return 'consent';
}

const notNow = (wizard: Wizard): Turn =>
  refused(wizard, `This does not fit the step that is shown (${wizard.view.step}).`);

function refused(wizard: Wizard, message: string): Turn {
  const problem: DesktopProblem = { code: 'not_now', message, field: null };
  return { wizard: { ...wizard, view: { ...wizard.view, problem } }, effects: [] };
}
