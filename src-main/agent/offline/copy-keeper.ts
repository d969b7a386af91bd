/** Keeps this machine's warm copy as new as its coordinator, for as long as that permits one. */
import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Clock } from '../../../shared/base/clock.ts';
import {
  statementAnswer,
  statementClaims,
  type OfflineWelcome,
  type PromotionStatement,
} from '../../../shared/protocol/offline/promotion.ts';
import { warmCopyPage, type WarmCopy, type WarmCopyPage } from '../../../shared/protocol/offline/warm-copy.ts';
import type { WorkerKey } from '../key-file.ts';
import type { Log } from '../log.ts';
import { getJson, postJson, type Way } from '../post-json.ts';
import type { CopyKeys } from './copy-key.ts';
import { readCopyState, writeCopyState, type CopyState } from './copy-state.ts';
import type { OfflinePlaces } from './places.ts';
import { openPromotionKey, readSync, writeSync } from './promotion-key.ts';
import { mustRenew, nextRefreshMs, wantsSecrets, withoutSecrets, withPage } from './rules.ts';
import { CopyError, readCopy, readSealed, sealAnew, sealCopy, writeSealed } from './sealed-copy.ts';

/** How old a copy gets while its coordinator is there. */
const EVERY_MS = 5 * 60_000;
const AGAIN_MS = 30_000;
const REQUEST_MS = 60_000;
/** A page of it; the whole has as many pages as it needs. */
const MOST_PAGE_BYTES = 64 * 1024 * 1024;

export interface CopyKeeperOptions {
  places: OfflinePlaces;
  keys: CopyKeys;
  /** Whose `apiKey` is shown. */
  key: WorkerKey;
  copySecrets: boolean;
  /** Tests run as a user of their own, who reads nothing of the agent. */
  runsAsOther: boolean;
  clock: Clock;
  random: () => number;
  log: Log;
}

export class CopyKeeper {
  readonly #options: CopyKeeperOptions;
  #told: OfflineWelcome | null = null;
  /** Why the copy on the disk cannot be opened; null where it can, as far as is known. */
  #unusable: string | null = null;
  #cancel = (): void => {};
  #working: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(options: CopyKeeperOptions) {
    this.#options = options;
  }

  /** Sees to the copy that is there already, whether or not the coordinator is: its key, and what its owner does not want in it any more. */
  begin(): void {
    this.#working = this.#working.then(() => this.#seeToOwn());
  }

  /** What the coordinator says of itself, and whether it permits a copy. */
  learn(told: OfflineWelcome): void {
    this.#told = told;
    this.#cancel();
    this.#next(0);
  }

  /** Asks now; resolves when the copy is as new as the coordinator, or could not be made so. */
  async refresh(): Promise<void> {
    this.#working = this.#working.then(() => this.#refreshOnce());
    await this.#working;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancel();
    await this.#working;
  }

  #next(inMs: number): void {
    const { clock } = this.#options;
    this.#cancel = clock.after(inMs, () => void this.refresh());
  }

  async #refreshOnce(): Promise<void> {
    const { log, random } = this.#options;
    this.#cancel();
    const told = this.#told;
    if (told === null || this.#closed) return;
    try {
      if (told.copy === 'no') return await this.#drop();
      await this.#bringUpToDate(told);
      this.#next(nextRefreshMs(EVERY_MS, random()));
    } catch (error) {
      log.warn({ err: error }, 'the warm copy could not be refreshed; the one from before is kept');
      await this.#note(this.#unusable ?? (error as Error).message);
      this.#next(nextRefreshMs(AGAIN_MS, random()));
    }
  }

  async #seeToOwn(): Promise<void> {
    const { places, keys, log } = this.#options;
    try {
      const bytes = await readSealed(places.copy);
      const anew = bytes && (await sealAnew(bytes, keys));
      if (anew !== null) {
        await writeSealed(places.copy, anew);
        log.info('the warm copy is sealed with the key that was given now');
      }
      // What an earlier start could not open may open now.
      if (bytes !== null) await Promise.all([this.#forgetKeyFile(), this.#note(null)]);
      await this.#dropUnwanted();
    } catch (error) {
      log.warn({ err: error }, 'the warm copy on the disk was left as it is');
      if (!(error instanceof CopyError)) return;
      this.#unusable = error.message;
      await this.#note(error.message);
    }
  }

  /** Only once a copy that does not need it is on the disk. A file that the owner named may hold the key of other copies. */
  async #forgetKeyFile(): Promise<void> {
    const { places, keys } = this.#options;
    if (keys.given !== null) await rm(places.copyKey, { force: true });
  }

  /** Its owner has taken secrets back: they leave the disk at once. */
  async #dropUnwanted(): Promise<void> {
    const { places, keys, copySecrets, runsAsOther, log } = this.#options;
    const state = await readCopyState(places.copyState);
    if (!state?.secrets || wantsSecrets('secrets', { copySecrets, runsAsOther })) return;
    const copy = await readCopy(places.copy, keys);
    if (copy === null) return;
    const bare = withoutSecrets(copy);
    const bytes = await sealCopy(bare, keys);
    await writeSealed(places.copy, bytes);
    const { hashes } = bare;
    await writeCopyState(places.copyState, { ...state, hashes, etag: null, secrets: false, bytes: bytes.length });
    log.info('values of secrets are not in the warm copy any more: the owner of this machine does not want them there');
  }

  /** For whoever looks at the copy's state. */
  async #note(problem: string | null): Promise<void> {
    const { places, log } = this.#options;
    try {
      const state = await readCopyState(places.copyState);
      if (state === null || state.problem === problem) return;
      await writeCopyState(places.copyState, { ...state, problem: problem?.slice(0, 500) ?? null });
    } catch (error) {
      log.warn({ err: error }, 'the state of the warm copy could not be written');
    }
  }

  /** No longer permitted: nothing of it stays. */
  async #drop(): Promise<void> {
    const { places, log } = this.#options;
    if ((await readCopyState(places.copyState)) === null) return;
    await rm(path.dirname(places.copy), { recursive: true, force: true });
    log.info('this machine may not hold a copy of the coordinator any more; it was removed');
  }

  async #bringUpToDate(told: OfflineWelcome): Promise<void> {
    const { places, key, clock, copySecrets, runsAsOther } = this.#options;
    const secrets = wantsSecrets(told.copy, { copySecrets, runsAsOther });
    await mkdir(path.dirname(places.copy), { recursive: true, mode: 0o700 });
    const before = await this.#stateFor(told);
    const answer = await this.#ask(before, secrets);
    const state: CopyState = {
      version: 1,
      central: { origin: told.origin, signingKey: told.signingKey, url: key.url, pin: key.pin },
      worker: { id: key.workerId, name: key.name },
      fresh_at: clock.now(),
      statement: await this.#statement(before),
      problem: null,
      ...(answer === null && before !== null ? figuresOf(before) : await this.#take(answer, before, secrets)),
    };
    await writeCopyState(places.copyState, state);
  }

  /** What is known of the copy; null where it is of another coordinator, cannot be opened, or there is none: then it is asked for from the beginning. */
  async #stateFor({ origin, signingKey }: OfflineWelcome): Promise<CopyState | null> {
    const state = this.#unusable === null ? await readCopyState(this.#options.places.copyState) : null;
    return state?.central.origin === origin && state.central.signingKey === signingKey ? state : null;
  }

  /** Puts the answer and all pages behind it into the copy. The one on the disk is replaced when the new one is whole. */
  async #take(answer: Answer | null, before: CopyState | null, secrets: boolean): Promise<Figures> {
    const { places, keys } = this.#options;
    const own = before && (await this.#own());
    // The copy is gone or damaged: what has changed since is of no use.
    let last = answer !== null && (before === null || own !== null) ? answer : await this.#ask(null, secrets);
    if (last === null) throw new Error('the coordinator answered that nothing has changed since the beginning');
    let copy = withPage(own, last.page);
    while (last.page.more) {
      const next = await this.#ask({ hashes: copy.hashes, cursor: copy.cursor, etag: null }, secrets);
      if (next === null) throw new Error('the coordinator ended its answer in the middle');
      copy = withPage(copy, next.page);
      last = next;
    }
    const bytes = await sealCopy(copy, keys);
    await writeSealed(places.copy, bytes);
    await this.#forgetKeyFile();
    this.#unusable = null;
    const { hashes, cursor } = copy;
    const figures = { secrets: copy.secrets !== null, tests: copy.history.length, bytes: bytes.length };
    return { hashes, cursor, etag: last.etag, ...figures };
  }

  async #own(): Promise<WarmCopy | null> {
    const { places, keys, log } = this.#options;
    try {
      return await readCopy(places.copy, keys);
    } catch (error) {
      if (!(error instanceof CopyError)) throw error;
      log.warn(error.message);
      return null;
    }
  }

  /** null: nothing has changed. */
  async #ask(from: From | null, secrets: boolean): Promise<Answer | null> {
    const { key } = this.#options;
    const query = new URLSearchParams({ secrets: secrets ? 'yes' : 'no' });
    if (from) query.set('cursor', from.cursor);
    if (from) query.set('have', JSON.stringify(from.hashes));
    const headers: Record<string, string> = from?.etag ? { 'if-none-match': from.etag } : {};
    const way = { ...this.#way(), mostBytes: MOST_PAGE_BYTES };
    const {
      status,
      text,
      headers: answered,
    } = await getJson(`${key.url}/api/v1/warm-copy?${query.toString()}`, headers, way);
    if (status === 304) return null;
    if (status !== 200) throw new Error(`the coordinator gave no copy (${status}): ${detailOf(text)}`);
    return { page: warmCopyPage.parse(JSON.parse(text)), etag: answered.etag ?? null };
  }

  /** The one that there is, or a new one in good time before its end. */
  async #statement(before: CopyState | null): Promise<PromotionStatement> {
    const { places, key, clock } = this.#options;
    const { pin } = await openPromotionKey(places.promotionKey);
    const kept = before?.statement ?? null;
    const claims = kept && statementClaims.parse(JSON.parse(kept.claims));
    if (kept && claims?.pin === pin && !mustRenew(claims, clock.now())) return kept;
    const sync = (await readSync(places.sync, key.url)) === null;
    const { status, text } = await postJson(`${key.url}/api/v1/warm-copy/statement`, { pin, sync }, this.#way());
    if (status !== 201) throw new Error(`the coordinator signed no statement (${status}): ${detailOf(text)}`);
    const answer = statementAnswer.parse(JSON.parse(text));
    if (answer.sync !== null) await writeSync(places.sync, { url: key.url, secret: answer.sync });
    return answer.statement;
  }

  #way(): Way {
    const { key } = this.#options;
    return { bearer: key.apiKey, pin: key.pin, timeoutMs: REQUEST_MS };
  }
}

type From = Pick<CopyState, 'hashes' | 'cursor' | 'etag'>;
type Figures = From & Pick<CopyState, 'secrets' | 'tests' | 'bytes'>;
interface Answer {
  page: WarmCopyPage;
  etag: string | null;
}

const figuresOf = ({ hashes, cursor, etag, secrets, tests, bytes }: CopyState): Figures => ({
  hashes,
  cursor,
  etag,
  secrets,
  tests,
  bytes,
});

/** What a problem says, for people. */
function detailOf(text: string): string {
  try {
    return String((JSON.parse(text) as { detail?: unknown }).detail).slice(0, 300);
  } catch {
    return 'no reason was given';
  }
}
