/**
 * The chain of the audit log: each entry's hash is the SHA-256 of the hash before it and of what the entry says, so that nothing can be
 * changed, removed or put in without all later hashes being different. Whoever noted a hash elsewhere can tell.
 */
import type { AuditEntry } from '../protocol/rest/audit.ts';

/** Where the chain stands: behind entry `seq`. */
export interface ChainLink {
  seq: number;
  /** Lower-case hex. */
  hash: string;
}

export const CHAIN_START: ChainLink = { seq: 0, hash: '0'.repeat(64) };

/** What an entry says, without its place in the chain. */
export type AuditContent = Omit<AuditEntry, 'previous' | 'hash'>;

/** The text whose SHA-256 is the entry's hash. */
export function chainText(previous: string, entry: AuditContent): string {
  const { seq, at, actor, actor_name, address, action, target, data } = entry;
  return JSON.stringify([previous, seq, at, actor, actor_name, address, action, target, data]);
}

/** How many entries put in or taken out at one place are recognised as such. */
const MOST_RENUMBERED = 100;

export type BreakKind = 'changed' | 'removed' | 'inserted';

export interface ChainBreak {
  kind: BreakKind;
  /** The entry that is wrong, or the first that is missing. */
  seq: number;
  detail: string;
}

/**
 * Checks entries in order of `seq`, which follow `before`. Returns where the chain stands behind them, or its first break: with what a break
 * leaves behind one cannot always tell a changed entry from one that was put in its place, so the detail says what was seen.
 */
export function checkChain(
  before: ChainLink,
  entries: readonly AuditEntry[],
  sha256: (text: string) => string,
): { last: ChainLink; broken: ChainBreak | null } {
  let last = before;
  for (const entry of entries) {
    const broken = breakAt(last, entry, sha256);
    if (broken) return { last, broken };
    last = { seq: entry.seq, hash: entry.hash };
  }
  return { last, broken: null };
}

function breakAt(last: ChainLink, entry: AuditEntry, sha256: (text: string) => string): ChainBreak | null {
  const { seq, previous, hash } = entry;
  const expected = last.seq + 1;
  if (seq > expected) {
    const which = seq === expected + 1 ? `entry ${expected} is` : `entries ${expected} to ${seq - 1} are`;
    return { kind: 'removed', seq: expected, detail: `${which} missing` };
  }
  if (seq < expected) return { kind: 'inserted', seq, detail: `entry ${seq} stands behind entry ${last.seq}` };
  const whole = sha256(chainText(previous, entry)) === hash;
  if (previous === last.hash) {
    return whole ? null : { kind: 'changed', seq, detail: `entry ${seq} does not match its hash` };
  }
  if (!whole) return renumbered(last, entry, sha256);
  return last.seq === 0
    ? { kind: 'inserted', seq, detail: `entry ${seq} is not the beginning of the log` }
    : {
        kind: 'changed',
        seq: last.seq,
        detail: `entry ${last.seq} was changed and hashed anew, or put in: entry ${seq} follows another one`,
      };
}

/** An entry that fits neither its place nor its hash: where its hash fits another number, others were put in or taken out before it. */
function renumbered(last: ChainLink, entry: AuditEntry, sha256: (text: string) => string): ChainBreak {
  const { seq, previous, hash } = entry;
  for (let by = 1; by <= MOST_RENUMBERED; by++) {
    if (sha256(chainText(previous, { ...entry, seq: seq - by })) === hash) {
      return {
        kind: 'inserted',
        seq: seq - by,
        detail: `entry ${seq} was entry ${seq - by}: something was put in before it`,
      };
    }
    if (sha256(chainText(previous, { ...entry, seq: seq + by })) === hash) {
      return { kind: 'removed', seq, detail: `entry ${seq} was entry ${seq + by}: something was removed before it` };
    }
  }
  return { kind: 'inserted', seq, detail: `entry ${seq} belongs neither behind entry ${last.seq} nor to its own hash` };
}

/** What a chain that holds in itself lacks compared with what is known of it: entries that were given out, and a head noted elsewhere. */
export function compareHead(
  last: ChainLink,
  { issued, noted, hashAt }: { issued: number; noted: ChainLink | null; hashAt: string | null },
): ChainBreak | null {
  if (noted && noted.seq > last.seq) {
    return {
      kind: 'removed',
      seq: last.seq + 1,
      detail: `the log ends at entry ${last.seq}, but the noted head is ${noted.seq}`,
    };
  }
  if (noted && hashAt !== noted.hash) {
    return {
      kind: 'changed',
      seq: noted.seq,
      detail: `entry ${noted.seq} has another hash than the noted head: history was rewritten`,
    };
  }
  if (issued > last.seq) {
    return {
      kind: 'removed',
      seq: last.seq + 1,
      detail: `the log ends at entry ${last.seq}, but ${issued} were written`,
    };
  }
  return null;
}
