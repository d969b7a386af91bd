/** Playwright suites of tests that only wait, so that many slots share two cores honestly; their durations have the shapes that matter. */
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { root } from '../../scripts/programs.ts';
import { seeded } from '../faults/bench.ts';

export type Shape = 'sample' | 'log-normal' | 'pareto' | 'slow files';
export const SHAPES: readonly Shape[] = ['sample', 'log-normal', 'pareto', 'slow files'];

/** The smallest parts that may run alone, as milliseconds of waiting per test. */
export type Units = number[][];

const TESTS = 280;
const TESTS_PER_FILE = 10;

export interface BalanceSuite {
  dir: string;
  shape: Shape;
  totalMs: number;
  longestUnitMs: number;
}

/** Makespan below which no schedule on `slots` equal slots can come. */
export const boundMs = (suite: BalanceSuite, slots: number): number =>
  Math.max(suite.totalMs / slots, suite.longestUnitMs);

/** `totalMs` of waiting in all. The same seed gives the same suite. */
export async function writeBalanceSuite(
  dir: string,
  shape: Shape,
  totalMs: number,
  seed: string,
): Promise<BalanceSuite> {
  const files = durations(shape, totalMs, seeded(`${seed} ${shape}`));
  await mkdir(dir, { recursive: true });
  await writeFile(path.join(dir, 'package.json'), '{"private":true,"type":"module"}');
  await writeFile(
    path.join(dir, 'playwright.config.js'),
    `export default { testDir: '.', fullyParallel: ${shape !== 'slow files'}, timeout: 120_000, projects: [{ name: 'waits' }] };\n`,
  );
  for (const [i, file] of files.entries()) await writeFile(path.join(dir, `part-${i}.spec.js`), specOf(i, file));
  await symlink(path.join(root, 'node_modules'), path.join(dir, 'node_modules'), 'dir');
  const units = shape === 'slow files' ? files.map((file) => sum(file)) : files.flat();
  return { dir, shape, totalMs: sum(files.flat()), longestUnitMs: Math.max(...units) };
}

/** A worker whose folder is called `…-speed-0.5` takes twice as long. */
function specOf(file: number, waits: readonly number[]): string {
  return `import { test } from '@playwright/test';
for (const [n, ms] of ${JSON.stringify(waits)}.entries()) {
  test('waits ${file}-' + n, async ({}, testInfo) => {
    const speed = Number(/-speed-([\\d.]+)/.exec(testInfo.outputDir)?.[1] ?? 1);
    await new Promise((resolve) => setTimeout(resolve, ms / speed));
  });
}
`;
}

function durations(shape: Shape, totalMs: number, random: () => number): Units {
  const count = TESTS / TESTS_PER_FILE;
  const files = Array.from({ length: count }, (_, i) => {
    // One file in eight is six times as slow, as those are that nobody has split yet.
    const factor = shape === 'slow files' && i % 8 === 0 ? 6 : 1;
    return Array.from({ length: TESTS_PER_FILE }, () => factor * one(shape, random));
  });
  const scale = totalMs / sum(files.flat());
  return files.map((file) => file.map((ms) => Math.max(5, Math.round(ms * scale))));
}

function one(shape: Shape, random: () => number): number {
  switch (shape) {
    // Most tests alike, one in twenty ten times as long: the sample suite's own shape.
    case 'sample':
      return (0.5 + random()) * (random() < 0.05 ? 10 : 1);
    case 'log-normal':
      return Math.exp(Math.sqrt(-2 * Math.log(random() || 1e-9)) * Math.cos(2 * Math.PI * random()));
    case 'pareto':
      return (1 - random() * 0.999) ** (-1 / 1.3);
    case 'slow files':
      return 0.5 + random();
  }
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);
