/** What no answer may be, whatever was asked. */
import { PROBLEM_TYPE, problem } from '../../shared/protocol/rest/common.ts';

export interface Answer {
  status: number;
  contentType: string;
  text: string;
}

const INSIDES: readonly [string, RegExp][] = [
  ['a stack', /\n? {2,}at [\w.<>]+ \(|\bat (async )?[\w.]+ \(?file:|\.(ts|mjs|js):\d+:\d+/],
  ['SQL', /\bSQLITE_|sqlite|\bSELECT [\w*]+[\w ,.*]* FROM \b|\bINSERT INTO \w|\bUPDATE \w+ SET\b|\bDELETE FROM \w/i],
  ['a path', /\/node_modules\/|\/(home|root|tmp|var|work|Users)\/[\w.-]+\/|[A-Z]:\\Users/],
];

/** Why the answer is wrong; null where it is not. `sent`: all of the request, because an answer may say its words back. */
export function whatIsWrong(answer: Answer, sent: string, dataDir: string): string | null {
  const { status, contentType, text } = answer;
  if (status >= 500 && status !== 503 && status !== 507) return `was answered ${status}`;
  if (text.includes(dataDir)) return 'names the data folder';
  if (status < 400) return null;
  if (!contentType.startsWith(PROBLEM_TYPE)) return `is a ${status} as ${contentType || 'nothing'}, not a problem`;
  const parsed = problem.safeParse(parse(text));
  if (!parsed.success) return `is a problem of another shape: ${parsed.error.issues[0]?.message ?? ''}`;
  if (parsed.data.status !== status) return `says ${parsed.data.status} in its body and ${status} outside`;
  for (const [what, pattern] of INSIDES) {
    const found = pattern.exec(text)?.[0];
    if (found !== undefined && !sent.includes(found.trim())) return `shows ${what}: ${found.slice(0, 80)}`;
  }
  return null;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
