/** Caps, weights and rules in words, and what stands in their forms. */
import type { Cap, Rule, Weight } from '../../shared/protocol/rest/scheduling.ts';

export const capText = ({ tag, environment, limit }: Cap): string =>
  `${tag === undefined ? environment! : `tag ${tag}`} ≤ ${limit}`;
export const weightText = ({ user, project, weight }: Weight): string =>
  `${user === undefined ? project! : user} × ${weight}`;

/** `project web, browser webkit → require mac, priority 10` */
export const ruleText = ({ name, when, then }: Rule): string => `${name}: ${pairs(when)} → ${pairs(then)}`;

const pairs = (of: object): string =>
  Object.entries(of)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${key} ${String(value)}`)
    .join(', ');

/** Fields of a form, '' = not given. */
export type Fields = Readonly<Record<string, string>>;

export const WHEN = ['project', 'tag', 'branch', 'browser'] as const;
export const THEN = ['prefer', 'require', 'avoid', 'strategy', 'priority'] as const;

export const capOf = ({ tag = '', environment = '', limit = '' }: Fields): Cap => ({
  ...given({ tag, environment }),
  limit: Number(limit),
});

export const weightOf = ({ user = '', project = '', weight = '' }: Fields): Weight => ({
  ...given({ user, project }),
  weight: Number(weight),
});

export function ruleOf(fields: Fields): Rule {
  const part = (names: readonly string[], prefix: string) =>
    given(Object.fromEntries(names.map((name) => [name, fields[`${prefix}.${name}`] ?? ''])));
  const { priority, ...then } = part(THEN, 'then');
  const whole = priority === undefined ? then : { ...then, priority: Number(priority) };
  return { name: fields.name ?? '', when: part(WHEN, 'when'), then: whole };
}

export const fieldsOfRule = ({ name, when, then }: Rule): Fields => ({
  name,
  ...prefixed('when', when),
  ...prefixed('then', then),
});

export const fieldsOf = (value: object): Fields =>
  Object.fromEntries(Object.entries(value).map(([key, one]) => [key, String(one)]));

const prefixed = (prefix: string, of: object): Fields =>
  Object.fromEntries(Object.entries(of).map(([key, value]) => [`${prefix}.${key}`, String(value)]));

const given = (fields: Fields): Record<string, string> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== ''));
