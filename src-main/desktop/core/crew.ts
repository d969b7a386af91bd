/** The app's two children, the agent and this computer's own coordinator: for whom they work, when they run, and how one follows the other. */
import { rm } from 'node:fs/promises';
import path from 'node:path';
import type { Clock } from '../../../shared/base/clock.ts';
import type { AgentState } from '../../../shared/protocol/desktop/agent.ts';
import { readKey } from '../../agent/key-file.ts';
import type { FeedSource } from '../../updater/http.ts';
import type { CopyKeys } from '../keep/copy-keys.ts';
import type { SettingsStore } from '../keep/settings.ts';
import type { Credentials } from '../page/credentials.ts';
import type { Target } from '../page/proxy.ts';
import { AgentPart, type Assignment, type Programs } from '../parts/agent-part.ts';
import { CoordinatorPart, type Listening } from '../parts/coordinator-part.ts';
import { Coordinators, OWN } from './coordinators.ts';
import { freeOr0 } from './free-port.ts';
import type { Joining } from './ports.ts';
import { DRAIN_MS, STOP_MS } from './quit.ts';
import { DesktopRefusal } from './refusal.ts';

export interface CrewDeps {
  folder: string;
  programs: Programs;
  settings: SettingsStore;
  credentials: Credentials;
  copyKeys: CopyKeys;
  joining: Joining;
  /** Who stands in for the active coordinator, and where attachments come from there. */
  standIn: () => { target: Target | null; contentUrl: string | null };
  clock: Clock;
  random: () => number;
  /** Of the logs of both. */
  onLine: (who: 'agent' | 'coordinator', line: string) => void;
  onChange: () => void;
  /** From then on nothing is started any more. */
  isQuitting: () => boolean;
  report: (error: unknown, during: string) => void;
}

/** It has a key of its coordinator. */
const AT_WORK: ReadonlySet<AgentState> = new Set<AgentState>(['idle', 'busy', 'paused', 'offline']);
const HOST = '127.0.0.1';
const COORDINATOR_MS = 15_000;
const GIVE_UP_MS = 10_000;

export class Crew {
  readonly agent: AgentPart;
  readonly coordinator: CoordinatorPart;
  readonly coordinators: Coordinators;
  readonly #deps: CrewDeps;
  #welcomed: Listening | null = null;
  /** The coordinator that the agent was last started for. */
  #worksFor: string | null = null;
  #watch: (() => void) | null = null;

  constructor(deps: CrewDeps) {
    this.#deps = deps;
    const { folder, programs, settings, credentials, joining, clock, random, onLine, onChange } = deps;
    const common = { programs, clock, random, onChange };
    this.coordinator = new CoordinatorPart({
      ...common,
      dataDir: path.join(folder, 'coordinator'),
      settings: async () => ({
        host: HOST,
        ...(await this.#ownPorts()),
        tls: false,
        newAdminLink: !credentials.isSignedIn(OWN),
      }),
      onLine: (line) => onLine('coordinator', line),
    });
    this.agent = new AgentPart({
      ...common,
      assignment: () => this.#assignment(),
      onLine: (line) => onLine('agent', line),
    });
    const listening = () => this.coordinator.listening;
    const standIn = () => deps.standIn().target;
    this.coordinators = new Coordinators({ settings, credentials, listening, standIn, clock, random, joining });
  }

  /** Of the children; null while one does not run. */
  get pids(): { agent: number | null; coordinator: number | null } {
    return { agent: this.agent.pid, coordinator: this.coordinator.pid };
  }

  /** Where the active coordinator's attachments come from; null: not known. */
  get contentOrigin(): string | null {
    const { active } = this.coordinators;
    const standIn = this.#deps.standIn();
    if (standIn.target !== null) return standIn.contentUrl;
    return active?.own ? (this.coordinator.listening?.contentUrl ?? null) : (active?.contentUrl ?? null);
  }

  /** Puts what should run into motion, and ends what should not. */
  arrange(): void {
    const { active } = this.coordinators;
    if (active === null || this.#deps.isQuitting()) return;
    if (active.own) {
      this.coordinator.start();
      if (this.coordinator.listening !== null) this.agent.start();
    } else {
      void this.coordinator.stop(COORDINATOR_MS);
      this.agent.start();
    }
  }

  /** What runs is finished or given back; then the agent begins anew, with what is set by then. */
  async reassign(how: 'drain' | 'stop'): Promise<void> {
    await this.agent.stop(how, how === 'drain' ? DRAIN_MS : STOP_MS);
    this.arrange();
  }

  /** The same, without anybody who waits for it: finishing may take long. */
  reassignLater(): void {
    this.reassign('drain').catch((error: unknown) => this.#deps.report(error, 'changing the coordinator'));
  }

  /** For an update. null: as usual again. */
  hold(how: 'drain' | 'give_back' | null): void {
    if (how === null) this.arrange();
    else void this.agent.stop(how === 'drain' ? 'drain' : 'stop', how === 'drain' ? DRAIN_MS : STOP_MS);
  }

  /** After it was given up. */
  restart(part: 'agent' | 'coordinator'): void {
    this[part].start();
  }

  /** With this computer's key for it, and whatever else it has of it. */
  async forget(id: string): Promise<void> {
    const isFinishing = this.#worksFor === id && this.agent.state.state !== 'off';
    if (isFinishing && id !== this.coordinators.active?.id)
      throw new DesktopRefusal('busy', 'What runs here for it is still being finished. Try again when it is.', 'id');
    await this.coordinators.forget(id);
    await rm(this.workerFolder(id), { recursive: true, force: true });
    await this.#deps.copyKeys.forget(id);
    this.#deps.onChange();
  }

  /** Resolves when the agent works for its coordinator; rejects with why it does not, and then nothing of it goes on. */
  async enrolled(): Promise<void> {
    try {
      await new Promise<void>((resolve, reject) => {
        this.#watch = () => {
          const gaveUp = [this.agent.state, this.coordinator.state].find(({ state }) => state === 'given_up');
          const why = gaveUp?.problem ?? 'It could not be started.';
          if (gaveUp) reject(new DesktopRefusal('not_enrolled', why, fieldIn(why)));
          else if (this.#isAtWork) resolve();
        };
        this.#watch();
      });
    } catch (error) {
      await this.agent.stop('stop', GIVE_UP_MS);
      await this.coordinator.stop(GIVE_UP_MS);
      throw error;
    } finally {
      this.#watch = null;
    }
  }

  /** To be called after each change: what follows of one child for the other. */
  follow(): void {
    const { active } = this.coordinators;
    if (active !== null && this.#isAtWork) this.coordinators.enrolled(active.id);
    this.#welcome();
    this.#watch?.();
  }

  /** The update feed of the active coordinator, read by this computer's own key. */
  async updateSource(channel: string): Promise<FeedSource | null> {
    const target = this.coordinators.home();
    const key = target && (await readKey(path.join(this.workerFolder(target.id), 'key.json')));
    if (target === null || key === null) return null;
    const headers = (): Record<string, string> => ({ authorization: `Bearer ${key.apiKey}` });
    return { url: `${target.url}/api/v1/updates/feed/${channel}`, pin: target.pin, headers };
  }

  get #isAtWork(): boolean {
    return AT_WORK.has(this.agent.status?.state ?? 'starting');
  }

  /** The own coordinator has begun to listen: the app signs in, and the agent can go there. */
  #welcome(): void {
    const { listening } = this.coordinator;
    if (listening === null || listening === this.#welcomed) return;
    const hasMoved = this.#welcomed !== null && this.#welcomed.url !== listening.url;
    this.#welcomed = listening;
    const { report, onChange } = this.#deps;
    void this.coordinators
      .ownListens(listening)
      .catch((error: unknown) => report(error, 'signing in to the coordinator of this computer'))
      .then(() => (hasMoved ? this.reassign('stop') : this.arrange()))
      .then(onChange);
  }

  async #assignment(): Promise<Assignment> {
    const { active } = this.coordinators;
    const { lending } = this.#deps.settings.value;
    const target = this.coordinators.home();
    if (active === null || lending === null) throw new DesktopRefusal('not_set_up', 'No coordinator is chosen.');
    if (target === null) throw new DesktopRefusal('not_running', 'The coordinator of this computer does not run yet.');
    const address = target.pin === null ? target.url : `${target.url}#${target.pin}`;
    this.#worksFor = active.id;
    const { id, copySecrets } = active;
    const copyKey = await this.#deps.copyKeys.of(id);
    const link = this.coordinators.linkFor(id);
    return { dataDir: this.workerFolder(id), address, link, lending, copyKey, copySecrets };
  }

  /** Of its last start, as far as they are free. */
  async #ownPorts(): Promise<{ port: number; contentPort: number }> {
    const own = this.#deps.settings.value.coordinators.find((one) => one.own);
    const portOf = (url: string | null | undefined) => (url ? Number(new URL(url).port) : null);
    const [port, contentPort] = await Promise.all([
      freeOr0(portOf(own?.url), HOST),
      freeOr0(portOf(own?.contentUrl), HOST),
    ]);
    return { port, contentPort };
  }

  /** What the agent has of this coordinator. */
  workerFolder(id: string): string {
    return path.join(this.#deps.folder, 'workers', id);
  }
}

/** The agent's own words for what is wrong name no field of the wizard. */
function fieldIn(problem: string): string | null {
  if (problem.includes('join token')) return 'link';
  return problem.includes('a worker named') ? 'name' : null;
}
