/**
 * This computer in its coordinator's place, from the click to the proof that everything is at home: kept in the settings, so that an app that
 * begins anew goes on where the one before was.
 */
import { existsSync } from 'node:fs';
import type { Clock } from '../../../../shared/base/clock.ts';
import type { BroughtHome, OwnPromotion } from '../../../../shared/protocol/desktop/offline.ts';
import type { PartState } from '../../../../shared/protocol/desktop/part-state.ts';
import { offlineState } from '../../../../shared/protocol/offline/promotion.ts';
import { createApi, type Api } from '../../../cli/api.ts';
import { PassingFailure } from '../../../cli/problem.ts';
import { readControl, readHome } from '../../../cli/promotion/notes.ts';
import type { CopyKeys } from '../../keep/copy-keys.ts';
import type { KeptPromotion, SettingsStore } from '../../keep/settings.ts';
import type { Programs } from '../../parts/agent-part.ts';
import { DemotionPart } from '../../parts/demotion-part.ts';
import type { HomeFigures } from '../../parts/home-figures.ts';
import { PromotionPart, type Promoted } from '../../parts/promotion-part.ts';
import { freeOr0 } from '../free-port.ts';
import { DesktopRefusal } from '../refusal.ts';

export interface PromotionDeps {
  programs: Programs;
  settings: SettingsStore;
  copyKeys: CopyKeys;
  /** Of the agent, for a coordinator. */
  workerFolder: (id: string) => string;
  /** Where a promoted coordinator listens. */
  host: string;
  clock: Clock;
  random: () => number;
  onLine: (line: string) => void;
  onChange: () => void;
  /** Others may have to look anew where the agent works. */
  onMoved: () => void;
  report: (error: unknown, during: string) => void;
}

/** How often it is asked how far it is. */
const ASK_MS = 3_000;

export class Promotion {
  readonly #deps: PromotionDeps;
  readonly #part: PromotionPart;
  readonly #demotion: DemotionPart;
  #api: Api | null = null;
  #token: string | null = null;
  #about: OwnPromotion['about'] = null;
  /** Whoever waits for a first start. */
  #first: { began: () => void; failed: (problem: string) => void } | null = null;
  #cancelAsking = (): void => undefined;

  constructor(deps: PromotionDeps) {
    this.#deps = deps;
    const { programs, clock, random, onLine } = deps;
    const common = { programs, clock, random, onLine, onChange: () => this.#changed() };
    this.#part = new PromotionPart({
      ...common,
      settings: () => this.#howToPromote(),
      onPromoted: (promoted) => void this.#began(promoted).catch(this.#failed),
      onHome: (figures) => void this.#isHome(figures).catch(this.#failed),
    });
    this.#demotion = new DemotionPart({
      ...common,
      settings: async () => {
        const { of, ending } = this.#wanted();
        return { dataDir: deps.workerFolder(of), now: ending === 'now' };
      },
      onDeleted: (folder, figures) => {
        if (folder === this.#kept?.folder) void this.#finish(figures).catch(this.#failed);
      },
    });
  }

  /** null: this computer stands in for nobody. */
  get view(): OwnPromotion | null {
    const kept = this.#kept;
    if (kept === null) return null;
    const { promoted } = this.#part;
    return {
      name: this.#nameOf(kept),
      part: this.#shownState,
      ending: kept.ending !== null,
      shown: promoted && { url: promoted.url, addresses: promoted.addresses, lacks: promoted.lacks },
      about: this.#about,
    };
  }

  get pid(): number | null {
    return this.#part.pid;
  }

  /** Of an admin there, where this computer is promoted; null: it is not, or not yet. */
  get token(): string | null {
    return this.#token;
  }

  /** Resolves when it listens. @throws DesktopRefusal with its own words where it does not begin: then nothing of it goes on. */
  async promote(of: string, secrets: boolean): Promise<void> {
    const { settings } = this.#deps;
    await settings.change({ promotion: { of, secrets, folder: null, url: null, ending: null }, home: null });
    try {
      await new Promise<void>((began, failed) => {
        this.#first = { began, failed: (problem) => failed(new DesktopRefusal('not_promoted', problem)) };
        this.#part.start();
      });
    } catch (error) {
      await this.#part.stop();
      await settings.change({ promotion: null });
      throw error;
    } finally {
      this.#first = null;
      this.#deps.onChange();
    }
  }

  /** No more runs there. What follows of it, to the last proof, goes on by itself. */
  async demote(now: boolean): Promise<void> {
    const ending = now || this.#wanted().ending === 'now' ? 'now' : 'when_done';
    await this.#keep({ ending });
    if (now) await this.#demotion.stop();
    this.#part.start();
    if (this.#part.promoted !== null) this.#demotion.start();
    this.#deps.onChange();
  }

  /** Goes on with what the settings know, where they do. */
  resume(): void {
    if (this.#kept !== null) this.#part.start();
  }

  /** After it was given up. */
  restart(): void {
    this.resume();
    if (this.#demotion.state.state === 'given_up') this.#demotion.start();
  }

  /** What it has is kept, and goes on at the next start. */
  async stop(): Promise<void> {
    this.#cancelAsking();
    await this.#demotion.stop();
    await this.#part.stop();
  }

  get #kept(): KeptPromotion | null {
    return this.#deps.settings.value.promotion;
  }

  /** Of its process; and of the one that brings everything home, where that has ended by itself. */
  get #shownState(): PartState {
    const { state } = this.#demotion;
    return state.state === 'waiting' || state.state === 'given_up' ? state : this.#part.state;
  }

  #wanted(): KeptPromotion {
    if (this.#kept === null) throw new DesktopRefusal('not_promoted', 'This computer stands in for nobody.');
    return this.#kept;
  }

  #nameOf({ of }: KeptPromotion): string {
    return this.#deps.settings.value.coordinators.find(({ id }) => id === of)?.name ?? of;
  }

  async #keep(change: Partial<KeptPromotion>): Promise<void> {
    await this.#deps.settings.change({ promotion: { ...this.#wanted(), ...change } });
  }

  /** Where all is at home already, or was deleted, another start would be another promotion. */
  async #howToPromote() {
    const { of, secrets, folder, url } = this.#wanted();
    const figures = folder === null ? null : await readHome(folder);
    if (folder !== null && (figures !== null || !existsSync(folder))) {
      queueMicrotask(() => void (figures ? this.#isHome(figures) : this.#finish(null)).catch(this.#failed));
      throw new Error('All of it is at home.');
    }
    const { host, workerFolder, copyKeys } = this.#deps;
    const [port, copyKey] = await Promise.all([portAgain(url, host), copyKeys.of(of)]);
    return { dataDir: workerFolder(of), host, port, secrets, copyKey };
  }

  async #began({ url, folder, pin }: Promoted): Promise<void> {
    const { clock, random, onMoved } = this.#deps;
    await this.#keep({ url, folder });
    this.#token = (await readControl(folder))?.token ?? null;
    this.#api = createApi({ url, pin, token: this.#token, clock, random });
    this.#first?.began();
    onMoved();
    if (this.#kept?.ending) this.#demotion.start();
    this.#cancelAsking();
    await this.#ask();
  }

  /** All of it is at the central coordinator; what is left here is deleted. */
  async #isHome(figures: HomeFigures): Promise<void> {
    const kept = this.#kept;
    if (kept === null) return;
    const home = this.#homeOf(kept, figures, false);
    await this.#deps.settings.change({ promotion: { ...kept, ending: kept.ending ?? 'when_done' }, home });
    await this.#part.stop();
    // Somebody else may have asked for it, and have deleted it.
    if (kept.folder !== null && !existsSync(kept.folder)) return this.#finish(null);
    this.#demotion.start();
  }

  /** Nothing of it is here any more. `figures` null: as they were told before. */
  async #finish(figures: HomeFigures | null): Promise<void> {
    const { settings, onMoved, onChange } = this.#deps;
    const kept = this.#kept;
    if (kept === null) return;
    const home = figures === null ? settings.value.home : this.#homeOf(kept, figures, true);
    await settings.change({ promotion: null, home: home && { ...home, deleted: true } });
    this.#forgetWhatWas();
    await this.#demotion.stop();
    await this.#part.stop();
    onMoved();
    onChange();
  }

  #homeOf(kept: KeptPromotion, { verified_at, counts, hash, conflicts }: HomeFigures, deleted: boolean): BroughtHome {
    return { name: this.#nameOf(kept), at: Date.parse(verified_at), counts, hash, conflicts, deleted };
  }

  #forgetWhatWas(): void {
    this.#cancelAsking();
    this.#api = null;
    this.#token = null;
    this.#about = null;
  }

  /** How far it is, again and again for as long as it runs. */
  async #ask(): Promise<void> {
    const { clock, onChange } = this.#deps;
    try {
      const { promotion } = (await this.#api?.get('/api/v1/offline', offlineState, { tries: 1 })) ?? {};
      if (promotion) {
        const { since, copied_at, secrets, homecoming } = promotion;
        this.#about = { since: Date.parse(since), copiedAt: Date.parse(copied_at), secrets, homecoming };
        onChange();
      }
    } catch (error) {
      // It has ended meanwhile, and its process tells why.
      if (!(error instanceof PassingFailure)) this.#failed(error);
    }
    if (this.#part.promoted === null) return;
    this.#cancelAsking = clock.after(ASK_MS, () => void this.#ask());
  }

  #changed(): void {
    const { state, problem } = this.#part.state;
    if (state === 'waiting' || state === 'given_up') this.#first?.failed(problem ?? 'It could not be started.');
    const isGone = this.#kept?.folder != null && !existsSync(this.#kept.folder);
    if (isGone && this.#demotion.state.state === 'waiting') void this.#finish(null).catch(this.#failed);
    this.#deps.onChange();
  }

  readonly #failed = (error: unknown): void => this.#deps.report(error, 'standing in for the coordinator');
}

/** The one that it had, so that those who follow it find it again; null where that, or the next one for reports, is taken. */
async function portAgain(url: string | null, host: string): Promise<number | null> {
  if (url === null) return null;
  const port = Number(new URL(url).port);
  const free = await Promise.all([freeOr0(port, host), freeOr0(port + 1, host)]);
  return free.includes(0) ? null : port;
}
