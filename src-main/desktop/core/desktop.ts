/**
 * The app without its desktop: puts its parts together, and is what the desktop, its page and its tray speak to. What it needs of Electron stands
 * in ports.ts, so that all of it runs on plain Node.
 */
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { Clock } from '../../../shared/base/clock.ts';
import type { DesktopAnswer } from '../../../shared/protocol/desktop/api.ts';
import type { DesktopAsk } from '../../../shared/protocol/desktop/calls.ts';
import { POLITE_MANNERS } from '../../../shared/protocol/desktop/manners.ts';
import type { DesktopState, Preferences } from '../../../shared/protocol/desktop/state.ts';
import type { Lending } from '../../../shared/protocol/desktop/wizard.ts';
import { CopyKeys } from '../keep/copy-keys.ts';
import { LogFile } from '../keep/log-file.ts';
import { SettingsStore } from '../keep/settings.ts';
import { Vault } from '../keep/vault.ts';
import { Credentials } from '../page/credentials.ts';
import { createPages } from '../page/pages.ts';
import type { Programs } from '../parts/agent-part.ts';
import { busynessOf } from '../rules/busyness.ts';
import type { TrayAction } from '../rules/tray.ts';
import { wordsOf, type Language } from '../rules/words.ts';
import { answerCall, type Handlers } from './answer.ts';
import { Crew } from './crew.ts';
import { openLink } from './deep-links.ts';
import type { Found } from './enrolment.ts';
import { createHandlers } from './handlers.ts';
import { Herald } from './herald.ts';
import { Offline } from './offline/offline.ts';
import type { Joining, System, Updating } from './ports.ts';
import { Quit } from './quit.ts';
import { DesktopRefusal } from './refusal.ts';
import { SetUp } from './set-up.ts';
import { TrayActions } from './tray-actions.ts';
import type { UpdatedApp } from './updating.ts';

export interface DesktopOptions {
  /** Where everything of this app lies, absolute. */
  folder: string;
  programs: Programs;
  /** The built dashboard. */
  dashboardDir: string;
  machine: { name: string; platform: string; arch: string; cpus: number };
  versions: DesktopState['versions'];
  system: System;
  joining: Joining;
  updating: Updating;
  /** Where a promoted coordinator listens. */
  promotedHost: string;
  clock: Clock;
  random: () => number;
}

type Logs = Record<'app' | 'agent' | 'coordinator' | 'promotion', LogFile>;

/** Before sleep, systems wait some seconds. */
const SUSPEND_MS = 4_000;

export class Desktop {
  readonly #options: DesktopOptions;
  readonly #settings: SettingsStore;
  readonly #vault: Vault;
  readonly #logs: Logs;
  readonly #crew: Crew;
  readonly #offline: Offline;
  readonly #herald: Herald;
  readonly #setUp: SetUp;
  readonly #quit: Quit;
  readonly #handlers: Handlers;
  readonly #tray: TrayActions;
  /** Answers `app://playfleet/…`. */
  readonly pages: ReturnType<typeof createPages>;
  #hasEnded = false;
  #running = 0;

  /** @throws SettingsError where a newer version has written the settings. */
  static async open(options: DesktopOptions): Promise<Desktop> {
    const { folder, system, clock } = options;
    await mkdir(path.join(folder, 'logs'), { recursive: true, mode: 0o700 });
    const logAt = (name: string) => new LogFile(path.join(folder, 'logs', `${name}.log`));
    const logs: Logs = {
      app: logAt('app'),
      agent: logAt('agent'),
      coordinator: logAt('coordinator'),
      promotion: logAt('promotion'),
    };
    const settings = await SettingsStore.open(path.join(folder, 'settings.json'), clock.now());
    const vault = await Vault.open({
      file: path.join(folder, 'secrets.json'),
      cipher: system.cipher,
      inMemory: settings.value.secretsInMemory,
      report: reporter(logs.app, clock),
    });
    return new Desktop(options, settings, vault, logs);
  }

  private constructor(options: DesktopOptions, settings: SettingsStore, vault: Vault, logs: Logs) {
    this.#options = options;
    this.#settings = settings;
    this.#vault = vault;
    this.#logs = logs;
    const { folder, programs, clock, random, joining, updating, dashboardDir, machine, system } = options;
    const { report } = this;
    const onChange = (): void => this.#herald.changed();
    const credentials = new Credentials(vault, onChange);
    const copyKeys = new CopyKeys({ vault, report });
    const common = { programs, settings, credentials, copyKeys, joining, clock, random, onChange, report };
    this.#crew = new Crew({
      ...common,
      folder,
      standIn: () => this.#offline,
      onLine: (who, line) => logs[who].line(line),
      isQuitting: () => this.#quit.state !== null,
    });
    this.#offline = new Offline({
      ...common,
      workerFolder: (id) => this.#crew.workerFolder(id),
      host: options.promotedHost,
      agent: () => this.#crew.agent.status,
      secrets: () => vault.state,
      onLine: (line) => logs.promotion.line(line),
    });
    const { agent, coordinator, coordinators } = this.#crew;
    this.#herald = new Herald({ state: () => this.state, system, agent, clock, before: () => this.#follow() });
    this.#setUp = new SetUp({
      clock,
      random,
      joining,
      report,
      first: firstLending(machine),
      carryOut: (what) => this.#carryOut(what),
      onChange: (view) => system.tell('wizardChanged', view),
    });
    this.#quit = new Quit({
      agent,
      coordinator,
      promotion: this.#offline,
      clock,
      onChange,
      ended: () => this.#ended(),
    });
    this.pages = createPages({
      dir: dashboardDir,
      target: () => coordinators.target(),
      contentOrigin: () => this.#crew.contentOrigin,
      credentials,
      report,
    });
    updating.onChange = onChange;
    this.#handlers = createHandlers(this, {
      settings,
      vault,
      crew: this.#crew,
      setUp: this.#setUp,
      system,
      joining,
      updating,
      offline: this.#offline,
      logs: path.join(folder, 'logs'),
      clock,
    });
    this.#tray = new TrayActions({
      system,
      state: () => this.state,
      words: () => this.words,
      answer: (name, argument) => this.answer(name, argument),
    });
  }

  /** Begins to work, or to be set up. `isHidden`: started by the system at login; the window stays closed where nothing asks for it. */
  async start(isHidden: boolean): Promise<void> {
    const { system, updating } = this.#options;
    const { isSetUp } = this.#settings.value;
    if (this.#settings.setAside !== null) {
      const body = this.words.settingsSetAside(path.basename(this.#settings.setAside));
      system.notify({ key: 'settings', title: 'Playfleet', body, page: null });
    }
    if (isSetUp) this.#crew.arrange();
    this.#offline.start();
    updating.start();
    this.#herald.start();
    this.#herald.changed();
    if (!isSetUp) system.show('/setup');
    else if (!isHidden) system.show(null);
  }

  get state(): DesktopState {
    const { machine, versions, updating } = this.#options;
    const { isSetUp, preferences } = this.#settings.value;
    const { agent, coordinator, coordinators } = this.#crew;
    const { name, platform, arch } = machine;
    return {
      machine: { name, platform, arch },
      versions,
      language: this.#language,
      isSetUp,
      agent: { ...agent.state, status: agent.status },
      ownCoordinator: coordinator.state,
      coordinators: coordinators.remembered(),
      offline: this.#offline.view,
      secrets: this.#vault.state,
      preferences,
      update: updating.state,
      quitting: this.#quit.state,
    };
  }

  get preferences(): Preferences {
    return this.#settings.value.preferences;
  }

  /** Of all its children; null while one does not run. */
  get pids(): Record<'agent' | 'coordinator' | 'promotion', number | null> {
    return { ...this.#crew.pids, promotion: this.#offline.pid };
  }

  /** Its children. */
  get crew(): Crew {
    return this.#crew;
  }

  /** Nothing is left that could be disturbed. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  get words() {
    return wordsOf(this.#language);
  }

  /** Of a page. */
  answer(name: DesktopAsk, argument: unknown): Promise<DesktopAnswer> {
    return answerCall(this.#handlers, name, argument, this.report);
  }

  /** What was chosen in the tray's menu. */
  act(action: TrayAction): Promise<void> {
    return this.#tray.act(action);
  }

  /** A link that another program handed over. */
  openLink(text: string): Promise<void> {
    return openLink(text, {
      system: this.#options.system,
      words: () => this.words,
      isSetUp: () => this.#settings.value.isSetUp,
      beginWith: (join) => void this.#setUp.do({ do: 'join', join }),
      add: (join) => this.#tray.carryOut('addCoordinator', join),
      note: (line) => this.note(line),
    });
  }

  /** The machine is about to sleep: unfinished tests go back while there is a network. */
  async systemSleeps(): Promise<void> {
    const asked = this.#crew.agent.command({ type: 'suspend', withinMs: SUSPEND_MS });
    await asked.catch((error: unknown) => this.report(error, 'going to sleep'));
  }

  systemWoke(): void {
    this.#crew.agent.tell({ type: 'woke' });
    this.#herald.tellFacts(true);
  }

  /** Resolves when everything has ended; the app then ends itself. */
  quit(how: 'drain' | 'now'): Promise<void> {
    return this.#quit.begin(how);
  }

  async setPreferences(change: Partial<Preferences>): Promise<void> {
    const before = this.#settings.value.preferences;
    const after = { ...before, ...change };
    if (after.startAtLogin !== before.startAtLogin) await this.#options.system.setStartAtLogin(after.startAtLogin);
    await this.#settings.change({ preferences: after });
    this.#herald.changed();
  }

  /** What an update could disturb. */
  busyness(): ReturnType<UpdatedApp['machine']> {
    const { clock, system } = this.#options;
    const hours = this.#settings.value.lending?.manners.hours ?? null;
    const { status } = this.#crew.agent;
    return { ...busynessOf({ status, hours, isWatched: system.isWatched(), now: clock.now() }), isShutOut: false };
  }

  /** Whose pages the system's browser may open. */
  trustedOrigins(): string[] {
    const urls = [this.#crew.coordinators.target()?.url, this.#crew.contentOrigin];
    return urls.filter((url) => url != null).map((url) => new URL(url).origin);
  }

  /** Of the active coordinator, where this is its host. */
  pinFor(hostname: string): string | null {
    const target = this.#crew.coordinators.target();
    return target !== null && new URL(target.url).hostname === hostname ? target.pin : null;
  }

  readonly report = (error: unknown, during: string): void => {
    reporter(this.#logs.app, this.#options.clock)(error, during);
  };

  note(text: string): void {
    this.#logs.app.line(`${new Date(this.#options.clock.now()).toISOString()} ${text}`);
  }

  async #carryOut({
    found,
    lending,
    startAtLogin,
  }: {
    found: Found | null;
    lending: Lending;
    startAtLogin: boolean;
  }): Promise<void> {
    const { kept, reason } = this.#vault.state;
    if (kept === 'refused')
      throw new DesktopRefusal('no_safe_place', `${reason ?? ''} Decide first whether secrets may be held in memory.`);
    await this.#settings.change({ lending });
    const { coordinators } = this.#crew;
    if (found === null) await coordinators.takeOwn(this.#options.machine.name);
    else await coordinators.take(found);
    this.#crew.arrange();
    await this.#crew.enrolled();
    await this.setPreferences({ startAtLogin }).catch((error: unknown) => this.report(error, 'starting at login'));
    await this.#settings.change({ isSetUp: true });
    this.#herald.changed();
  }

  /** What follows of a change, before it is told. */
  #follow(): void {
    this.#crew.follow();
    this.#offline.follow();
    const running = this.#crew.agent.status?.slots.busy ?? 0;
    if (running < this.#running) this.#options.updating.wake();
    this.#running = running;
  }

  async #ended(): Promise<void> {
    const { updating, system } = this.#options;
    updating.stop();
    this.#herald.stop();
    await Promise.all(Object.values(this.#logs).map((log) => log.close()));
    this.#hasEnded = true;
    if (!updating.leave()) system.exit();
  }

  get #language(): Language {
    const { language } = this.#settings.value.preferences;
    if (language !== 'system') return language;
    return this.#options.system.languages[0]?.toLowerCase().startsWith('de') ? 'de' : 'en';
  }
}

function firstLending({ name, cpus }: DesktopOptions['machine']): { lending: Lending; suggestedSlots: number } {
  // Half of them, so that its owner notices nothing.
  const suggestedSlots = Math.max(1, Math.min(4, Math.floor(cpus / 2)));
  return { lending: { name, slots: suggestedSlots, projects: null, manners: POLITE_MANNERS }, suggestedSlots };
}

function reporter(log: LogFile, clock: Clock): (error: unknown, during: string) => void {
  return (error, during) => {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    log.line(`${new Date(clock.now()).toISOString()} ${during} failed: ${text}`);
  };
}
