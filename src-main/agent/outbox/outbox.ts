/**
 * Reports that the coordinator has not acknowledged, on disk. A report is handed over when `add` resolves: from then on it survives kill
 * -9 and power cuts, and is sent until it is settled. Ids rise for ever, also across restarts. What was settled a moment before a crash
 * may be sent once more; the coordinator answers it the same again.
 */
import { open, readdir, readFile, unlink } from 'node:fs/promises';
import path from 'node:path';
import type { Clock } from '../../../shared/base/clock.ts';
import {
  agentMessage,
  MAX_FRAME_BYTES,
  type AgentMessage,
  type Held,
  type Report,
} from '../../../shared/protocol/link.ts';
import type { Log } from '../log.ts';
import { decodeLine, decodeSegment, encodeLine, firstIdOf, segmentName } from './segment.ts';
import { SegmentWriter, type Place } from './segment-writer.ts';

export interface Entry {
  id: number;
  kind: Report['kind'];
  held: Held;
  /** Bytes on the wire, about. */
  size: number;
  /** Not to be sent before this blob is uploaded. */
  after: string | null;
}

interface Stored extends Entry {
  place: Place;
  /** The frame, while it is kept in memory. */
  text: string | null;
}

export interface OutboxOptions {
  folder: string;
  clock: Clock;
  log: Log;
}

/** No connection would carry it. */
export class ReportTooLarge extends Error {
  constructor(kind: Report['kind'], size: number) {
    const what = kind === 'discovered' || kind === 'planned' ? 'what the suite holds' : 'a report';
    super(
      `${what} takes ${Math.ceil(size / MB)} MB to tell, more than the ${MAX_FRAME_BYTES / MB} MB that the coordinator takes: split the suite, or choose a part of it with --project or --grep`,
    );
  }
}

const MB = 1024 * 1024;
/** Frames kept in memory besides the disk; more only while the coordinator is away, and then they are read again. */
const CACHED_BYTES = 8 * 1024 * 1024;
/** All settled: a file larger than this is dropped. */
const IDLE_SEGMENT_BYTES = 64 * 1024;

export class Outbox {
  readonly #options: OutboxOptions;
  #nextId: number;
  readonly #entries = new Map<number, Stored>();
  readonly #segments: number[];
  readonly #writer: SegmentWriter;
  #cachedBytes = 0;
  #trouble: string | null = null;
  #cleaning: Promise<void> = Promise.resolve();
  readonly #emptied: (() => void)[] = [];
  /** Called when a report can be sent that could not before, and when the trouble has changed. */
  onChange: () => void = () => undefined;

  static async open(options: OutboxOptions): Promise<Outbox> {
    const loaded = await load(options);
    return new Outbox(options, loaded);
  }

  private constructor(options: OutboxOptions, loaded: Loaded) {
    this.#options = options;
    this.#nextId = loaded.nextId;
    this.#segments = loaded.segments;
    for (const entry of loaded.entries) this.#entries.set(entry.id, entry);
    const onTrouble = (reason: string | null): void => {
      this.#trouble = reason;
      if (reason !== null) options.log.error({ reason, folder: options.folder }, 'reports cannot be written to disk');
      else options.log.info('reports can be written to disk again');
      this.onChange();
    };
    this.#writer = new SegmentWriter(
      { ...options, onTrouble },
      loaded.segments.at(-1) ?? loaded.nextId,
      loaded.lastSize,
    );
  }

  /** Why reports cannot be written at the moment; null when they can. */
  get trouble(): string | null {
    return this.#trouble;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Entries that are not settled, the oldest first. */
  entries(): Iterable<Entry> {
    return this.#entries.values();
  }

  /** Grants that unsettled reports speak of. */
  held(): Held[] {
    const byFence = new Map<number, Held>();
    for (const { held } of this.#entries.values()) byFence.set(held.fence, held);
    return [...byFence.values()];
  }

  /** Resolves when the report is on disk. `after`: a blob that must be uploaded before it is sent. */
  async add(report: Report, after: string | null = null): Promise<number> {
    const id = this.#nextId++;
    const text = JSON.stringify({ type: 'report', id, report } satisfies AgentMessage);
    if (Buffer.byteLength(text) > MAX_FRAME_BYTES) throw new ReportTooLarge(report.kind, text.length);
    const place = await this.#append(encodeLine({ kind: 'report', after, text }), true, id);
    const { taskId, attempt, fence } = report;
    const isCached = this.#cachedBytes + text.length <= CACHED_BYTES;
    if (isCached) this.#cachedBytes += text.length;
    this.#entries.set(id, {
      id,
      kind: report.kind,
      held: { taskId, attempt, fence },
      size: text.length,
      after,
      place,
      text: isCached ? text : null,
    });
    this.onChange();
    return id;
  }

  /** The frame to send; null where the entry is settled, or its bytes were damaged: then it is dropped, with an error in the log. */
  async read(id: number): Promise<string | null> {
    const entry = this.#entries.get(id);
    if (!entry || entry.text !== null) return entry?.text ?? null;
    const bytes = Buffer.alloc(entry.place.length);
    await using file = await open(path.join(this.#options.folder, segmentName(entry.place.segment)));
    await file.read(bytes, 0, bytes.length, entry.place.start);
    const line = decodeLine(bytes.subarray(0, -1));
    if (line?.kind === 'report') return line.text;
    this.#options.log.error({ id, ...entry.held }, 'a report was damaged on disk and is lost');
    this.settle(id);
    return null;
  }

  /** The report needs no more sending. */
  settle(id: number): void {
    const entry = this.#entries.get(id);
    if (!entry) return;
    this.#entries.delete(id);
    if (entry.text !== null) this.#cachedBytes -= entry.text.length;
    if (this.#entries.size === 0) for (const resolve of this.#emptied.splice(0)) resolve();
    // Not durable: at worst it is sent once more.
    this.#append(encodeLine({ kind: 'settled', id }), false, this.#nextId).then(
      () => (this.#cleaning = this.#cleaning.then(() => this.#dropSettledSegments())),
      () => undefined,
    );
  }

  /** The blob is uploaded: what waited for it may be sent. */
  unlock(sha256: string): void {
    for (const entry of this.#entries.values()) if (entry.after === sha256) entry.after = null;
    this.onChange();
  }

  /** Resolves when every report is settled. */
  async emptied(): Promise<void> {
    if (this.#entries.size > 0) await new Promise<void>((resolve) => this.#emptied.push(resolve));
  }

  async close(): Promise<void> {
    await this.#writer.close();
    await this.#cleaning;
  }

  async #append(bytes: Buffer, durable: boolean, firstId: number): Promise<Place> {
    const place = await this.#writer.append(bytes, durable, firstId);
    if (this.#segments.at(-1) !== place.segment) this.#segments.push(place.segment);
    return place;
  }

  /** From the oldest on, so that the word that a report is settled never goes before the report. */
  async #dropSettledSegments(): Promise<void> {
    if (this.#entries.size === 0 && this.#writer.size > IDLE_SEGMENT_BYTES) this.#writer.rotate();
    let oldest = this.#writer.segment;
    for (const { place } of this.#entries.values()) oldest = Math.min(oldest, place.segment);
    while ((this.#segments[0] ?? oldest) < oldest) {
      const name = segmentName(this.#segments.shift() ?? 0);
      await unlink(path.join(this.#options.folder, name)).catch((error: unknown) => {
        this.#options.log.warn({ err: error, name }, 'an old outbox file could not be removed');
      });
    }
  }
}

interface Loaded {
  entries: Stored[];
  segments: number[];
  lastSize: number;
  nextId: number;
}

async function load({ folder, log }: OutboxOptions): Promise<Loaded> {
  const names = (await readdir(folder)).map(firstIdOf).filter((first) => first !== null);
  const segments = names.sort((a, b) => a - b);
  const entries = new Map<number, Stored>();
  let lastSize = 0;
  let nextId = 1;
  for (const segment of segments) {
    const decoded = decodeSegment(await readFile(path.join(folder, segmentName(segment))));
    lastSize = decoded.end;
    nextId = Math.max(nextId, segment);
    for (const start of decoded.damaged)
      log.error({ segment: segmentName(segment), start }, 'a line of the outbox is damaged; what it said is lost');
    for (const { line, start, length } of decoded.lines) {
      if (line.kind === 'settled') {
        entries.delete(line.id);
        continue;
      }
      const message = agentMessage.safeParse(JSON.parse(line.text));
      if (!message.success || message.data.type !== 'report') {
        log.error(
          { segment: segmentName(segment), start },
          'a report of another version of this program cannot be sent and is dropped',
        );
        continue;
      }
      const { id, report } = message.data;
      const { taskId, attempt, fence } = report;
      nextId = Math.max(nextId, id + 1);
      entries.set(id, {
        id,
        kind: report.kind,
        held: { taskId, attempt, fence },
        size: line.text.length,
        after: line.after,
        place: { segment, start, length },
        text: null,
      });
    }
  }
  return { entries: [...entries.values()], segments, lastSize, nextId };
}
