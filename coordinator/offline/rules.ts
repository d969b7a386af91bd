/** Pure decisions about warm copies and promotions. */
import { createHash } from 'node:crypto';
import type { CopiedPart, CopiedTable, PartHashes } from '../../shared/protocol/offline/warm-copy.ts';

/**
 * What goes along of each table. Left out is what changes all the time and is of no use elsewhere (counters, when it was seen), and what opens
 * something that a stand-in has no business with: join tokens, admin links, sessions, invitations, backup codes.
 */
export const COPIED_COLUMNS: Readonly<Record<CopiedTable, readonly string[]>> = {
  teams: ['id', 'name', 'created_at'],
  people: [
    'id',
    'email',
    'name',
    'password_hash',
    'admin',
    'totp_secret',
    'totp_confirmed_at',
    'totp_step',
    'failures',
    'locked_until',
    'created_at',
    'created_by',
    'language',
  ],
  members: ['team_id', 'person_id', 'role'],
  projects: ['id', 'key', 'name', 'team_id', 'created_at'],
  tokens: ['id', 'kind', 'name', 'role', 'hash', 'created_at', 'created_by', 'expires_at', 'team_id', 'person_id'],
  workers: [
    'id',
    'hostname',
    'intent',
    'capabilities',
    'fingerprint',
    'agent_version',
    'protocol',
    'max_parallel_tasks',
    'priority',
    'weight',
    'tags',
    'own_tags',
    'added_tags',
    'hidden_tags',
    'notes',
    'key_hash',
    'key_created_at',
    'old_key_hash',
    'old_key_created_at',
    'speed',
    'approved',
    'allow_projects',
    'team_id',
    'created_at',
  ],
  settings: ['key', 'value', 'updated_at', 'updated_by'],
  policies: ['id', 'kind', 'key', 'position', 'data', 'updated_at', 'updated_by'],
  run_templates: [
    'id',
    'team_id',
    'name',
    'description',
    'category',
    'version',
    'options',
    'created_at',
    'created_by',
    'updated_at',
    'updated_by',
  ],
  project_costs: ['project_id', 'start_ms', 'updated_at'],
  known_sources: ['id', 'project_id', 'number', 'name', 'created_at', 'metadata', 'source', 'environment'],
};

/** Settings for services that a stand-in cannot or must not reach: mails would come twice, providers would send browsers to central. */
export const staysAtHome = (setting: string): boolean => /^(github|google|discord|oidc|slack|smtp)_/.test(setting);

export const hashPart = (rows: unknown): string =>
  createHash('sha256').update(JSON.stringify(rows)).digest('hex').slice(0, 16);

/** The parts whose content the machine has not. */
export function changedParts(now: PartHashes, have: PartHashes): Set<CopiedPart> {
  return new Set((Object.keys(now) as CopiedPart[]).filter((part) => now[part] !== have[part]));
}

/** Where a machine stands in the history: behind this row, in the order of change. */
export interface Cursor {
  updatedAt: number;
  projectId: string;
  testId: string;
}

export const writeCursor = ({ updatedAt, projectId, testId }: Cursor): string => `${updatedAt}/${projectId}/${testId}`;

/** null for what no answer ever gave. */
export function readCursor(text: string): Cursor | null {
  const found = /^(\d{1,16})\/([^/]*)\/(.*)$/s.exec(text);
  return found ? { updatedAt: Number(found[1]), projectId: found[2] ?? '', testId: found[3] ?? '' } : null;
}

/** For how long a machine may stand in for us after it was last here: long enough for a journey, short enough for a lost laptop. */
export const STATEMENT_LIFE_MS = 14 * 86_400_000;
