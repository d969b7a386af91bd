/** The time without the active coordinator: the copy of it, standing in for it, following who does, and coming home. */
import type { AgentStatus } from '../../../../shared/protocol/desktop/agent.ts';
import type { OfflineView } from '../../../../shared/protocol/desktop/offline.ts';
import type { SecretsState } from '../../../../shared/protocol/desktop/state.ts';
import type { Credentials } from '../../page/credentials.ts';
import type { Target } from '../../page/proxy.ts';
import { hasLostCoordinator } from '../../rules/offline.ts';
import { DesktopRefusal } from '../refusal.ts';
import { Followed } from './followed.ts';
import { Promotion, type PromotionDeps } from './promotion.ts';
import { StandIns, type StandInsDeps } from './stand-ins.ts';
import { NOTHING_KNOWN, readWorkerFiles, type WorkerFiles } from './worker-files.ts';

export interface OfflineDeps extends Omit<PromotionDeps, 'onMoved'>, Pick<StandInsDeps, 'joining'> {
  credentials: Credentials;
  /** What the agent last said of itself; null while it does not run. */
  agent: () => AgentStatus | null;
  /** Where the key of the copy can be kept. */
  secrets: () => SecretsState;
}

/** The agent writes by itself: a newer copy, another coordinator. */
const LOOK_MS = 10_000;

export class Offline {
  readonly #deps: OfflineDeps;
  readonly #promotion: Promotion;
  readonly #followed: Followed;
  readonly #standIns: StandIns;
  #files: WorkerFiles = NOTHING_KNOWN;
  #looking: Promise<void> = Promise.resolve();
  #seen = '';
  #cancel = (): void => undefined;

  constructor(deps: OfflineDeps) {
    this.#deps = deps;
    this.#promotion = new Promotion({ ...deps, onMoved: () => void this.look() });
    this.#followed = new Followed(deps);
    this.#standIns = new StandIns(deps);
  }

  get view(): OfflineView {
    return {
      copy: this.#files.copy,
      copySecrets: this.#deps.settings.active?.copySecrets ?? false,
      promotion: this.#promotion.view,
      home: this.#deps.settings.value.home,
      follows: this.#followed.view,
      standIns: [...this.#standIns.found],
    };
  }

  /** Where the page's requests go instead of the active coordinator; null: there. */
  get target(): Target | null {
    return this.#followed.target;
  }

  get contentUrl(): string | null {
    return this.#followed.contentUrl;
  }

  /** Of the promoted coordinator; null while it does not run. */
  get pid(): number | null {
    return this.#promotion.pid;
  }

  /** Goes on with what was begun before this app. */
  start(): void {
    this.#promotion.resume();
    this.#lookAgain();
  }

  /** To be called after each change. */
  follow(): void {
    const { agent, settings } = this.#deps;
    const status = agent();
    const seen = `${settings.value.active} ${status?.coordinator}`;
    if (seen !== this.#seen) void this.look();
    this.#seen = seen;
    const isAlone = this.#followed.target === null && settings.value.promotion === null;
    this.#standIns.keepLooking(isAlone && hasLostCoordinator(status), this.#files.home);
  }

  /** Reads what the agent's folder tells, one time after the other. */
  look(): Promise<void> {
    this.#looking = this.#looking
      .then(() => this.#lookOnce())
      .catch((error: unknown) => this.#deps.report(error, 'looking for who stands in for the coordinator'));
    return this.#looking;
  }

  async promote(secrets: boolean): Promise<void> {
    const { settings } = this.#deps;
    const { active } = settings;
    if (settings.value.promotion !== null)
      throw new DesktopRefusal('promoted', 'This computer stands in for its coordinator already.');
    if (active === null || active.own)
      throw new DesktopRefusal('own', 'This computer works for itself: there is nobody to stand in for.');
    await this.look();
    if (this.#files.copy === null)
      throw new DesktopRefusal(
        'no_copy',
        `This computer keeps no copy of ${active.name}, so it cannot stand in for it. While it is there, an admin permits one (Settings, Offline); this computer then fetches it.`,
      );
    const { kept, reason } = this.#deps.secrets();
    if (this.#files.copy.key === 'safe' && kept !== 'safe')
      throw new DesktopRefusal(
        'no_safe_place',
        `The key of the copy lies in this system's safe storage, which cannot be used now. ${reason ?? ''} Mend that and start the app again. Or wait for ${active.name}: the copy is then made anew, with a key in a file.`,
      );
    await this.#promotion.promote(active.id, secrets);
    await this.look();
  }

  demote(now: boolean): Promise<void> {
    return this.#promotion.demote(now);
  }

  async lookForStandIns(): Promise<void> {
    await this.look();
    await this.#standIns.look();
  }

  async switchTo(address: string): Promise<void> {
    this.mayLeave();
    await this.#standIns.switch(address.includes('://') ? address : `https://${address}`, this.#workerFolder());
    await this.look();
  }

  async switchHome(): Promise<void> {
    this.mayLeave();
    await this.#standIns.switch('home', this.#workerFolder());
    await this.look();
  }

  /** @throws DesktopRefusal while this computer stands in for the active coordinator: others would be left alone. */
  mayLeave(): void {
    if (this.#deps.settings.value.promotion !== null)
      throw new DesktopRefusal('promoted', 'This computer stands in for its coordinator. Bring everything home first.');
  }

  restart(): void {
    this.#promotion.restart();
  }

  async stop(): Promise<void> {
    this.#cancel();
    this.#standIns.keepLooking(false, null);
    await this.#promotion.stop();
  }

  #workerFolder(): string {
    const { settings, workerFolder } = this.#deps;
    if (settings.active === null || settings.active.own)
      throw new DesktopRefusal('own', 'This computer works for itself: nobody stands in for it.');
    return workerFolder(settings.active.id);
  }

  #lookAgain(): void {
    void this.look();
    this.#cancel = this.#deps.clock.after(LOOK_MS, () => this.#lookAgain());
  }

  async #lookOnce(): Promise<void> {
    const { settings, workerFolder, credentials, onChange } = this.#deps;
    const { active } = settings;
    const before = JSON.stringify([this.#files, this.#followed.view, this.#followed.contentUrl]);
    this.#files = active === null || active.own ? NOTHING_KNOWN : await readWorkerFiles(workerFolder(active.id));
    const { followed } = this.#files;
    const ownToken = followed !== null && active !== null ? credentials.tokenOf(active.id) : null;
    await this.#followed.set(followed, this.#promotion.token ?? ownToken);
    if (JSON.stringify([this.#files, this.#followed.view, this.#followed.contentUrl]) !== before) onChange();
  }
}
