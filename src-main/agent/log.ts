import pino, { type Logger } from 'pino';

export type Log = Logger;

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

const COLOURS: Record<number, string> = { 10: '90', 20: '90', 30: '36', 40: '33', 50: '31', 60: '31' };

/** JSON lines for machines and files (`out` is then a path); for people at a terminal the time of day, the text and the fields. */
export function createLog(level: LogLevel, out: NodeJS.WriteStream | string = process.stdout): Log {
  const options = { level, base: null };
  if (typeof out === 'string') return pino(options, pino.destination({ dest: out, mkdir: true, sync: true }));
  if (!out.isTTY) return pino(options, out);
  return pino(options, { write: (line: string) => void out.write(forPeople(line)) });
}

function forPeople(line: string): string {
  const { level, time, msg, err, ...fields } = JSON.parse(line) as Record<string, unknown>;
  const at = new Date(Number(time)).toTimeString().slice(0, 8);
  const error = err as { message?: string; stack?: string } | undefined;
  const rest = Object.entries(fields).map(
    ([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  const detail = [...rest, ...(error ? [error.stack ?? error.message ?? ''] : [])].join(' ');
  const colour = COLOURS[Number(level)] ?? '0';
  return `\x1b[90m${at}\x1b[0m \x1b[${colour}m${String(msg)}\x1b[0m${detail === '' ? '' : ` \x1b[90m${detail}\x1b[0m`}\n`;
}
