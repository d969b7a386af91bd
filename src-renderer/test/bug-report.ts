/** A bug report of a failed test, in Markdown, ready to be pasted into any tracker. In English, as most trackers are. */
import type { Run } from '../../shared/protocol/rest/runs.ts';
import { runLabel } from '../../shared/model/run-label.ts';
import type { TestDetail } from '../../shared/protocol/rest/results.ts';
import { stripAnsi } from '../ui/parse-ansi.ts';
import { durationText } from '../ui/time-text.ts';
import type { Attempt } from './attachment-kind.ts';

export interface BugReport {
  test: TestDetail;
  run: Run;
  attempt: Attempt | null;
  /** Of this page. */
  pageUrl: string;
  sourceUrl: string | null;
  /** `3 of 50 runs failed, 1 was flaky`. */
  history: string | null;
}

/** Longer messages hide what comes behind them. */
const MOST_CHARS = 6000;

export function bugReport({ test, run, attempt, pageUrl, sourceUrl, history }: BugReport): string {
  const { git } = run.metadata as { git?: { commit?: string; branch?: string | null; changed?: boolean } };
  const commit = run.source?.type === 'git' ? run.source.commit : git?.commit;
  const place = `${test.file}:${test.line}`;
  const facts: [string, string | null | undefined][] = [
    ['Test', sourceUrl === null ? code(place) : `[${code(place)}](${sourceUrl})`],
    ['Run', `#${runLabel(run.number)} ${inline(run.name)} (${inline(run.project)})`],
    ['Outcome', `${test.outcome ?? 'not settled'}, ${test.attempts} ${test.attempts === 1 ? 'attempt' : 'attempts'}`],
    ['Playwright project', test.project === '' ? null : code(test.project)],
    ['Playwright', run.playwright_version],
    ['Environment', run.environment],
    ['Base URL', run.config.base_url],
    ['Commit', commit == null ? null : code(commit) + (git?.changed ? ' with uncommitted changes' : '')],
    ['Branch', git?.branch == null ? null : code(git.branch)],
    ['Machine', attempt === null ? null : inline(attempt.worker ?? attempt.worker_id)],
    ['When', attempt?.started_at],
    ['Took', attempt === null ? null : durationText(attempt.duration_ms, 'en')],
    ['History', history],
  ];
  const parts = [
    `## ${inline(test.title)}`,
    facts.flatMap(([term, value]) => (value == null || value === '' ? [] : [`- **${term}:** ${value}`])).join('\n'),
    ...errorParts(attempt),
    ...(test.note === null ? [] : [`### Note\n\n${inline(test.note)}`]),
    `### Steps to repeat\n\n${fenced(commandsFor(run, test), 'sh')}`,
    `### Links\n\n- [Test with attempts, trace and history](${pageUrl})`,
  ];
  return `${parts.join('\n\n')}\n`;
}

function errorParts(attempt: Attempt | null): string[] {
  return (attempt?.errors ?? []).flatMap(({ message, snippet }, index, all) => {
    const number = all.length > 1 ? ` ${index + 1}` : '';
    const parts = [`### Error${number}\n\n${fenced(clipped(stripAnsi(message).trim()))}`];
    if (snippet !== undefined) parts.push(fenced(stripAnsi(snippet).trimEnd(), 'ts'));
    return parts;
  });
}

/** The commands that run it again: by Playfleet, and by Playwright alone. */
export function commandsFor(run: Pick<Run, 'config'>, test: Pick<TestDetail, 'file' | 'line' | 'project'>): string {
  const where = quoted(`${test.file}:${test.line}`);
  const project = test.project === '' ? '' : ` --project ${quoted(test.project)}`;
  const config = run.config.config_file === undefined ? '' : ` --config ${quoted(run.config.config_file)}`;
  return [`playfleet run${config} -- ${where}${project}`, `npx playwright test${config} ${where}${project}`].join('\n');
}

/** For a POSIX shell. */
const quoted = (text: string): string =>
  /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;

const clipped = (text: string): string => (text.length <= MOST_CHARS ? text : `${text.slice(0, MOST_CHARS)}\n…`);
const inline = (text: string): string => text.replaceAll(/\s+/g, ' ').replaceAll(/[\\`*_<>[\]]/g, String.raw`\$&`);
const code = (text: string): string => `\`${text.replaceAll('`', "'")}\``;

/** A fence longer than any in the text. */
function fenced(text: string, language = ''): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([ticks]) => ticks.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}${language}\n${text}\n${fence}`;
}
