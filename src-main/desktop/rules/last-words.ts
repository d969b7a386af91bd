/** What a process that has ended said last, as far as it tells its owner why. */

/** pino's number for errors. */
const ERROR = 50;
const LONGEST = 600;

/** `lines`: the last that it wrote, log lines as JSON or plain text. null where none says anything. */
export function lastWords(lines: readonly string[]): string | null {
  const said = lines.map(read);
  const errors = said.filter((line) => line.level === null || line.level >= ERROR);
  const logged = errors.findLast((line) => line.level !== null);
  const plain = errors.filter((line) => line.level === null && line.text !== '');
  const text =
    logged?.text ??
    plain
      .slice(-3)
      .map((line) => line.text)
      .join(' ');
  return text === '' ? null : text.slice(0, LONGEST);
}

function read(line: string): { level: number | null; text: string } {
  const json = parseJson(line) as Record<'level' | 'msg' | 'type' | 'message' | 'mend', unknown> | null;
  if (typeof json?.level === 'number' && typeof json.msg === 'string') return { level: json.level, text: json.msg };
  // As `playfleet … --json` says that it could not go on.
  if (json?.type === 'failure') return { level: ERROR, text: [json.message, json.mend].filter(Boolean).join(' ') };
  return { level: null, text: line.trim() };
}

function parseJson(line: string): unknown {
  if (!line.startsWith('{')) return null;
  try {
    const json: unknown = JSON.parse(line);
    return typeof json === 'object' ? json : null;
  } catch {
    return null;
  }
}
