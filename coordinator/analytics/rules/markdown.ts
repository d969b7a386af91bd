/** The report of a run as Markdown, to be pasted where people talk about it: a pull request, a ticket, a chat. */
import type { FailureClusters } from '../../../shared/protocol/rest/analysis.ts';
import { runLabel } from '../../../shared/model/run-label.ts';
import type { RunTotals } from '../../../shared/protocol/rest/runs.ts';

export interface MarkdownFacts {
  number: number;
  name: string;
  project: string;
  status: string;
  outcome: 'passed' | 'failed' | null;
  reason: string | null;
  tests: RunTotals;
  durationMs: number | null;
  branch: string | null;
  commit: string | null;
  environment: string | null;
  failures: FailureClusters;
  slowest: readonly { title: string; project: string; file: string; duration_ms: number }[];
  machines: readonly { worker: string; tests: number; unexpected: number; tests_ms: number }[];
  /** Address of the HTML report; null where there is none. */
  reportUrl: string | null;
}

/** Together they keep the text below the 65,536 characters that a comment on GitHub may have. */
const MOST_CLUSTERS = 12;
const MOST_TESTS = 10;
const MOST_FLAKY = 20;
const MOST_MACHINES = 20;
const ERROR_LINES = 12;
const ERROR_CHARS = 1_500;
const TITLE_CHARS = 300;

export function markdownReport(facts: MarkdownFacts): string {
  const failed = facts.failures.clusters.filter((cluster) => cluster.unexpected > 0);
  const parts = [
    heading(facts),
    summary(facts),
    failed.length === 0 ? '' : failures(facts, failed),
    flaky(facts),
    slowest(facts),
    machines(facts),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

function heading({ outcome, status, number, name, reason }: MarkdownFacts): string {
  const [sign, verdict] =
    outcome === 'passed'
      ? ['✅', 'passed']
      : outcome === 'failed' || status === 'failed'
        ? ['❌', status === 'failed' ? 'could not be carried out' : 'failed']
        : ['⏳', status];
  const why = reason === null ? '' : `\n\n${plain(reason)}`;
  return `## ${sign} Run ${runLabel(number)} ${verdict}: ${plain(name)}${why}`;
}

function summary({ tests, durationMs, project, branch, commit, environment, reportUrl }: MarkdownFacts): string {
  const counts = [
    ['failed', tests.unexpected],
    ['flaky', tests.flaky],
    ['passed', tests.expected],
    ['skipped', tests.skipped],
  ] as const;
  const head = counts.filter(([, n]) => n > 0).map(([word, n]) => `**${n}** ${word}`);
  const of = [
    durationMs === null ? null : duration(durationMs),
    `project ${code(project)}`,
    branch === null ? null : `branch ${code(branch)}`,
    commit === null ? null : `commit ${code(commit.slice(0, 10))}`,
    environment === null ? null : `environment ${code(environment)}`,
    reportUrl === null ? null : `[report](${reportUrl})`,
  ].filter((part) => part !== null);
  return `${head.length === 0 ? `${tests.total} tests` : head.join(' · ')}\n\n${of.join(' · ')}`;
}

function failures(facts: MarkdownFacts, clusters: FailureClusters['clusters']): string {
  const shown = clusters.slice(0, MOST_CLUSTERS).map((cluster) => {
    const tests = cluster.tests.filter((test) => test.outcome === 'unexpected');
    const lines = tests
      .slice(0, MOST_TESTS)
      .map((test) => `- ${link(facts, test)}${test.worker ? ` on ${code(test.worker)}` : ''}`);
    const more = cluster.unexpected - lines.length;
    const head = `**${cluster.unexpected} ${cluster.unexpected === 1 ? 'test' : 'tests'}**: ${code(cluster.title)}`;
    return [head, '', ...lines, ...(more > 0 ? [`- and ${more} more`] : []), '', fenced(cluster.example)].join('\n');
  });
  const hidden = clusters.length - shown.length;
  return [
    `### Failures`,
    ...shown,
    ...(hidden > 0 ? [`…and ${hidden} other ${hidden === 1 ? 'error' : 'errors'}.`] : []),
  ].join('\n\n');
}

function flaky(facts: MarkdownFacts): string {
  const tests = facts.failures.clusters.flatMap((cluster) => cluster.tests.filter((test) => test.outcome === 'flaky'));
  if (tests.length === 0) return '';
  const lines = tests
    .slice(0, MOST_FLAKY)
    .map((test) => `- ${link(facts, test)} passed after ${test.attempts} attempts`);
  const more = tests.length - lines.length;
  return details(`${tests.length} flaky`, [...lines, ...(more > 0 ? [`- and ${more} more`] : [])].join('\n'));
}

function slowest({ slowest: tests }: MarkdownFacts): string {
  if (tests.length === 0) return '';
  const rows = tests.map((test) => `| ${cell(where(test))} | ${duration(test.duration_ms)} |`);
  return details('Slowest tests', ['| test | took |', '| --- | ---: |', ...rows].join('\n'));
}

function machines({ machines: all }: MarkdownFacts): string {
  if (all.length === 0) return '';
  const rows = all
    .slice(0, MOST_MACHINES)
    .map(
      ({ worker, tests, unexpected, tests_ms }) =>
        `| ${cell(worker)} | ${tests} | ${unexpected} | ${duration(tests_ms)} |`,
    );
  const head = ['| machine | tests | failed | in tests |', '| --- | ---: | ---: | ---: |'];
  return details(`${all.length} ${all.length === 1 ? 'machine' : 'machines'}`, [...head, ...rows].join('\n'));
}

type Named = { title: string; project: string; file: string };

const where = ({ title, project, file }: Named): string => `${project === '' ? '' : `[${project}] `}${file} › ${title}`;

function link({ reportUrl }: MarkdownFacts, test: Named & { test_id: string }): string {
  const name = code(where(test));
  return reportUrl === null ? name : `[${name}](${reportUrl}#?testId=${encodeURIComponent(test.test_id)})`;
}

const details = (title: string, body: string): string =>
  `<details>\n<summary>${title}</summary>\n\n${body}\n\n</details>`;

/** In a code span nothing is a tag, a link or somebody's name. */
const code = (text: string): string => {
  const short = flat(text).slice(0, TITLE_CHARS).replaceAll('`', 'ˋ');
  return `\`${short === '' ? ' ' : short}\``;
};
const cell = (text: string): string => code(text).replaceAll('|', '\\|');

/** Outside of code: what Markdown or HTML would take for its own, and `@`, which calls people. */
const plain = (text: string): string =>
  flat(text)
    .slice(0, TITLE_CHARS)
    .replace(/[\\`*_{}[\]<>#|!~]/g, '\\$&')
    .replaceAll('@', '@\u200b');

const bare = (text: string): string =>
  text.replace(/\x1b\[[0-9;:?]*[A-Za-z]/g, '').replace(/[\x00-\x08\x0b-\x1f]/g, '');
const flat = (text: string): string => bare(text).replace(/\s+/g, ' ').trim();

function fenced(text: string): string {
  const lines = bare(text).slice(0, ERROR_CHARS).split('\n');
  const shown = lines.slice(0, ERROR_LINES).join('\n').trimEnd();
  const longest = Math.max(0, ...[...shown.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(Math.max(3, longest + 1));
  return `${fence}\n${shown}\n${fence}`;
}

export function duration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  const seconds = ms / 1_000;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return hours > 0 ? `${hours} h ${minutes} min` : `${minutes} min ${rest} s`;
}
