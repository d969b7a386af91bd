/**
 * What stands between our code and the native binding. The binding ends the process on a boolean, binds whole numbers as REAL, ignores
 * superfluous parameters, silently keeps the values of the previous call for missing ones, cuts texts off at a NUL
 * when they are read, and runs only the first of several statements.
 */
import type { SqlValue } from './database.ts';

/** What the binding is given: whole numbers as bigint, so that they arrive as INTEGER (in JSON, in ANY columns, in comparisons). */
export type Bound = string | number | bigint | null | Uint8Array;

const token =
  /'(?:[^']|'')*'|"(?:[^"]|"")*"|`[^`]*`|\[[^\]]*\]|--[^\n]*|\/\*[\s\S]*?\*\/|\?\d*|[:@$][A-Za-z_]\w*|;|\w+|\S/g;
const ordinary = new Set(['SELECT', 'WITH', 'VALUES', 'INSERT', 'REPLACE', 'UPDATE', 'DELETE', 'EXPLAIN']);

/**
 * Checks one statement's text and counts its `?` parameters. Refuses with a TypeError: several statements, numbered or named parameters,
 * and everything that is not a query (transactions, PRAGMA, ATTACH and tables belong to storage/ alone).
 */
export function countParameters(sql: string): number {
  let parameters = 0;
  let first: string | undefined;
  let ended = false;
  for (const [text] of sql.matchAll(token)) {
    if (text.startsWith('--') || text.startsWith('/*')) continue;
    if (ended) throw new TypeError(`Give one SQL statement at a time: ${shorten(sql)}`);
    first ??= text.toUpperCase();
    if (text === ';') ended = true;
    else if (text === '?') parameters += 1;
    else if (/^[?:@$]./.test(text)) throw new TypeError(`Write parameters as ?, not ${text}: ${shorten(sql)}`);
  }
  if (first === undefined || !ordinary.has(first)) {
    throw new TypeError(`Only queries may be run here, not ${first ?? 'an empty text'}: ${shorten(sql)}`);
  }
  return parameters;
}

/** Checks the values for a statement with `expected` parameters; throws a TypeError that names the index of the first bad one. */
export function bindable(params: readonly SqlValue[], expected: number): Bound[] {
  if (!Array.isArray(params)) throw new TypeError('SQL parameters must be an array');
  if (params.length !== expected) {
    throw new TypeError(`The statement has ${expected} SQL parameters, but ${params.length} were given`);
  }
  const values: Bound[] = [];
  // By index, which does not pass over the holes of a sparse array as map() would.
  for (let index = 0; index < expected; index += 1) values.push(bound(params[index], index));
  return values;
}

function bound(value: unknown, index: number): Bound {
  if (value === null) return value;
  if (typeof value === 'string') {
    // Text would be cut off there when read. Foreign output may hold one, and a report must not fail for it.
    return value.includes('\0') ? value.replaceAll('\0', '\u2400') : value;
  }
  if (typeof value === 'number') {
    if (!Number.isInteger(value)) {
      if (Number.isFinite(value)) return value;
    } else if (Number.isSafeInteger(value)) return BigInt(value);
    throw refusal(index, String(value), 'a finite number, and whole numbers up to 2^53');
  }
  if (typeof value === 'bigint') {
    // Larger ones would come back rounded.
    if (value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER) return value;
    throw refusal(index, `${value}n`, 'whole numbers up to 2^53; store larger ones as text');
  }
  if (value instanceof Uint8Array) return value;
  throw refusal(
    index,
    nameOf(value),
    'a string, number, bigint, null or Uint8Array; booleans as 0 or 1, times as milliseconds',
  );
}

function nameOf(value: unknown): string {
  if (typeof value !== 'object' || value === null) return typeof value === 'boolean' ? String(value) : typeof value;
  return `an object (${value.constructor?.name ?? 'no class'})`;
}

function refusal(index: number, given: string, allowed: string): TypeError {
  return new TypeError(`SQL parameter ${index} is ${given}; allowed: ${allowed}`);
}

function shorten(sql: string): string {
  return sql.length > 120 ? `${sql.slice(0, 120)}…` : sql;
}
