/** What was chosen in the tray's menu: asked first where there is something to explain, then carried out as the page's questions are. */
import type { DesktopAnswer } from '../../../shared/protocol/desktop/api.ts';
import type { DesktopAsk } from '../../../shared/protocol/desktop/calls.ts';
import type { DesktopState } from '../../../shared/protocol/desktop/state.ts';
import { centralName } from '../rules/offline.ts';
import type { TrayAction } from '../rules/tray.ts';
import type { Words } from '../rules/words.ts';
import type { System } from './ports.ts';

export interface TrayActionDeps {
  system: System;
  state: () => DesktopState;
  words: () => Words;
  answer: (name: DesktopAsk, argument: unknown) => Promise<DesktopAnswer>;
}

export class TrayActions {
  readonly #deps: TrayActionDeps;

  constructor(deps: TrayActionDeps) {
    this.#deps = deps;
  }

  async act(action: TrayAction): Promise<void> {
    switch (action.do) {
      case 'open':
        return this.#deps.system.show(action.page);
      case 'pause':
      case 'resume':
      case 'restartPart':
      case 'switchHome':
        return this.carryOut(action.do, without(action));
      case 'quit':
        return (await this.#mayQuit()) ? this.carryOut('quit', { how: action.how }) : undefined;
      case 'installUpdate':
        return this.carryOut('installUpdate', { now: false });
      case 'startAtLogin':
        return this.carryOut('setPreferences', { startAtLogin: action.on });
      case 'promote':
        return this.#promote();
      case 'demote':
        return (await this.#ask('demote')) ? this.carryOut('demote', { now: false }) : undefined;
      case 'switchTo':
        return this.#switchTo(action);
    }
  }

  /** What is refused is told: nobody looks at the page. */
  async carryOut(name: DesktopAsk, argument: unknown): Promise<void> {
    const answer = await this.#deps.answer(name, argument);
    if (answer.ok) return;
    const { code, message } = answer.problem;
    this.#deps.system.notify({ key: `answer ${code}`, title: 'Playfleet', body: message, page: '/this-computer' });
  }

  async #promote(): Promise<void> {
    const { copy } = this.#deps.state().offline;
    if (!(await this.#ask('promote'))) return;
    // Escape leaves them closed.
    const secrets = copy?.secrets === true && (await this.#ask('secrets'));
    await this.carryOut('promote', { secrets });
  }

  #mayQuit(): Promise<boolean> {
    const { offline, quitting } = this.#deps.state();
    const hasSaid = offline.promotion === null || quitting !== null;
    return hasSaid ? Promise.resolve(true) : this.#ask('quitPromoted');
  }

  async #switchTo({ name, address }: Extract<TrayAction, { do: 'switchTo' }>): Promise<void> {
    const { system, words, state } = this.#deps;
    const { title, text, yes, no } = words().switchTo;
    const question = { title: title(name), text: text(name, centralName(state()) ?? ''), yes, no };
    if (await system.ask(question)) await this.carryOut('switchTo', { address });
  }

  #ask(what: 'promote' | 'secrets' | 'demote' | 'quitPromoted'): Promise<boolean> {
    const { system, words, state } = this.#deps;
    const { title, text, yes, no } = words()[what];
    const name = state().offline.promotion?.name ?? centralName(state()) ?? '';
    return system.ask({ title: title(name), text: text(name), yes, no });
  }
}

function without({ do: _, ...argument }: TrayAction): object | undefined {
  return Object.keys(argument).length === 0 ? undefined : argument;
}
