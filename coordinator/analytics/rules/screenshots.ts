/** Finds the comparisons of images among the attachments of an attempt, and where their snapshots lie among the files of the source. Pure. */
import { pathProblem } from '../../../shared/base/tree-path.ts';
import type { Attachment } from '../../../shared/protocol/playwright.ts';

/** What toHaveScreenshot and toMatchSnapshot attach when an image is not as expected. */
export interface ImageComparison {
  /** As Playwright calls it, such as cart.png. */
  name: string;
  /** null where there was none: the snapshot was missing. */
  expected: Attachment | null;
  actual: Attachment;
  diff: Attachment | null;
}

const PART = /^(.*)-(expected|actual|diff)(\.[A-Za-z0-9]+)$/;

export function comparisonsIn(attachments: readonly Attachment[]): ImageComparison[] {
  const parts = new Map<string, Partial<Record<string, Attachment>>>();
  for (const file of attachments) {
    const [, base, part, extension] = PART.exec(file.name) ?? [];
    if (base === undefined || part === undefined || extension === undefined) continue;
    if (!file.contentType.startsWith('image/')) continue;
    const name = base + extension;
    parts.set(name, { ...parts.get(name), [part]: file });
  }
  return [...parts].flatMap(([name, { expected, actual, diff }]) => {
    if (!actual) return [];
    // Playwright attaches a snapshot that it has just written as the expectation.
    const written = expected?.sha256 === actual.sha256;
    return [{ name, expected: expected && !written ? expected : null, actual, diff: diff ?? null }];
  });
}

export interface SourceFile {
  path: string;
  sha256: string;
}

export interface Wanted {
  /** Of the test, as Playwright says it: relative to its folder of tests. */
  file: string;
  project: string;
  comparison: ImageComparison;
  /** Of the attempt. */
  errors: readonly string[];
}

export type Place = { path: string; why: null } | { path: null; why: string };

const nowhere = (why: string): Place => ({ path: null, why });

/**
 * The file that holds what was expected; among several with the same content the one beside the test, of this name and project. A missing one
 * lies where Playwright said that it looked, if that is beside the test.
 */
export function placeOf({ file, project, comparison, errors }: Wanted, files: readonly SourceFile[]): Place {
  const { expected, name } = comparison;
  if (expected === null) return missingPlace(file, errors, files);
  let candidates = files.filter(({ sha256 }) => sha256 === expected.sha256);
  if (candidates.length === 0)
    return nowhere('No file of the source has the expected content: it was made on the machine');
  const base = name.replace(/\.[^.]*$/, '');
  const narrower = [
    (path: string) => path.includes(`${file}-snapshots/`),
    (path: string) => path.slice(path.lastIndexOf('/') + 1).startsWith(base),
    (path: string) => project !== '' && path.includes(project),
  ];
  for (const fits of narrower) {
    const fitting = candidates.filter(({ path }) => fits(path));
    if (fitting.length > 0) candidates = fitting;
  }
  const [only, other] = candidates;
  if (!only) return nowhere('No file of the source has the expected content');
  return other ? nowhere('Several files of the source have the expected content') : { path: only.path, why: null };
}

function missingPlace(file: string, errors: readonly string[], files: readonly SourceFile[]): Place {
  const said = errors
    .map((text) => /snapshot doesn't exist at (.+?)(?:, writing actual)?\.?(?:\n|$)/.exec(text)?.[1])
    .find((path) => path);
  const path = said?.replaceAll('\\', '/');
  const at = path?.lastIndexOf(`/${file}-snapshots/`) ?? -1;
  if (path === undefined || at < 0) return nowhere('There was no snapshot, and it is not said where it would lie');
  const tests = files.filter((one) => one.path === file || one.path.endsWith(`/${file}`));
  const [only, other] = tests;
  if (!only || other) return nowhere('It cannot be told which file of the source the test is in');
  const place = only.path.slice(0, -file.length) + path.slice(at + 1);
  // A machine said so: it must not lead out of the tree.
  const problem = pathProblem(place);
  return problem === null ? { path: place, why: null } : nowhere(`The path where it would lie ${problem}`);
}
