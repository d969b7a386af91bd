import { createHash } from 'node:crypto';
import type { ProcessEnd } from '../../shared/protocol/work.ts';

/** Recognises the same finishing report when it comes again. */
export function reportHashOf(end: ProcessEnd): string {
  return createHash('sha256').update(JSON.stringify(end)).digest('hex');
}
