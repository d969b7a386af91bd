/** Carries out what the first-run wizard decides (rules/wizard.ts), and keeps its state. */
import type { FoundCoordinator, Lending, WizardInput, WizardState } from '../../../shared/protocol/desktop/wizard.ts';
import { firstWizard, hear, step, type Wizard, type WizardEffect, type WizardNews } from '../rules/wizard.ts';
import { lookAt, type EnrolmentDeps, type Found } from './enrolment.ts';
import { problemOf } from './refusal.ts';

export interface SetUpDeps extends EnrolmentDeps {
  first: { lending: Lending; suggestedSlots: number };
  /**
   * Makes it so: coordinator, agent, enrolment. `found` null: alone. Resolves when the agent has enrolled; rejects with what `problemOf` knows.
   */
  carryOut: (what: { found: Found | null; lending: Lending; startAtLogin: boolean }) => Promise<void>;
  onChange: (view: WizardState) => void;
  report: (error: unknown, during: string) => void;
}

export class SetUp {
  readonly #deps: SetUpDeps;
  #wizard: Wizard;
  /** Who answered to the link; holds its token. */
  #found: Found | null = null;

  constructor(deps: SetUpDeps) {
    this.#deps = deps;
    this.#wizard = firstWizard(deps.first.lending, deps.first.suggestedSlots);
  }

  get view(): WizardState {
    return this.#wizard.view;
  }

  /** Returns at once; what takes longer is told by `onChange`. */
  do(input: WizardInput): WizardState {
    const { wizard, effects } = step(this.#wizard, input);
    this.#set(wizard);
    for (const effect of effects) void this.#carryOut(effect);
    return this.view;
  }

  async #carryOut(effect: WizardEffect): Promise<void> {
    try {
      switch (effect.effect) {
        case 'search':
          return await this.#search();
        case 'look': {
          const found = await lookAt(effect.join, this.#deps);
          this.#found = found;
          const { name, url, pin, token } = found;
          this.#hear({ did: 'looked', coordinator: { name, url, pinned: pin !== null }, link: `${url}#${token}` });
          return;
        }
        case 'setUp': {
          const found = effect.link === null ? null : this.#found;
          await this.#deps.carryOut({ found, lending: effect.lending, startAtLogin: effect.startAtLogin });
          this.#found = null;
          this.#hear({ did: 'setUp' });
          return;
        }
      }
    } catch (error) {
      const known = problemOf(error);
      if (known === null) this.#deps.report(error, 'setting up');
      const unknown = {
        code: 'internal',
        message: `Something unexpected went wrong: ${(error as Error).message}`,
        field: null,
      };
      this.#hear({ did: 'failed', problem: known ?? unknown });
    }
  }

  async #search(): Promise<void> {
    let found: FoundCoordinator[] = [];
    try {
      const tell = (now: FoundCoordinator[]) => this.#hear({ did: 'found', found: now, searching: true });
      found = await this.#deps.joining.discover(tell);
    } finally {
      this.#hear({ did: 'found', found, searching: false });
    }
  }

  #hear(news: WizardNews): void {
    this.#set(hear(this.#wizard, news));
  }

  #set(wizard: Wizard): void {
    this.#wizard = wizard;
    this.#deps.onChange(wizard.view);
  }
}
