/**
 * The app without its desktop: puts its parts together, and is what the desktop, its page and its tray speak to. What it needs of Electron stands
 * in ports.ts, so that all of it runs on plain Node.
 */
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { Clock } from '../../../shared/base/clock.ts';
import type { UpdateFacts } from '../../../shared/model/update-policy.ts';
import type { DesktopAnswer } from '../../../shared/protocol/desktop/api.ts';
import type { DesktopAsk } from '../../../shared/protocol/desktop/calls.ts';
import { POLITE_MANNERS } from '../../../shared/protocol/desktop/manners.ts';
import type { DesktopState, Preferences } from '../../../shared/protocol/desktop/state.ts';
import type { Lending } from '../../../shared/protocol/desktop/wizard.ts';
import { openAt } from '../../agent/manners/hours.ts';
import { LogFile } from '../keep/log-file.ts';
import { SettingsStore } from '../keep/settings.ts';
import { Vault } from '../keep/vault.ts';
import { Credentials } from '../page/credentials.ts';
import { createPages } from '../page/pages.ts';
import type { Programs } from '../parts/agent-part.ts';
import { parseDeepLink } from '../rules/deep-link.ts';
import type { TrayAction } from '../rules/tray.ts';
import { wordsOf, type Language } from '../rules/words.ts';
import { answerCall, type Handlers } from './answer.ts';
import { Crew } from './crew.ts';
import type { Found } from './enrolment.ts';
import { createHandlers } from './handlers.ts';
import { Herald } from './herald.ts';
import type { Joining, Promoting, System, Updating } from './ports.ts';
import { Quit } from './quit.ts';
import { DesktopRefusal } from './refusal.ts';
import { SetUp } from './set-up.ts';

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
  /** null: not from the app. */
  promoting: Promoting | null;
  clock: Clock;
  random: () => number;
}

type Logs = Record<'app' | 'agent' | 'coordinator', LogFile>;

/** Before sleep, systems wait some seconds. */
const SUSPEND_MS = 4_000;

export class Desktop {
  readonly #options: DesktopOptions;
  readonly #settings: SettingsStore;
  readonly #vault: Vault;
  readonly #logs: Logs;
  readonly #crew: Crew;
  readonly #herald: Herald;
  readonly #setUp: SetUp;
  readonly #quit: Quit;
  readonly #handlers: Handlers;
  /** Answers `app://playfleet/…`. */
  readonly pages: ReturnType<typeof createPages>;
  #hasEnded = false;
  #running = 0;

  /** @throws SettingsError where a newer version has written the settings. */
  static async open(options: DesktopOptions): Promise<Desktop> {
    const { folder, system, clock } = options;
    await mkdir(path.join(folder, 'logs'), { recursive: true, mode: 0o700 });
    const logAt = (name: string) => new LogFile(path.join(folder, 'logs', `${name}.log`));
    const logs = { app: logAt('app'), agent: logAt('agent'), coordinator: logAt('coordinator') };
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
    const { folder, programs, clock, random, joining, updating, promoting, dashboardDir, machine, system } = options;
    const { report } = this;
    const onChange = (): void => this.#herald.changed();
    const credentials = new Credentials(vault, onChange);
    this.#crew = new Crew({
      folder,
      programs,
      settings,
      credentials,
      joining,
      clock,
      random,
      onLine: (who, line) => logs[who].line(line),
      onChange,
      isQuitting: () => this.#quit.state !== null,
      report,
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
    this.#quit = new Quit({ agent, coordinator, clock, onChange, ended: () => this.#ended() });
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
      promoting,
      logs: path.join(folder, 'logs'),
      clock,
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
      secrets: this.#vault.state,
      preferences,
      update: updating.state,
      quitting: this.#quit.state,
    };
  }

  get preferences(): Preferences {
    return this.#settings.value.preferences;
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
  async act(action: TrayAction): Promise<void> {
    switch (action.do) {
      case 'open':
        return this.#options.system.show(action.page);
      case 'pause':
      case 'resume':
      case 'restartPart':
      case 'quit':
        return this.#fromTray(action.do, without(action));
      case 'installUpdate':
        return this.#fromTray('installUpdate', { now: false });
      case 'startAtLogin':
        return this.#fromTray('setPreferences', { startAtLogin: action.on });
    }
  }

  /** A link that another program handed over. A join link asks first: anybody can write one. */
  async openLink(text: string): Promise<void> {
    const link = parseDeepLink(text);
    const { system } = this.#options;
    if (link === null) return this.note(`a link was not understood and is ignored (${text.length} characters)`);
    if (link.kind === 'run') return system.show(`/runs/${link.id}`);
    const { joinTitle, joinText, joinYes, joinNo } = this.words;
    const question = { title: joinTitle, text: joinText(link.address), yes: joinYes, no: joinNo };
    if (!(await system.ask(question))) return;
    const join = { by: 'link' as const, link: link.link };
    if (!this.#settings.value.isSetUp) {
      this.#setUp.do({ do: 'join', join });
      return system.show('/setup');
    }
    await this.#fromTray('addCoordinator', join);
    system.show('/this-computer');
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
  busyness(): UpdateFacts['machine'] & { isShutOut: boolean } {
    const { status } = this.#crew.agent;
    const hours = this.#settings.value.lending?.manners.hours ?? null;
    const open = hours === null ? null : openAt(hours, this.#options.clock.now());
    return {
      running: status?.slots.busy ?? 0,
      isMetered: status?.why.some(({ reason }) => reason === 'metered') ?? false,
      isWatched: this.#options.system.isWatched(),
      hoursBeganAt: null,
      hoursBeginAt: open !== null && !open.isOpen ? open.until : null,
      isShutOut: false,
    };
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
    const running = this.#crew.agent.status?.slots.busy ?? 0;
    if (running < this.#running) this.#options.updating.wake();
    this.#running = running;
  }

  async #fromTray(name: DesktopAsk, argument: unknown): Promise<void> {
    const answer = await this.answer(name, argument);
    if (answer.ok) return;
    const { code, message } = answer.problem;
    this.#options.system.notify({ key: `answer ${code}`, title: 'Playfleet', body: message, page: '/this-computer' });
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

function without({ do: _, ...argument }: TrayAction): object | undefined {
  return Object.keys(argument).length === 0 ? undefined : argument;
}

function reporter(log: LogFile, clock: Clock): (error: unknown, during: string) => void {
  return (error, during) => {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    log.line(`${new Date(clock.now()).toISOString()} ${during} failed: ${text}`);
  };
}
