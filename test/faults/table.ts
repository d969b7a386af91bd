/** Writes what was measured into docs/reliability.md, between its markers. */
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { root } from '../../scripts/programs.ts';
import type { Fault } from './catalogue.ts';
import type { Finding } from './bench.ts';

export interface Result {
  fault: Fault;
  /** null: could not be measured. */
  holds: boolean | null;
  finding: Finding | null;
  /** Why it was not measured, or what went wrong. */
  reason: string | null;
  seconds: number;
}

const page = path.join(root, 'docs/reliability.md');
const BEGIN = '<!-- faults: written by npm run faults -- all -->';
const END = '<!-- end of faults -->';

const HEAD = [
  'no.',
  'what is injected',
  'what is expected',
  'holds',
  'acked',
  'lost',
  'double',
  'measured',
  'seed',
  'date',
];

/** Replaces the rows of these faults, and leaves those of others as they were measured before. */
export async function writeTable(results: readonly Result[], seed: string, day: string): Promise<void> {
  const text = await readFile(page, 'utf8');
  const [from, to] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (from < 0 || to < from) throw new Error(`docs/reliability.md lacks the markers ${BEGIN} and ${END}`);
  const rows = new Map(rowsOf(text.slice(from, to)).map((cells) => [keyOf(cells), cells]));
  for (const result of results) {
    const cells = row(result, seed, day);
    rows.set(keyOf(cells), cells);
  }
  const sorted = [...rows.values()].sort((a, b) => Number(a[0]) - Number(b[0]));
  const widths = HEAD.map((title, i) => Math.max(title.length, ...sorted.map((cells) => (cells[i] ?? '').length)));
  const line = (cells: readonly string[]) => `| ${cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(' | ')} |`;
  const table = [line(HEAD), line(widths.map((width) => '-'.repeat(width))), ...sorted.map(line)].join('\n');
  await writeFile(page, `${text.slice(0, from)}${BEGIN}\n\n${table}\n\n${text.slice(to)}`);
}

/** A fault may have several rows, one for each way in which it is injected. */
const keyOf = ([number, inject]: readonly string[]): string => `${number} ${inject}`;

function rowsOf(table: string): string[][] {
  const lines = table.split('\n').filter((line) => /^\| \d/.test(line));
  return lines.map((line) =>
    line
      .slice(1, -1)
      .split(/(?<!\\)\|/)
      .map((cell) => cell.trim()),
  );
}

function row({ fault, holds, finding, reason }: Result, seed: string, day: string): string[] {
  const counts =
    finding && holds !== null ? [finding.acknowledged, finding.lost, finding.double_counted].map(String) : ['', '', ''];
  const measured =
    finding && holds !== null ? fault.figures.map((name) => `${name} ${finding.figures[name]}`).join(', ') : '';
  const said = [measured, reason ?? ''].filter((part) => part !== '').join('; ');
  const verdict = holds === null ? 'not measured' : holds ? 'yes' : '**no**';
  return [String(fault.number), fault.inject, fault.expect, verdict, ...counts, said, seed, day].map((cell) =>
    cell.replaceAll('|', '\\|').replaceAll('\n', ' '),
  );
}
