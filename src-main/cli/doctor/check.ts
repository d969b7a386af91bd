/** What `playfleet doctor` finds out, one line each. */
export interface Finding {
  /** What was looked at, in a word or two. */
  name: string;
  /** skipped: does not apply here. */
  result: 'ok' | 'failed' | 'skipped';
  /** What was seen. */
  detail: string;
  /** What to do about it; '' unless it failed. */
  mend: string;
}

export const ok = (name: string, detail: string): Finding => ({ name, result: 'ok', detail, mend: '' });
export const failed = (name: string, detail: string, mend: string): Finding => ({
  name,
  result: 'failed',
  detail,
  mend,
});
export const skipped = (name: string, detail: string): Finding => ({ name, result: 'skipped', detail, mend: '' });
