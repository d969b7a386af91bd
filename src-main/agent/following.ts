/**
 * While a promoted coordinator stands in for the one that this machine works for: a second agent for it beside the first. The first one stays: it
 * finishes what it runs, keeps its reports, and brings them as soon as its coordinator is back.
 */
import { stat } from 'node:fs/promises';
import path from 'node:path';
import type { AgentStatus } from '../../shared/protocol/desktop/agent.ts';
import type { OfflineWelcome } from '../../shared/protocol/offline/promotion.ts';
import { Agent } from './agent.ts';
import { AgentError, EXIT, KeyRefused } from './errors.ts';
import type { Controlled } from './control/control.ts';
import { coordinatorsFile } from './coordinators/file.ts';
import { changeStandIns, readStandIns } from './coordinators/remembered.ts';
import { standInOf, workAtHome, type AwayCoordinator, type StandIns } from './coordinators/stand-ins.ts';
import { CopyKeeper } from './offline/copy-keeper.ts';
import { placesIn, type OfflinePlaces } from './offline/places.ts';
import { comesHome, unknownThere } from './offline/rules.ts';
import { checkStatement } from './offline/statement.ts';
import { gatherForAnother, type Parts } from './start.ts';

/** How soon a command's word is followed. */
const LOOK_MS = 1000;

export class Following implements Controlled {
  readonly #parts: Parts;
  readonly #places: OfflinePlaces;
  readonly #home: Agent;
  readonly #onStatus: () => void;
  readonly #keeper: CopyKeeper;
  #known: StandIns;
  #away: { agent: Agent; at: AwayCoordinator } | null = null;
  /** Those that are not worked for any more, and still finish. */
  readonly #leaving = new Set<Promise<unknown>>();
  #readAt = '';
  #downSince: number | null = null;
  #working: Promise<void> = Promise.resolve();
  #ending = false;
  #cancel = (): void => {};

  /**
   * Beside `home`, which has begun. `onStatus`: the status may be another one. `copyKey`: seals the warm copy; null: the one of a file does.
   * @throws AgentError where its file is damaged.
   */
  static async open(home: Agent, onStatus: () => void, copyKey: Uint8Array | null): Promise<Following> {
    const { root, own, coordinator } = home.parts.dir;
    return new Following(home, onStatus, { places: placesIn(own), known: readStandIns(root, coordinator), copyKey });
  }

  private constructor(
    home: Agent,
    onStatus: () => void,
    { places, known, copyKey }: { places: OfflinePlaces; known: StandIns; copyKey: Uint8Array | null },
  ) {
    const { config, clock, log, key, user } = home.parts;
    this.#parts = home.parts;
    this.#home = home;
    this.#onStatus = onStatus;
    this.#places = places;
    this.#known = known;
    this.#keeper = new CopyKeeper({
      places,
      keys: { given: copyKey, file: config.copyKeyFile ?? places.copyKey },
      key,
      copySecrets: config.copySecrets,
      runsAsOther: user.isOther,
      clock,
      random: Math.random,
      log,
    });
    this.#keeper.begin();
    home.slotsElsewhere = () => this.#away?.agent.slotsInUse ?? 0;
    home.onOffline = (told) => this.#learn(told);
    if (home.told) this.#learn(home.told);
    this.#look();
  }

  /** Of the agent at work. */
  status(): AgentStatus {
    return (this.#away?.agent ?? this.#home).status();
  }

  /** By all agents of this machine; the answer is of the one at work. */
  async carryOut(command: Parameters<Controlled['carryOut']>[0]): ReturnType<Controlled['carryOut']> {
    const [home, away] = await Promise.all([this.#home.carryOut(command), this.#away?.agent.carryOut(command)]);
    return away ?? home;
  }

  untold(): void {
    this.#home.untold();
    this.#away?.agent.untold();
  }

  /** As Agent.drain, for all that runs on this machine. */
  drain(reason: string, withinMs: number | null): void {
    this.#end();
    this.#away?.agent.drain(reason, withinMs);
    this.#home.drain(reason, withinMs);
  }

  /** As Agent.giveBack. */
  giveBack(reason: string): void {
    this.#end();
    this.#away?.agent.giveBack(reason);
    this.#home.giveBack(reason);
  }

  /** Resolves when nothing of it goes on: call it when the first agent has ended. */
  async close(): Promise<void> {
    this.#end();
    await this.#working;
    this.#away?.agent.giveBack('the worker ends');
    await Promise.all([this.#away?.agent.done, ...this.#leaving]);
    await this.#keeper.close();
  }

  #end(): void {
    this.#ending = true;
    this.#cancel();
  }

  /** Of the coordinator that it is enrolled at, over a link that is known to be its own. */
  #learn(told: OfflineWelcome): void {
    const { origin, signingKey } = told;
    this.#keeper.learn(told);
    void this.#next(async () => this.#change((before) => ({ ...before, home: { origin, signingKey } })));
  }

  #look(): void {
    this.#cancel = this.#parts.clock.after(LOOK_MS, () => {
      void this.#next(() => this.#lookOnce()).finally(() => {
        if (!this.#ending) this.#look();
      });
    });
  }

  /** One thing after the other. */
  #next(work: () => Promise<unknown>): Promise<void> {
    this.#working = this.#working.then(work).then(
      () => undefined,
      (error: unknown) => this.#parts.log.error({ err: error }, 'following the coordinators failed'),
    );
    return this.#working;
  }

  #change(change: (before: StandIns) => StandIns): void {
    const { root, coordinator } = this.#parts.dir;
    this.#known = changeStandIns(root, coordinator, change);
  }

  async #lookOnce(): Promise<void> {
    if (this.#ending) return;
    const { root, coordinator } = this.#parts.dir;
    const changed = await stat(coordinatorsFile(root)).catch(() => null);
    const readAt = changed === null ? '' : `${changed.mtimeMs} ${changed.ino}`;
    if (readAt !== this.#readAt) {
      this.#known = readStandIns(root, coordinator);
      this.#readAt = readAt;
    }
    this.#comeHomeByItself();
    const wanted = standInOf(this.#known);
    if (wanted?.origin !== this.#away?.at.origin || wanted?.url !== this.#away?.at.url) await this.#switch(wanted);
    // Slots may have become free on the other side.
    this.#home.offerAnew();
    this.#away?.agent.offerAnew();
    if (wanted === null && this.#known.keyShown && this.#home.isUp) {
      await this.#home.replaceKey();
      this.#change((before) => ({ ...before, keyShown: false }));
    }
  }

  #comeHomeByItself(): void {
    const { clock, log } = this.#parts;
    const away = this.#away;
    const isDown = away !== null && !away.agent.isUp;
    this.#downSince = isDown ? (this.#downSince ?? clock.monotonic()) : null;
    const downMs = this.#downSince === null ? null : clock.monotonic() - this.#downSince;
    if (!away || !comesHome({ downMs, homeIsUp: this.#home.isUp })) return;
    log.warn({ name: away.at.name }, 'the promoted coordinator is away and the central one is there: going home');
    this.#change(workAtHome);
  }

  async #switch(to: AwayCoordinator | null): Promise<void> {
    const { log, trees, client } = this.#parts;
    const problem = to === null ? null : this.#problemOf(to);
    if (problem !== null) {
      log.error({ url: to?.url }, `not switched: ${problem}`);
      this.#change(workAtHome);
      return;
    }
    this.#leave('the worker works for another coordinator now');
    if (to === null) {
      trees.from = client;
      this.#home.workElsewhere(null);
      this.#onStatus();
      log.info('working for the coordinator that this worker is enrolled at');
      return;
    }
    const key = { ...this.#parts.key, url: to.url, pin: to.pin };
    const parts = await gatherForAnother(this.#parts, key, path.join(this.#places.away, to.origin));
    trees.from = parts.client;
    this.#home.workElsewhere({ reason: `this machine works for ${to.name}, which stands in for this coordinator` });
    const agent = new Agent(parts);
    agent.slotsElsewhere = () => this.#home.slotsInUse;
    agent.onStatus = this.#onStatus;
    agent.refusalFor = (error) => (error instanceof KeyRefused ? notKnown(to) : error);
    this.#away = { agent, at: to };
    this.#onStatus();
    // It was sent home, or is not known there: the central one is there, or soon will be.
    void agent.done.then(() => {
      if (this.#away?.agent === agent) void this.#next(async () => this.#change(workAtHome));
    });
    log.info({ name: to.name, url: to.url }, 'working for a promoted coordinator');
  }

  /** Why its key must not be shown there; null where it may. */
  #problemOf(to: AwayCoordinator): string | null {
    const { home } = this.#known;
    if (home === null) return 'this worker does not know the key of its own coordinator yet';
    const checked = checkStatement(to.statement, { ...home, pin: to.pin, now: this.#parts.clock.now() });
    return 'problem' in checked ? checked.problem : null;
  }

  /** What runs for it is finished. */
  #leave(reason: string): void {
    if (this.#away === null) return;
    const { agent } = this.#away;
    this.#away = null;
    agent.drain(reason, null);
    const left = agent.done.finally(() => this.#leaving.delete(left));
    this.#leaving.add(left);
  }
}

/** Nothing was revoked: its copy of our coordinator is older than our key. */
function notKnown(at: AwayCoordinator): AgentError {
  const { message, mend } = unknownThere(at);
  return new AgentError(`${message}. ${mend}`, EXIT.refused);
}
