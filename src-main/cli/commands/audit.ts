/** `playfleet audit`: who did what with access, and whether that log is whole. */
import { createHash } from 'node:crypto';
import {
  CHAIN_START,
  checkChain,
  compareHead,
  type ChainBreak,
  type ChainLink,
} from '../../../shared/model/audit-chain.ts';
import { auditEntry, auditHead, type AuditEntry } from '../../../shared/protocol/rest/audit.ts';
import { page } from '../../../shared/protocol/rest/common.ts';
import type { Api } from '../api.ts';
import { printJson, printLine, styleOf, type Cli } from '../cli.ts';
import { CliFailure, EXIT } from '../failure.ts';
import { openApi } from '../open-api.ts';
import { foreignLine } from '../terminal/foreign.ts';
import { counted } from '../terminal/format.ts';
import { tableLines, type Column } from '../terminal/table.ts';

const LISTED = 50;

export async function listAudit(cli: Cli, { json }: { json?: boolean }): Promise<number> {
  const api = await openApi(cli);
  const { items } = await api.get(`/api/v1/audit?limit=${LISTED}`, page(auditEntry));
  if (json) {
    printJson(cli, items);
    return EXIT.ok;
  }
  const columns: Column<AuditEntry>[] = [
    { title: 'NO', value: (one) => String(one.seq), right: true },
    { title: 'TIME', value: (one) => one.at.replace('T', ' ').replace(/\.\d+Z$/, 'Z') },
    { title: 'WHO', value: (one) => foreignLine(one.actor_name || one.actor), flexible: true },
    { title: 'FROM', value: (one) => foreignLine(one.address) },
    { title: 'ACTION', value: (one) => foreignLine(one.action) },
    {
      title: 'WHAT',
      value: (one) => foreignLine([one.target, detailsOf(one)].filter(Boolean).join(' ')),
      flexible: true,
    },
  ];
  for (const line of tableLines(items, columns, styleOf(cli), cli.stdout.columns ?? 140)) printLine(cli, line);
  return EXIT.ok;
}

const detailsOf = ({ data }: AuditEntry): string => (Object.keys(data).length === 0 ? '' : JSON.stringify(data));

/**
 * Reads the whole log and works its chain out anew, here and not on the coordinator. `head`: `SEQ:HASH` as an earlier check printed it, kept
 * where the coordinator's owner cannot reach: shows that all up to there is what it was. Exit code 1 where the log is not whole.
 */
export async function verifyAudit(cli: Cli, { head, json }: { head?: string; json?: boolean }): Promise<number> {
  const noted = head === undefined ? null : parseHead(head);
  const { last, broken } = await readChain(await openApi(cli), noted);
  if (json) printJson(cli, { whole: broken === null, entries: last.seq, head: `${last.seq}:${last.hash}`, broken });
  else if (broken) {
    const { paint, signs } = styleOf(cli);
    printLine(cli, paint('red', `${signs.failed} The audit log is not whole: ${broken.detail}.`));
    printLine(cli, `Up to entry ${broken.seq - 1} it holds.`);
  } else {
    const { paint, signs } = styleOf(cli);
    const anchored = noted === null ? '' : `, and entry ${noted.seq} is the one that was noted`;
    printLine(
      cli,
      paint(
        'green',
        `${signs.passed} ${counted(last.seq, 'entry', 'entries')}, each follows from the one before${anchored}.`,
      ),
    );
    printLine(
      cli,
      `Keep this elsewhere, and compare with it later: playfleet audit verify --head ${last.seq}:${last.hash}`,
    );
  }
  return broken ? EXIT.failed : EXIT.ok;
}

async function readChain(api: Api, noted: ChainLink | null): Promise<{ last: ChainLink; broken: ChainBreak | null }> {
  const { issued } = await api.get('/api/v1/audit/head', auditHead);
  let last = CHAIN_START;
  let hashAt: string | null = null;
  for (let cursor: string | null = null; ;) {
    const after: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const answer: { items: AuditEntry[]; next_cursor: string | null } = await api.get(
      `/api/v1/audit?order=oldest&limit=500${after}`,
      page(auditEntry),
    );
    const checked = checkChain(last, answer.items, sha256);
    if (checked.broken) return checked;
    last = checked.last;
    hashAt = answer.items.find((entry) => entry.seq === noted?.seq)?.hash ?? hashAt;
    cursor = answer.next_cursor;
    if (cursor === null) return { last, broken: compareHead(last, { issued, noted, hashAt }) };
  }
}

function parseHead(text: string): ChainLink {
  const match = /^(\d{1,15}):([0-9a-f]{64})$/.exec(text);
  if (!match)
    throw new CliFailure(
      `--head ${text} is not a head of the audit log.`,
      'It looks like 42:9f86d0…, as an earlier check printed it.',
    );
  return { seq: Number(match[1]), hash: match[2] ?? '' };
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
