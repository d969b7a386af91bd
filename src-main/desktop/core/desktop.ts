/**
 * The app without its desktop: settings, secrets, children, wizard, requests of the page, and the order in which they begin and end. What it
 * needs of Electron stands in ports.ts, so that all of it runs on plain Node.
 */
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { Clock } from '../../../shared/base/clock.ts';
import type { UpdateFacts } from '../../../shared/model/update-policy.ts';
import type { AgentState } from '../../../shared/protocol/desktop/agent.ts';
import { POLITE_MANNERS } from '../../../shared/protocol/desktop/manners.ts';
import type { DesktopAsk } from '../../../shared/protocol/desktop/calls.ts';
import type { DesktopAnswer } from '../../../shared/protocol/desktop/api.ts';
import type { DesktopState, Preferences } from '../../../shared/protocol/desktop/state.ts';
import type { Lending } from '../../../shared/protocol/desktop/wizard.ts';
import { readKey } from '../../agent/key-file.ts';
import { openAt } from '../../agent/manners/hours.ts';
import type { FeedSource } from '../../updater/http.ts';
import { LogFile } from '../keep/log-file.ts';
import { SettingsStore } from '../keep/settings.ts';
import { Vault } from '../keep/vault.ts';
import { Credentials } from '../page/credentials.ts';
import { createPages } from '../page/pages.ts';
import { AgentPart, type Assignment, type Programs } from '../parts/agent-part.ts';
import { CoordinatorPart, type Listening } from '../parts/coordinator-part.ts';
import { parseDeepLink } from '../rules/deep-link.ts';
import { factsToTell, type LastFacts } from '../rules/facts.ts';
import { notices, type Told } from '../rules/notices.ts';
import { trayView, type TrayAction } from '../rules/tray.ts';
import { wordsOf, type Language } from '../rules/words.ts';
import { answerCall, type Handlers } from './answer.ts';
import { Coordinators } from './coordinators.ts';
import { freeOr0 } from './free-port.ts';
import { createHandlers } from './handlers.ts';
import type { Joining, Promoting, System, Updating } from './ports.ts';
import { DRAIN_MS, Quit, STOP_MS } from './quit.ts';
import { DesktopRefusal } from './refusal.ts';
import { SetUp } from './set-up.ts';
import type { Found } from './enrolment.ts';

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

/** While nothing else changes: what counts in minutes is looked at this often. */
const TICK_MS = 30_000;
const FACTS_MS = 1_000;
/** It has a key of its coordinator. */
const AT_WORK: ReadonlySet<AgentState> = new Set<AgentState>(['idle', 'busy', 'paused', 'offline']);
/** Before sleep, systems wait some seconds. */
const SUSPEND_MS = 4_000;

export class Desktop {
  readonly #options: DesktopOptions;
  readonly #settings: SettingsStore;
  readonly #vault: Vault;
  readonly #logs: { app: LogFile; agent: LogFile; coordinator: LogFile };
  readonly #agent: AgentPart;
  readonly #coordinator: CoordinatorPart;
  readonly #coordinators: Coordinators;
  readonly #setUp: SetUp;
  readonly #quit: Quit;
  readonly #handlers: Handlers;
  /** Answers `app://playfleet/…`. */
  readonly pages: ReturnType<typeof createPages>;
  #hasEnded = false;
  #running = 0;
  #welcomed: Listening | null = null;
  #facts: LastFacts | null = null;
  #told: Told = {};
  #isTelling = false;
  #cancels: (() => void)[] = [];

  /** @throws SettingsError where a newer version has written the settings. */
  static async open(options: DesktopOptions): Promise<Desktop> {
    const { folder, system, clock } = options;
    await mkdir(path.join(folder, 'logs'), { recursive: true, mode: 0o700 });
    const log = new LogFile(path.join(folder, 'logs', 'app.log'));
    const report = reporter(log, clock);
    const settings = await SettingsStore.open(path.join(folder, 'settings.json'), clock.now());
    const inMemory = settings.value.secretsInMemory;
    const vault = await Vault.open({
      file: path.join(folder, 'secrets.json'),
      cipher: system.cipher,
      inMemory,
      report,
    });
    return new Desktop(options, settings, vault, log);
  }

  private constructor(options: DesktopOptions, settings: SettingsStore, vault: Vault, app: LogFile) {
    this.#options = options;
    this.#settings = settings;
    this.#vault = vault;
    const { folder, programs, clock, random, joining, updating, dashboardDir, machine, system } = options;
    const logAt = (name: string) => new LogFile(path.join(folder, 'logs', `${name}.log`));
    this.#logs = { app, agent: logAt('agent'), coordinator: logAt('coordinator') };
    const onChange = () => this.#changed();
    const report = this.report;
    const credentials = new Credentials(vault, onChange);
    this.#coordinator = new CoordinatorPart({
      programs,
      dataDir: path.join(folder, 'coordinator'),
      settings: async () => ({
        host: '127.0.0.1',
        ...(await this.#ownPorts()),
        tls: false,
        newAdminLink: !credentials.isSignedIn('own'),
      }),
      clock,
      random,
      onLine: (line) => this.#logs.coordinator.line(line),
      onChange,
    });
    this.#agent = new AgentPart({
      programs,
      assignment: () => this.#assignment(),
      clock,
      random,
      onLine: (line) => this.#logs.agent.line(line),
      onChange,
    });
    const listening = () => this.#coordinator.listening;
    this.#coordinators = new Coordinators({ settings, credentials, listening, clock, random, joining });
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
      agent: this.#agent,
      coordinator: this.#coordinator,
      clock,
      onChange,
      ended: () => this.#ended(),
    });
    this.pages = createPages({
      dir: dashboardDir,
      target: () => this.#coordinators.target(),
      contentOrigin: () => this.contentOrigin(),
      credentials,
      report,
    });
    updating.onChange = onChange;
    this.#handlers = createHandlers(this, {
      settings,
      vault,
      agent: this.#agent,
      coordinators: this.#coordinators,
      setUp: this.#setUp,
      system,
      joining,
      updating,
      promoting: options.promoting,
      logs: path.join(folder, 'logs'),
      clock,
    });
  }

  /** Begins to work, or to be set up. `isHidden`: started by the system at login; the window stays closed where nothing asks for it. */
  async start(isHidden: boolean): Promise<void> {
    const { system, updating, clock } = this.#options;
    const { isSetUp } = this.#settings.value;
    if (this.#settings.setAside !== null) {
      const body = this.words.settingsSetAside(path.basename(this.#settings.setAside));
      system.notify({ key: 'settings', title: 'Playfleet', body, page: null });
    }
    if (isSetUp) this.#arrange();
    updating.start();
    this.#every(TICK_MS, () => this.#changed());
    this.#every(FACTS_MS, () => this.#tellFacts(clock.now()));
    this.#changed();
    if (!isSetUp) system.show('/setup');
    else if (!isHidden) system.show(null);
  }

  get state(): DesktopState {
    const { machine, versions, updating } = this.#options;
    const { isSetUp, preferences } = this.#settings.value;
    const { name, platform, arch } = machine;
    return {
      machine: { name, platform, arch },
      versions,
      language: this.#language,
      isSetUp,
      agent: { ...this.#agent.state, status: this.#agent.status },
      ownCoordinator: this.#coordinator.state,
      coordinators: this.#coordinators.remembered(),
      secrets: this.#vault.state,
      preferences,
      update: updating.state,
      quitting: this.#quit.state,
    };
  }

  /** Nothing is left that could be disturbed. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Of the children; null while one does not run. */
  pids(): { agent: number | null; coordinator: number | null } {
    return { agent: this.#agent.pid, coordinator: this.#coordinator.pid };
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
    await this.#agent
      .command({ type: 'suspend', withinMs: SUSPEND_MS })
      .catch((error: unknown) => this.report(error, 'going to sleep'));
  }

  systemWoke(): void {
    this.#facts = null;
    this.#agent.tell({ type: 'woke' });
    this.#tellFacts(this.#options.clock.now());
  }

  /** Resolves when everything has ended; the app then ends itself. */
  quit(how: 'drain' | 'now'): Promise<void> {
    return this.#quit.begin(how);
  }

  /** Puts what should run into motion, and ends what should not. */
  #arrange(): void {
    const { active } = this.#coordinators;
    if (this.#quit.state !== null || active === null) return;
    if (active.own) {
      this.#coordinator.start();
      if (this.#coordinator.listening !== null) this.#agent.start();
    } else {
      void this.#coordinator.stop(15_000);
      this.#agent.start();
    }
  }

  /** Works for another one from now on: what runs for the one before is finished, or given back with `how` stop. */
  async reassign(how: 'drain' | 'stop'): Promise<void> {
    await this.#agent.stop(how, how === 'drain' ? DRAIN_MS : STOP_MS);
    this.#arrange();
  }

  /** The same, without anybody who waits for it: finishing may take long. */
  reassignLater(): void {
    void this.reassign('drain').catch((error: unknown) => this.report(error, 'changing the coordinator'));
  }

  /** For an update. null: as usual again. */
  hold(how: 'drain' | 'give_back' | null): void {
    if (how === null) this.#arrange();
    else void this.#agent.stop(how === 'drain' ? 'drain' : 'stop', how === 'drain' ? DRAIN_MS : STOP_MS);
  }

  /** What an update could disturb. */
  busyness(): UpdateFacts['machine'] & { isShutOut: boolean } {
    const { status } = this.#agent;
    const { lending } = this.#settings.value;
    const now = this.#options.clock.now();
    const hours = lending?.manners.hours ?? null;
    const open = hours === null ? null : openAt(hours, now);
    return {
      running: status?.slots.busy ?? 0,
      isMetered: status?.why.some(({ reason }) => reason === 'metered') ?? false,
      isWatched: this.#options.system.isWatched(),
      hoursBeganAt: null,
      hoursBeginAt: open !== null && !open.isOpen ? open.until : null,
      isShutOut: false,
    };
  }

  /** The update feed of the active coordinator, read by this computer's own key. */
  async updateSource(channel: string): Promise<FeedSource | null> {
    const target = this.#coordinators.target();
    if (target === null) return null;
    const key = await readKey(path.join(this.#options.folder, 'workers', target.id, 'key.json'));
    if (key === null) return null;
    const headers = (): Record<string, string> => ({ authorization: `Bearer ${key.apiKey}` });
    return { url: `${target.url}/api/v1/updates/feed/${channel}`, pin: target.pin, headers };
  }

  get preferences(): Preferences {
    return this.#settings.value.preferences;
  }

  /** As in `restartPart`. */
  restart(part: 'agent' | 'coordinator'): void {
    (part === 'agent' ? this.#agent : this.#coordinator).start();
  }

  async setPreferences(change: Partial<Preferences>): Promise<void> {
    const before = this.#settings.value.preferences;
    const after = { ...before, ...change };
    if (after.startAtLogin !== before.startAtLogin) await this.#options.system.setStartAtLogin(after.startAtLogin);
    await this.#settings.change({ preferences: after });
    this.#changed();
  }

  /** Where the active coordinator's attachments come from; null: not known. */
  contentOrigin(): string | null {
    const { active } = this.#coordinators;
    return active?.own ? (this.#coordinator.listening?.contentUrl ?? null) : (active?.contentUrl ?? null);
  }

  /** Whose pages the system's browser may open. */
  trustedOrigins(): string[] {
    return [this.#coordinators.target()?.url, this.contentOrigin()]
      .filter((url) => url != null)
      .map((url) => new URL(url).origin);
  }

  /** Of the active coordinator, where this is its host. */
  pinFor(hostname: string): string | null {
    const target = this.#coordinators.target();
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
    if (this.#vault.state.kept === 'refused')
      throw new DesktopRefusal(
        'no_safe_place',
        `${this.#vault.state.reason ?? ''} Decide first whether secrets may be held in memory.`,
      );
    await this.#settings.change({ lending });
    if (found === null) await this.#coordinators.takeOwn(this.#options.machine.name);
    else await this.#coordinators.take(found);
    this.#arrange();
    await this.#enrolled();
    await this.setPreferences({ startAtLogin }).catch((error: unknown) => this.report(error, 'starting at login'));
    await this.#settings.change({ isSetUp: true });
    this.#changed();
  }

  /** Resolves when the agent works for its coordinator; rejects with why it does not, and then nothing of it goes on. */
  async #enrolled(): Promise<void> {
    try {
      await new Promise<void>((resolve, reject) => {
        const look = (): boolean => {
          const { agent, ownCoordinator } = this.state;
          const gaveUp = [agent, ownCoordinator].find(({ state }) => state === 'given_up');
          if (gaveUp)
            reject(
              new DesktopRefusal('not_enrolled', gaveUp.problem ?? 'It could not be started.', fieldIn(gaveUp.problem)),
            );
          const isReady = agent.status !== null && AT_WORK.has(agent.status.state);
          if (isReady) resolve();
          return isReady || gaveUp !== undefined;
        };
        if (!look()) this.#watch = () => look() && (this.#watch = null);
      });
    } catch (error) {
      await this.#agent.stop('stop', 10_000);
      await this.#coordinator.stop(10_000);
      throw error;
    }
  }
  #watch: (() => unknown) | null = null;

  async #assignment(): Promise<Assignment> {
    const { active } = this.#coordinators;
    const { lending } = this.#settings.value;
    const target = this.#coordinators.target();
    if (active === null || lending === null) throw new DesktopRefusal('not_set_up', 'No coordinator is chosen.');
    if (target === null) throw new DesktopRefusal('not_running', 'The coordinator of this computer does not run yet.');
    const address = target.pin === null ? target.url : `${target.url}#${target.pin}`;
    const dataDir = path.join(this.#options.folder, 'workers', active.id);
    return { dataDir, address, link: this.#coordinators.linkFor(active.id), lending };
  }

  /** Of its last start, as far as they are free. */
  async #ownPorts(): Promise<{ port: number; contentPort: number }> {
    const own = this.#settings.value.coordinators.find((one) => one.own);
    const portOf = (url: string | null | undefined) => (url ? Number(new URL(url).port) : null);
    const [port, contentPort] = await Promise.all([
      freeOr0(portOf(own?.url), '127.0.0.1'),
      freeOr0(portOf(own?.contentUrl), '127.0.0.1'),
    ]);
    return { port, contentPort };
  }

  /** Everything that follows of a change, once for all changes of one turn. */
  #changed(): void {
    if (this.#isTelling) return;
    this.#isTelling = true;
    queueMicrotask(() => {
      this.#isTelling = false;
      this.#welcomeOwn();
      const { system, clock } = this.#options;
      const { state } = this;
      const now = clock.now();
      if (AT_WORK.has(state.agent.status?.state ?? 'starting'))
        this.#coordinators.enrolled(this.#settings.value.active ?? '');
      system.tell('changed', state);
      system.draw(trayView(state, { now, timeZone: system.timeZone }));
      const { show, told } = notices(state, this.#told, now);
      this.#told = told;
      for (const notice of show) system.notify(notice);
      const running = state.agent.status?.slots.busy ?? 0;
      if (running < this.#running) this.#options.updating.wake();
      this.#running = running;
      this.#watch?.();
    });
  }

  /** The own coordinator has begun to listen: the app signs in, and the agent can go there. */
  #welcomeOwn(): void {
    const { listening } = this.#coordinator;
    if (listening === null || listening === this.#welcomed) return;
    const hasMoved = this.#welcomed !== null && this.#welcomed.url !== listening.url;
    this.#welcomed = listening;
    this.#coordinators
      .ownListens(listening)
      .catch((error: unknown) => this.report(error, 'signing in to the coordinator of this computer'))
      .then(() => (hasMoved ? this.reassign('stop') : this.#arrange()))
      .finally(() => this.#changed());
  }

  #tellFacts(now: number): void {
    if (this.#agent.status === null) {
      this.#facts = null;
      return;
    }
    const facts = factsToTell(this.#options.system.facts(), this.#facts, now);
    if (facts === null) return;
    this.#facts = { facts, at: now };
    this.#agent.tell({ type: 'facts', facts });
  }

  async #fromTray(name: DesktopAsk, argument: unknown): Promise<void> {
    const answer = await this.answer(name, argument);
    if (answer.ok) return;
    const { code, message } = answer.problem;
    this.#options.system.notify({ key: `answer ${code}`, title: 'Playfleet', body: message, page: '/this-computer' });
  }

  async #ended(): Promise<void> {
    this.#options.updating.stop();
    for (const cancel of this.#cancels) cancel();
    this.#cancels = [];
    await Promise.all(Object.values(this.#logs).map((log) => log.close()));
    this.#hasEnded = true;
    if (!this.#options.updating.leave()) this.#options.system.exit();
  }

  #every(ms: number, act: () => void): void {
    const { clock } = this.#options;
    const index = this.#cancels.length;
    const next = (): void => {
      this.#cancels[index] = clock.after(ms, () => {
        next();
        act();
      });
    };
    next();
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

/** The agent's own words for what is wrong name no field of the wizard. */
function fieldIn(problem: string | null): string | null {
  if (problem?.includes('join token')) return 'link';
  return problem?.includes('a worker named') ? 'name' : null;
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
