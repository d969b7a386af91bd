/** Run templates: what a run is started with again and again. */
import { newId } from '../../shared/base/id.ts';
import { MASK } from '../../shared/base/redact.ts';
import { isoTime, isoTimeOrNull } from '../../shared/protocol/rest/common.ts';
import {
  TEMPLATE_VERSION,
  templateOptions,
  type Template,
  type TemplateOptions,
  type TemplatePut,
} from '../../shared/protocol/rest/launch.ts';
import { badField, notFound, Refusal } from '../http/refusal.ts';
import { requireActs, teamParams, type Scope, type Teams } from '../http/scope.ts';
import type { ReadHandle, WriteHandle } from '../storage/database.ts';
import { hideOptions, keepHidden } from './rules/template-values.ts';

interface Row {
  id: string;
  team_id: string;
  team: string;
  name: string;
  description: string;
  category: string;
  options: string;
  created_at: number;
  created_by: string;
  updated_at: number;
  updated_by: string;
  used: number;
  last_used_at: number | null;
}

export interface StoredTemplate {
  id: string;
  teamId: string;
  name: string;
  options: TemplateOptions;
  template: Template;
}

const SELECT = `SELECT t.*, m.name AS team FROM run_templates t JOIN teams m ON m.id = t.team_id
  WHERE (? IS NULL OR t.team_id IN (SELECT value FROM json_each(?)))`;

/** By name, behind the key `after`; a name may be there once in each team. */
export async function listTemplates(
  r: ReadHandle,
  teams: Teams,
  filter: { category?: string | undefined; name?: string | undefined; teamId: string | null },
  page: { limit: number; after: string | null },
): Promise<{ key: string; template: Template }[]> {
  const { category = null, name = null, teamId } = filter;
  const rows = await r.all<Row & { key: string }>(
    `SELECT *, name || char(10) || id AS key FROM (${SELECT}) WHERE (? IS NULL OR category = ?) AND (? IS NULL OR name = ?)
       AND (? IS NULL OR team_id = ?) AND name || char(10) || id > ? ORDER BY name || char(10) || id LIMIT ?`,
    [...teamParams(teams), category, category, name, name, teamId, teamId, page.after ?? '', page.limit],
  );
  return rows.map((row) => ({ key: row.key, template: toStored(row).template }));
}

/** Throws a 404 for one that the caller does not see, a 403 where their role in its team is not enough. */
export async function requireTemplate(r: ReadHandle, scope: Scope, id: string): Promise<StoredTemplate> {
  const row = await r.get<Row>(`${SELECT} AND t.id = ?`, [...teamParams(scope.reads), id]);
  if (!row) throw notFound(`run template ${id}`);
  requireActs(scope, row.team_id);
  return toStored(row);
}

/** Returns its id. Throws a Refusal where the team has one of that name. */
export async function addTemplate(
  w: WriteHandle,
  { teamId, by, ...put }: TemplatePut & { teamId: string; by: string },
  now: number,
): Promise<string> {
  await refuseTaken(w, teamId, put.name, null);
  if (hasMask(put.options)) throw masked();
  const id = newId(now);
  await w.run(
    `INSERT INTO run_templates (id, team_id, name, description, category, version, options, created_at, created_by, updated_at, updated_by)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    [
      id,
      teamId,
      put.name,
      put.description,
      put.category,
      TEMPLATE_VERSION,
      JSON.stringify(put.options),
      now,
      by,
      now,
      by,
    ],
  );
  return id;
}

export async function changeTemplate(
  w: WriteHandle,
  before: StoredTemplate,
  { by, ...put }: TemplatePut & { by: string },
  now: number,
): Promise<void> {
  await refuseTaken(w, before.teamId, put.name, before.id);
  const options = keepHidden(put.options, before.options);
  if (hasMask(options)) throw masked();
  await w.run(
    `UPDATE run_templates SET name = ?, description = ?, category = ?, version = ?, options = ?, updated_at = ?, updated_by = ? WHERE id = ?`,
    [put.name, put.description, put.category, TEMPLATE_VERSION, JSON.stringify(options), now, by, before.id],
  );
}

export async function noteUse(w: WriteHandle, id: string, now: number): Promise<void> {
  await w.run('UPDATE run_templates SET used = used + 1, last_used_at = ? WHERE id = ?', [now, id]);
}

async function refuseTaken(w: WriteHandle, teamId: string, name: string, own: string | null): Promise<void> {
  const other = await w.get('SELECT id FROM run_templates WHERE team_id = ? AND name = ? AND id IS NOT ?', [
    teamId,
    name,
    own,
  ]);
  if (other)
    throw new Refusal(409, 'template_exists', `The team has a run template ${name} already: take another name.`);
}

const hasMask = (options: TemplateOptions): boolean =>
  [options.env, options.config?.env].some((env) => Object.values(env ?? {}).includes(MASK));
const masked = (): Refusal =>
  badField('options.env', `holds ${MASK}, which stands for a value that is not shown: give the value`);

function toStored(row: Row): StoredTemplate {
  const { id, name, description, category, created_by, updated_by, used } = row;
  const options = templateOptions.parse(JSON.parse(row.options));
  return {
    id,
    teamId: row.team_id,
    name,
    options,
    template: {
      id,
      team: { id: row.team_id, name: row.team },
      name,
      description,
      category,
      options: hideOptions(options),
      created_at: isoTime(row.created_at),
      created_by,
      updated_at: isoTime(row.updated_at),
      updated_by,
      used,
      last_used_at: isoTimeOrNull(row.last_used_at),
    },
  };
}
