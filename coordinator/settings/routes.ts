/** HTTP edge of settings: /api/v1/settings. */
import type { Clock } from '../../shared/base/clock.ts';
import { settingsAnswer } from '../../shared/protocol/rest/settings.ts';
import { actorOf, recordAudit } from '../audit/record.ts';
import { requireUser } from '../http/principal.ts';
import { json, jsonBody, route } from '../http/route.ts';
import { createRouter } from '../http/router.ts';
import type { Database } from '../storage/database.ts';
import { SETTING_KEYS, SETTINGS, settingsChange } from './registry.ts';
import type { Settings, SettingsChange } from './settings.ts';

export interface SettingsRoutesDeps {
  db: Database;
  clock: Clock;
  settings: Settings;
}

const tags: [string] = ['Settings'];

export function settingsRoutes({ db, clock, settings }: SettingsRoutesDeps) {
  return createRouter()
    .openapi(
      route({
        method: 'get',
        path: '/settings',
        access: 'maintainer of all',
        tags,
        summary: 'All settings, with what they mean and who set them; secrets without their values',
        responses: { 200: json(settingsAnswer, 'The settings') },
      }),
      async (c) => c.json({ items: await db.read((r) => settings.list(r)) }, 200),
    )
    .openapi(
      route({
        method: 'put',
        path: '/settings',
        access: 'admin of all',
        tags,
        summary: 'Change some settings, all or none of them; null puts one back to its default',
        request: { body: jsonBody(settingsChange) },
        responses: { 200: json(settingsAnswer, 'All settings after the change') },
      }),
      async (c) => {
        const change = c.req.valid('json');
        const { name } = requireUser(c);
        const items = await db.write(async (w) => {
          const now = clock.now();
          await settings.change(w, change, name, now);
          const data = withoutSecrets(change);
          if (Object.keys(data).length > 0) {
            await recordAudit(w, { ...actorOf(c), action: 'settings.changed', data }, now);
          }
          return settings.list(w);
        });
        return c.json({ items }, 200);
      },
    );
}

/** What the audit log may tell of a change; null = back to the default. */
function withoutSecrets(change: SettingsChange): Record<string, string | number | boolean | null> {
  const changed = SETTING_KEYS.flatMap((key) => {
    const value = change[key];
    if (value === undefined) return [];
    return [[key, SETTINGS[key].secret && value !== null ? '(secret)' : value] as const];
  });
  return Object.fromEntries(changed);
}
