/** Tags and an expression as the one expression that Playwright's --grep takes, and back. */

const escape = (text: string): string => text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
const unescape = (text: string): string => text.replace(/\\(.)/g, '$1');
const withAt = (tag: string): string => (tag.startsWith('@') ? tag : `@${tag}`);

/** Not followed by more of a word: `@smoke` is not `@smoke-slow`. */
const END = '(?!\\S)';

/** A test must have one of the tags and match the expression. null: neither is given. */
export function grepOf(grep: string, tags: readonly string[]): string | null {
  if (tags.length === 0) return grep === '' ? null : grep;
  const names = tags.map((tag) => escape(withAt(tag)));
  const tagged = `(?:${names.join('|')})${END}`;
  if (grep === '') return tagged;
  // As Playwright reads it: /expression/flags, or an expression without regard to case.
  const [, inner = grep, flags] = /^\/(.*)\/([gi]*)$/.exec(grep) ?? [];
  const both = `^(?=[^]*${tagged})(?=[^]*(?:${inner}))`;
  return flags === undefined ? both : `/${both}/${flags}`;
}

/** What grepOf() was made from, where it was made by it; else all of it is the expression. */
export function choiceOfGrep(text: string): { grep: string; tags: string[] } {
  const both = /^(\/?)\^\(\?=\[\^\]\*\(\?:(.+?)\)\(\?!\\S\)\)\(\?=\[\^\]\*\(\?:([^]*)\)\)(?:\/([gi]*))?$/.exec(text);
  const alone = /^\(\?:(.+)\)\(\?!\\S\)$/.exec(text);
  const [, slash = '', names = alone?.[1], inner = '', flags] = both ?? [];
  if (names === undefined) return { grep: text, tags: [] };
  const tags = names.split('|').map(unescape);
  if (!both) return grepOf('', tags) === text ? { grep: '', tags } : { grep: text, tags: [] };
  const grep = slash === '' ? inner : `/${inner}/${flags ?? ''}`;
  return grepOf(grep, tags) === text ? { grep, tags } : { grep: text, tags: [] };
}
