/** The audit log, page by page, and whether its chain holds: worked out here from the entries themselves. */
import { useInfiniteQuery } from '@tanstack/react-query';
import { CHAIN_START, checkChain, compareHead, type ChainBreak } from '../../shared/model/audit-chain.ts';
import type { AuditEntry, AuditHead } from '../../shared/protocol/rest/audit.ts';
import { api } from './client.ts';
import type { Page } from './runs.ts';

export interface AuditFilter {
  action?: string;
  actor?: string;
  /** ISO times. */
  since?: string;
  until?: string;
}

const PAGE = 100;
const WHOLE = 500;

const readPage = (
  filter: AuditFilter,
  order: 'newest' | 'oldest',
  limit: number,
  cursor: string | undefined,
  signal?: AbortSignal,
) => api.get<Page<AuditEntry>>('/audit', { ...filter, order, limit, cursor }, signal);

export const useAudit = (filter: AuditFilter) =>
  useInfiniteQuery({
    queryKey: ['audit', filter],
    queryFn: ({ pageParam, signal }) => readPage(filter, 'newest', PAGE, pageParam, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });

/** All entries that match, oldest first, in pieces as they come. */
export async function* readAudit(filter: AuditFilter, signal?: AbortSignal): AsyncGenerator<AuditEntry[]> {
  let cursor: string | undefined;
  do {
    const page = await readPage(filter, 'oldest', WHOLE, cursor, signal);
    yield page.items;
    cursor = page.next_cursor ?? undefined;
  } while (cursor !== undefined);
}

export interface Verification {
  entries: number;
  /** Of the last entry, to be kept elsewhere: `seq:hash`. */
  head: string;
  broken: ChainBreak | null;
}

/** Reads the whole log and works the chain out anew. `onProgress` is told how many entries were looked at. */
export async function verifyAudit(onProgress: (entries: number) => void, signal: AbortSignal): Promise<Verification> {
  const [{ sha256 }, { bytesToHex, utf8ToBytes }] = await Promise.all([
    import('@noble/hashes/sha2.js'),
    import('@noble/hashes/utils.js'),
  ]);
  const hash = (text: string): string => bytesToHex(sha256(utf8ToBytes(text)));
  // Asked for first: what is written meanwhile is no break.
  const { issued } = await api.get<AuditHead>('/audit/head', {}, signal);
  let last = CHAIN_START;
  for await (const entries of readAudit({}, signal)) {
    const checked = checkChain(last, entries, hash);
    last = checked.last;
    if (checked.broken) return { entries: last.seq, head: headText(last), broken: checked.broken };
    onProgress(last.seq);
  }
  return { entries: last.seq, head: headText(last), broken: compareHead(last, { issued, noted: null, hashAt: null }) };
}

const headText = ({ seq, hash }: { seq: number; hash: string }): string => `${seq}:${hash}`;
