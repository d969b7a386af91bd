/**
 * Which tests of a suite a choice takes, as Playwright's own arguments would choose them: `--project`, file filters, `--grep`, `--grep-invert`,
 * and tags. Pure and shared, so that a page can count as somebody types.
 */
import type { TestChoice } from '../protocol/rest/launch.ts';

export interface ChoosableTest {
  project: string;
  /** POSIX, relative to the suite's root. */
  file: string;
  line: number;
  titlePath: readonly string[];
  tags: readonly string[];
}

/** An expression that cannot be read; `field` names the part of the choice. */
export interface ChoiceProblem {
  field: string;
  message: string;
}

/** What Playwright matches `--grep` against. */
export const grepTextOf = ({ project, file, titlePath, tags }: ChoosableTest): string =>
  ['', project, file, ...titlePath, ...tags].join(' ');

export type Chooser = { problem: ChoiceProblem } | { problem: null; takes: (test: ChoosableTest) => boolean };

/** What people write as an expression may backtrack for ever: who tries it on other people's time bounds that. */
export function chooser(choice: TestChoice): Chooser {
  const grep = expression('grep', choice.grep);
  const invert = expression('grep_invert', choice.grep_invert);
  const files = choice.files.map((text, i) => fileFilter(`files[${i}]`, text));
  const problem = [grep, invert, ...files].find(isProblem);
  if (problem) return { problem };
  const projects = choice.projects.map(wildcard);
  const tags = new Set(choice.tags.map(bare));
  const parts = files as readonly FileFilter[];
  const [wanted, unwanted] = [grep, invert] as readonly (RegExp | null)[];
  return {
    problem: null,
    takes: (test) =>
      (projects.length === 0 || projects.some((fits) => fits(test.project))) &&
      (parts.length === 0 || parts.some((fits) => fits(test))) &&
      (tags.size === 0 || test.tags.some((tag) => tags.has(bare(tag)))) &&
      (!wanted || wanted.test(grepTextOf(test))) &&
      !(unwanted && unwanted.test(grepTextOf(test))),
  };
}

type FileFilter = (test: ChoosableTest) => boolean;

const isProblem = (part: RegExp | FileFilter | ChoiceProblem | null): part is ChoiceProblem =>
  part !== null && typeof part === 'object' && 'field' in part;

/** `/…/flags`, or a text that is an expression without regard to case. null where there is none. */
function expression(field: string, text: string | undefined): RegExp | ChoiceProblem | null {
  if (text === undefined) return null;
  const [, inner = text, flags = 'i'] = /^\/(.*)\/([gi]*)$/.exec(text) ?? [];
  try {
    return new RegExp(inner, flags.replace('g', ''));
  } catch (error) {
    return { field, message: `is no regular expression: ${(error as Error).message}` };
  }
}

/** `cart.spec.ts`, `cart.spec.ts:12`: an expression against the path, and the line where the test begins. */
function fileFilter(field: string, text: string): FileFilter | ChoiceProblem {
  const [, path = text, line] = /^(.*?):(\d+)(?::\d+)?$/.exec(text) ?? [];
  const pattern = expression(field, path.replace(/^\.\//, ''));
  if (isProblem(pattern)) return pattern;
  return (test) => pattern?.test(`/${test.file}`) === true && (line === undefined || Number(line) === test.line);
}

/** Without regard to case; * stands for any text. */
function wildcard(name: string): (project: string) => boolean {
  const parts = name.toLowerCase().split('*');
  if (parts.length === 1) return (project) => project.toLowerCase() === parts[0];
  const pattern = new RegExp(`^${parts.map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('.*')}$`);
  return (project) => pattern.test(project.toLowerCase());
}

const bare = (tag: string): string => tag.replace(/^@/, '');
