/** Turns zod's findings into field errors that say what to do. */
import type { z } from 'zod';
import type { FieldError } from '../../shared/protocol/rest/common.ts';
import { Refusal } from './refusal.ts';

type Issue = z.core.$ZodIssue;
type Path = readonly PropertyKey[];

const MAX_ERRORS = 50;

/** The 422 for a request part that failed its schema. `data` is that part as it came. One error for each field: its first. */
export function validationRefusal(issues: readonly Issue[], data: unknown): Refusal {
  const byField = new Map<string, FieldError>();
  for (const error of issues.flatMap((issue) => fieldErrors(issue, data, []))) {
    if (!byField.has(error.field)) byField.set(error.field, error);
  }
  const errors = [...byField.values()].slice(0, MAX_ERRORS);
  const first = errors[0];
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
  const detail = `${first?.field ?? 'request'} ${first?.message ?? 'is not valid'}${more}`;
  return new Refusal(422, 'validation_failed', detail, { errors });
}

function fieldErrors(issue: Issue, data: unknown, above: Path): FieldError[] {
  const path = [...above, ...issue.path];
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      field: fieldName([...path, key]),
      message: 'is not known here; remove it, or check its spelling',
    }));
  }
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    // What comes closest to one of the alternatives is what was most likely meant.
    const closest = issue.errors.toSorted((a, b) => depth(b) - depth(a) || a.length - b.length)[0]!;
    return closest.flatMap((inner) => fieldErrors(inner, data, path));
  }
  if (issue.code === 'invalid_key' || issue.code === 'invalid_element') {
    return [{ field: fieldName(path), message: asEnding(issue.issues[0]?.message ?? issue.message) }];
  }
  if (issue.code === 'too_small' || issue.code === 'too_big') {
    return [{ field: fieldName(path), message: boundMessage(issue) }];
  }
  if (valueAt(data, path) === undefined && issue.code === 'invalid_type') {
    return [{ field: fieldName(path), message: `is required (${issue.expected})` }];
  }
  return [{ field: fieldName(path), message: asEnding(issue.message) }];
}

function boundMessage(issue: z.core.$ZodIssueTooSmall | z.core.$ZodIssueTooBig): string {
  const small = issue.code === 'too_small';
  const bound = String(small ? issue.minimum : issue.maximum);
  const words = `${small ? 'at least' : 'at most'} ${bound}`;
  if (issue.origin === 'string') return `must have ${words} character${bound === '1' ? '' : 's'}`;
  if (issue.origin === 'array' || issue.origin === 'set') return `must have ${words} item${bound === '1' ? '' : 's'}`;
  return issue.inclusive === false ? `must be ${small ? 'more' : 'less'} than ${bound}` : `must be ${words}`;
}

function depth(issues: readonly Issue[]): number {
  return Math.max(...issues.map((issue) => issue.path.length));
}

/** zod's message as the end of a sentence that begins with the field. */
function asEnding(message: string): string {
  const text = message.replace(/^Invalid input: /, '').replace(/^Invalid (?=\w)/, 'is not a valid ');
  if (text.startsWith('expected ')) return `must be ${text.slice('expected '.length).replace(', received', ', not')}`;
  return text
    .replace(/^Invalid option: expected one of/, 'must be one of')
    .replace(/^is not a valid option: expected one of/, 'must be one of');
}

function fieldName(path: Path): string {
  let name = '';
  for (const part of path) {
    if (typeof part === 'number') name += `[${part}]`;
    else name += `${name === '' ? '' : '.'}${String(part)}`;
  }
  return name === '' ? 'body' : name;
}

function valueAt(data: unknown, path: Path): unknown {
  let value = data;
  for (const part of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Record<PropertyKey, unknown>)[part];
  }
  return value;
}
