/**
 * The desktop app around a page, without Electron: `window.playfleet` as the contract types it, each call checked and answered by the app's own
 * code (core/answer.ts, rules/wizard.ts); what lies beneath (agent, coordinators) is a state that a test sets.
 */
import type { Page } from '@playwright/test';
import {
  DESKTOP_ASKS,
  DESKTOP_TELLS,
  type DesktopAsk,
  type DesktopTell,
} from '../../../shared/protocol/desktop/calls.ts';
import type { Told } from '../../../shared/protocol/desktop/api.ts';
import type { AgentStatus, Why } from '../../../shared/protocol/desktop/agent.ts';
import { POLITE_MANNERS } from '../../../shared/protocol/desktop/manners.ts';
import type { OfflineView, OwnPromotion } from '../../../shared/protocol/desktop/offline.ts';
import type { DesktopState } from '../../../shared/protocol/desktop/state.ts';
import type { FoundCoordinator, JoinWay, Lending } from '../../../shared/protocol/desktop/wizard.ts';
import { answerCall, type Handlers } from '../../../src-main/desktop/core/answer.ts';
import { DesktopRefusal } from '../../../src-main/desktop/core/refusal.ts';
import { firstWizard, hear, step, type Wizard, type WizardEffect } from '../../../src-main/desktop/rules/wizard.ts';

const LENDING: Lending = { name: 'kims-laptop', slots: 2, projects: null, manners: POLITE_MANNERS };

const STATUS: AgentStatus = {
  state: 'idle',
  version: '0.1.0',
  worker: 'kims-laptop',
  coordinator: 'https://mill:4800',
  slots: { total: 2, lent: 2, busy: 0 },
  tests: [],
  why: [],
  problem: null,
};

const STATE: DesktopState = {
  machine: { name: 'kims-laptop', platform: 'linux', arch: 'x64' },
  versions: { app: '0.1.0', electron: '45.4.1', chrome: '150.0', node: '24.0' },
  language: 'en',
  isSetUp: true,
  agent: { state: 'running', failures: 0, nextAt: null, problem: null, status: STATUS },
  ownCoordinator: { state: 'off', failures: 0, nextAt: null, problem: null },
  coordinators: [
    { id: 'mill', name: 'mill', url: 'https://mill:4800', pinned: true, own: false, active: true, signedIn: true },
    { id: 'lab', name: 'lab', url: 'https://lab:4800', pinned: false, own: false, active: false, signedIn: false },
  ],
  offline: { copy: null, copySecrets: false, promotion: null, home: null, follows: null, standIns: [] },
  secrets: { kept: 'safe', reason: null },
  preferences: {
    startAtLogin: true,
    notifications: 'all',
    language: 'system',
    updates: { automatic: true, channel: 'stable' },
  },
  update: {
    state: 'none',
    version: null,
    percent: null,
    waitingFor: null,
    problem: null,
    checkedAt: 1_700_000_000_000,
  },
  quitting: null,
};

/** What a promoted coordinator says of itself. */
export const ABOUT: NonNullable<OwnPromotion['about']> = {
  since: 1_763_600_000_000,
  copiedAt: 1_763_590_000_000,
  secrets: false,
  homecoming: {
    state: 'unreachable',
    detail: null,
    runs_to_bring: 2,
    sent: 0,
    total: 0,
    verified_at: null,
    counts: null,
    hash: null,
    conflicts: null,
  },
};

const PROMOTION: OwnPromotion = {
  name: 'mill',
  part: { state: 'running', failures: 0, nextAt: null, problem: null },
  ending: false,
  shown: {
    url: 'https://localhost:4800',
    addresses: ['https://192.168.1.7:4800'],
    lacks: ['mails', 'secrets', 'earlier_runs'],
  },
  about: ABOUT,
};

export class DesktopDouble {
  state: DesktopState;
  lending: Lending = LENDING;
  found: FoundCoordinator[] = [];
  /** What each join was asked with; one whose code is not GOOD_CODE is refused. */
  readonly joins: JoinWay[] = [];
  readonly asked: string[] = [];
  #wizard: Wizard = firstWizard(LENDING, 4);
  #page: Page | null = null;

  constructor(change: Partial<DesktopState> = {}) {
    this.state = { ...STATE, ...change };
  }

  /** Before the page is loaded. `version`: of an app that is another one. */
  async attach(page: Page, version = 1): Promise<void> {
    this.#page = page;
    await page.exposeFunction('playfleetAsk', (name: DesktopAsk, argument: unknown) => {
      this.asked.push(name);
      return answerCall(this.#handlers, name, argument ?? undefined, (error) => {
        throw error;
      });
    });
    await page.addInitScript(
      ({ asks, tells, version }) => {
        const listeners = Object.fromEntries(tells.map((name) => [name, new Set<(told: unknown) => void>()]));
        const own = globalThis as unknown as Record<string, unknown> & {
          playfleetAsk: (name: string, argument: unknown) => Promise<unknown>;
        };
        own['playfleetTell'] = (name: string, told: unknown) => listeners[name]?.forEach((listener) => listener(told));
        own['playfleet'] = Object.freeze({
          version,
          ...Object.fromEntries(asks.map((name) => [name, (argument: unknown) => own.playfleetAsk(name, argument)])),
          on: (name: string, listener: (told: unknown) => void) => {
            listeners[name]?.add(listener);
            return () => listeners[name]?.delete(listener);
          },
        });
      },
      { asks: [...DESKTOP_ASKS], tells: [...DESKTOP_TELLS], version },
    );
  }

  /** As the app says it when something changes. */
  async change(part: Partial<DesktopState>): Promise<DesktopState> {
    this.state = { ...this.state, ...part };
    await this.#tell('changed', this.state);
    return this.state;
  }

  status(part: Partial<AgentStatus>): Promise<DesktopState> {
    const { agent } = this.state;
    return this.change({ agent: { ...agent, status: { ...(agent.status ?? STATUS), ...part } } });
  }

  offline(part: Partial<OfflineView>): Promise<DesktopState> {
    return this.change({ offline: { ...this.state.offline, ...part } });
  }

  #promote(secrets: boolean): Promise<DesktopState> {
    const { copy } = this.state.offline;
    if (copy === null) throw new DesktopRefusal('no_copy', 'This computer keeps no copy of mill.');
    return this.offline({ promotion: { ...PROMOTION, about: { ...ABOUT, copiedAt: copy.at, secrets } } });
  }

  #demote(): Promise<DesktopState> {
    const { promotion } = this.state.offline;
    return this.offline({ promotion: promotion && { ...promotion, ending: true } });
  }

  async #tell<K extends DesktopTell>(name: K, told: Told<K>): Promise<void> {
    await this.#page?.evaluate(
      ([to, what]) =>
        (globalThis as unknown as { playfleetTell?: (to: unknown, what: unknown) => void }).playfleetTell?.(to, what),
      [name, told] as const,
    );
  }

  #setWizard(wizard: Wizard): void {
    this.#wizard = wizard;
    void this.#tell('wizardChanged', wizard.view);
  }

  #effect(effect: WizardEffect): void {
    switch (effect.effect) {
      case 'search':
        return this.#setWizard(hear(this.#wizard, { did: 'found', found: this.found, searching: false }));
      case 'look': {
        const problem = this.#refuses(effect.join);
        const coordinator = { name: 'mill', url: 'https://mill:4800', pinned: true };
        return this.#setWizard(
          hear(this.#wizard, problem ? { did: 'failed', problem } : { did: 'looked', coordinator, link: 'x' }),
        );
      }
      case 'setUp':
        this.lending = effect.lending;
        this.#setWizard(hear(this.#wizard, { did: 'setUp' }));
        void this.change({ isSetUp: true });
    }
  }

  #refuses(join: JoinWay): { code: string; message: string; field: string } | null {
    this.joins.push(join);
    if (join.by === 'link' || join.code === GOOD_CODE) return null;
    return { code: 'refused', message: 'The coordinator does not know this code.', field: 'code' };
  }

  readonly #pause = (why: Why): Promise<DesktopState> => this.status({ state: 'paused', why: [why] });

  readonly #handlers: Handlers = {
    state: () => this.state,
    pause: ({ for: how }) => {
      const until = how === 'until_resumed' ? null : Date.now() + (how === 'hour' ? 3_600_000 : 40_000_000);
      return this.#pause({ reason: 'owner', mode: 'pause', until });
    },
    resume: () => this.status({ state: 'idle', why: [] }),
    manners: () => this.lending.manners,
    setManners: (manners) => (this.lending = { ...this.lending, manners }).manners,
    lending: () => this.lending,
    setLending: (lending) => (this.lending = lending),
    wizard: () => this.#wizard.view,
    wizardDo: (input) => {
      const { wizard, effects } = step(this.#wizard, input);
      this.#setWizard(wizard);
      // Later, as in the app: the answer comes first.
      for (const effect of effects) setTimeout(() => this.#effect(effect), 50);
      return wizard.view;
    },
    discover: () => this.found,
    addCoordinator: (join) => {
      const problem = this.#refuses(join);
      if (problem) throw new DesktopRefusal(problem.code, problem.message, problem.field);
      const added = { id: 'new', name: 'new', url: 'https://new:4800', pinned: true, own: false, active: false };
      return this.change({ coordinators: [...this.state.coordinators, { ...added, signedIn: false }] });
    },
    chooseCoordinator: ({ id }) =>
      this.change({ coordinators: this.state.coordinators.map((one) => ({ ...one, active: one.id === id })) }),
    forgetCoordinator: ({ id }) =>
      this.change({ coordinators: this.state.coordinators.filter((one) => one.id !== id) }),
    setPreferences: (change) => {
      const given = Object.entries(change).filter(([, value]) => value !== undefined);
      return this.change({ preferences: { ...this.state.preferences, ...Object.fromEntries(given) } });
    },
    keepSecretsForSession: () => this.change({ secrets: { kept: 'session', reason: this.state.secrets.reason } }),
    checkForUpdate: async () =>
      (await this.change({ update: { ...this.state.update, state: 'waiting', version: '0.2.0' } })).update,
    installUpdate: () => this.state.update,
    setCopySecrets: ({ on }) => this.offline({ copySecrets: on }),
    promote: ({ secrets }) => this.#promote(secrets),
    demote: () => this.#demote(),
    lookForStandIns: () => this.offline({ standIns: [{ name: 'ada-laptop', address: 'https://192.168.1.20:4800' }] }),
    switchTo: ({ address }) => {
      if (!address.includes('192.168.1.20'))
        throw new DesktopRefusal('not_switched', 'Not switched: it is an impostor.', 'address');
      return this.offline({ follows: { name: 'ada-laptop', address, since: Date.now() }, standIns: [] });
    },
    switchHome: () => this.offline({ follows: null }),
    restartPart: () => this.state,
    openLogs: () => null,
    crashes: () => [{ name: '2026-11-20-renderer.dmp', at: 1_763_600_000_000, bytes: 182_000 }],
    deleteCrashes: () => null,
    quit: () => this.change({ quitting: { tasks: 1, until: null } }),
  };
}

export const GOOD_CODE = 'abacus walnut tempo river cedar quilt';
