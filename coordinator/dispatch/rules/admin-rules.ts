/** What an admin's ordered rules say about the tasks of a run. */
import type { Rule } from '../../../shared/protocol/rest/scheduling.ts';

export interface RuleFacts {
  project: string;
  tags: readonly string[];
  branch: string | null;
  /** That these tasks use. */
  browsers: readonly string[];
}

export interface RuleEffects {
  /** Tags of workers. */
  prefer: readonly string[];
  require: readonly string[];
  avoid: readonly string[];
  /** null: the setting's. */
  strategy: string | null;
  /** null: the run's own. */
  priority: number | null;
}

/** All rules that match count; where several set a strategy or priority, the first of them. */
export function effectsOf(rules: readonly Rule[], facts: RuleFacts): RuleEffects {
  const then = rules.filter((rule) => matches(rule.when, facts)).map((rule) => rule.then);
  const tags = (of: 'prefer' | 'require' | 'avoid') => [...new Set(then.flatMap((each) => each[of] ?? []))];
  return {
    prefer: tags('prefer'),
    require: tags('require'),
    avoid: tags('avoid'),
    strategy: then.find((each) => each.strategy !== undefined)?.strategy ?? null,
    priority: then.find((each) => each.priority !== undefined)?.priority ?? null,
  };
}

function matches(when: Rule['when'], { project, tags, branch, browsers }: RuleFacts): boolean {
  if (when.project !== undefined && when.project !== project) return false;
  if (when.tag !== undefined && !tags.includes(when.tag)) return false;
  if (when.branch !== undefined && (branch === null || !fits(when.branch, branch))) return false;
  return when.browser === undefined || browsers.includes(when.browser);
}

/** `*` stands for any text. Without backtracking: each piece is looked for once, behind the one before. */
function fits(pattern: string, text: string): boolean {
  const [first = '', ...rest] = pattern.split('*');
  const last = rest.pop();
  if (last === undefined) return text === pattern;
  if (!text.startsWith(first)) return false;
  let at = first.length;
  for (const piece of rest) {
    const found = text.indexOf(piece, at);
    if (found < 0) return false;
    at = found + piece.length;
  }
  return text.length - last.length >= at && text.endsWith(last);
}

/** Larger = rather: wanted workers before others, unwanted ones last. */
export function preferenceFor(tags: readonly string[], { prefer, avoid }: RuleEffects): number {
  const count = (some: readonly string[]) => some.filter((tag) => tags.includes(tag)).length;
  return count(prefer) - (prefer.length + 1) * count(avoid);
}
