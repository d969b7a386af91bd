/** Settings in groups, by the beginning of their key: one that is added to the coordinator appears here by itself. */
import type { Setting } from '../../shared/protocol/rest/settings.ts';

export const GROUPS = ['scheduling', 'workers', 'retention', 'backups', 'signIn', 'mail', 'limits', 'other'] as const;
export type GroupName = (typeof GROUPS)[number];

const BEGINNINGS: readonly (readonly [GroupName, RegExp])[] = [
  ['workers', /^(worker|breaker|poison|minimum_agent)_/],
  ['scheduling', /^(scheduler|load_balancer|race|max_parallel|task|unservable|steal)_/],
  ['retention', /_retention_/],
  ['backups', /^backup_/],
  ['signIn', /^(session|github|google|discord|oidc|password|account|invitation|private)_/],
  ['mail', /^(smtp|mail|slack|webhook|alert)_/],
  ['limits', /^rate_limit_/],
];

export const groupOf = (key: string): GroupName => BEGINNINGS.find(([, begins]) => begins.test(key))?.[0] ?? 'other';

/** Those whose key, description or value holds all words of the text; groups without any are left out. */
export function grouped(settings: readonly Setting[], text: string): { name: GroupName; settings: Setting[] }[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const found = settings.filter((setting) => {
    const all = `${setting.key} ${setting.description} ${textOfValue(setting.value)}`.toLowerCase();
    return words.every((word) => (word === 'is:set' ? setting.is_set : all.includes(word)));
  });
  return GROUPS.map((name) => ({ name, settings: found.filter(({ key }) => groupOf(key) === name) })).filter(
    (group) => group.settings.length > 0,
  );
}

export type Problem = 'number' | 'whole' | 'tooSmall' | 'tooLarge' | 'json' | null;
export type Read = { value: Setting['value']; problem: Problem };

/** What was typed as a value of the setting's type; whether a text is good is the coordinator's to say. */
export function readValue(setting: Pick<Setting, 'type' | 'minimum' | 'maximum'>, text: string): Read {
  const wrong = (problem: Problem): Read => ({ value: null, problem });
  if (setting.type === 'json') {
    try {
      return { value: JSON.parse(text) as Setting['value'], problem: null };
    } catch {
      return wrong('json');
    }
  }
  if (setting.type !== 'int' && setting.type !== 'float') return { value: text, problem: null };
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) return wrong('number');
  if (setting.type === 'int' && !Number.isInteger(value)) return wrong('whole');
  if (setting.minimum !== null && value < setting.minimum) return wrong('tooSmall');
  if (setting.maximum !== null && value > setting.maximum) return wrong('tooLarge');
  return { value, problem: null };
}

/** As it stands in its field. */
export const textOfValue = (value: Setting['value']): string =>
  value === null ? '' : typeof value === 'object' ? JSON.stringify(value) : String(value);
