/** What the attachments of an attempt are to who looks at them. */
import type { TestDetail } from '../../shared/protocol/rest/results.ts';

export type Attempt = TestDetail['all_attempts'][number];
export type Attachment = Attempt['attachments'][number];

/** A screenshot that was not as expected, with its three pictures as far as Playwright attached them. */
export interface Comparison {
  /** Name that the suite gave it, such as cart.png. */
  name: string;
  expected: Attachment | null;
  actual: Attachment;
  /** null where the sizes differ, or nothing was expected yet. */
  diff: Attachment | null;
}

export interface Sorted {
  traces: Attachment[];
  comparisons: Comparison[];
  images: Attachment[];
  videos: Attachment[];
  /** To be read in place. */
  texts: Attachment[];
  others: Attachment[];
}

const PART = /^(.*)-(expected|actual|diff)(\.[A-Za-z0-9]+)$/;
const TEXT = /^(text\/(?!html)|application\/(json|xml|yaml|x-ndjson)\b)/;
/** Longer ones are a file to save. */
const TEXT_MOST = 512 * 1024;

export function sortAttachments(attachments: readonly Attachment[]): Sorted {
  const sorted: Sorted = { traces: [], comparisons: [], images: [], videos: [], texts: [], others: [] };
  sorted.comparisons = comparisonsOf(attachments);
  const compared = new Set(sorted.comparisons.map(({ name }) => name));
  for (const file of attachments) {
    // Of Playwright itself: names an attachment of another kind and is shown with it.
    if (file.name.startsWith('_') || compared.has(comparedName(file) ?? '')) continue;
    if (isTrace(file)) sorted.traces.push(file);
    else if (file.contentType.startsWith('image/')) sorted.images.push(file);
    else if (file.contentType.startsWith('video/')) sorted.videos.push(file);
    else if (TEXT.test(file.contentType) && file.size <= TEXT_MOST) sorted.texts.push(file);
    else sorted.others.push(file);
  }
  return sorted;
}

const isTrace = ({ name, contentType }: Attachment): boolean => name === 'trace' && contentType === 'application/zip';

/** cart.png of cart-expected.png; null where it is no picture of a comparison. */
function comparedName({ name, contentType }: Attachment): string | null {
  const [, base, , extension] = PART.exec(name) ?? [];
  return base === undefined || extension === undefined || !contentType.startsWith('image/') ? null : base + extension;
}

function comparisonsOf(attachments: readonly Attachment[]): Comparison[] {
  const parts = new Map<string, { expected?: Attachment; actual?: Attachment; diff?: Attachment }>();
  for (const file of attachments) {
    const name = comparedName(file);
    if (name === null) continue;
    const part = PART.exec(file.name)?.[2] ?? '';
    parts.set(name, { ...parts.get(name), [part]: file });
  }
  return [...parts].flatMap(([name, { expected, actual, diff }]) => {
    if (!actual) return [];
    // Playwright attaches a snapshot that it has just written as the expectation.
    const written = expected !== undefined && expected.sha256 === actual.sha256;
    return [{ name, expected: written ? null : (expected ?? null), actual, diff: diff ?? null }];
  });
}

/** The page of the content origin that opens a trace. */
export function traceViewerUrl(contentUrl: string): string {
  const { origin } = new URL(contentUrl);
  return `${origin}/trace/index.html?trace=${encodeURIComponent(contentUrl)}`;
}

/** The one to open with one click: of the attempt that failed last, else the last one there is. */
export function bestTrace(attempts: readonly Attempt[]): { attempt: Attempt; trace: Attachment } | null {
  const found = attempts.flatMap((attempt) =>
    sortAttachments(attempt.attachments)
      .traces.filter(({ content_url }) => content_url !== null)
      .map((trace) => ({ attempt, trace })),
  );
  return found.findLast(({ attempt }) => attempt.status !== 'passed') ?? found.at(-1) ?? null;
}
