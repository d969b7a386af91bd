/**
 * Numbers of runs. Each origin numbers its own: the central coordinator from 1, a promoted one from the beginning of its slot, so that a number
 * names one run wherever it is told. People see `12` and `QX7K-3`.
 */

/** Runs that one slot has room for. */
export const SLOT_SIZE = 1_000_000;
/** Crockford's base 32: nothing in it is mistaken for something else. */
const DIGITS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const TAG_LENGTH = 4;
/** The first slot whose tag begins with a letter, and the one behind the last. Slot 0 is the central coordinator's. */
export const FIRST_SLOT = 10 * 32 ** (TAG_LENGTH - 1);
export const SLOTS_END = 32 ** TAG_LENGTH;

/** '' for slot 0. */
export function slotTag(slot: number): string {
  if (slot === 0) return '';
  let tag = '';
  for (let rest = slot, i = 0; i < TAG_LENGTH; i++, rest = Math.floor(rest / 32)) tag = (DIGITS[rest % 32] ?? '') + tag;
  return tag;
}

export const slotOf = (number: number): number => {
  const slot = Math.floor(number / SLOT_SIZE);
  return slot < FIRST_SLOT ? 0 : slot;
};

/** What people read, without the `#`. */
export function runLabel(number: number): string {
  const slot = slotOf(number);
  return slot === 0 ? String(number) : `${slotTag(slot)}-${number - slot * SLOT_SIZE}`;
}

/** The number behind what people write: `12`, `#12`, `QX7K-3`; null for what is no number of a run. */
export function parseRunLabel(text: string): number | null {
  const [, tag, digits] = /^#?(?:([A-Za-z][0-9A-Za-z]{3})-)?(\d{1,15})$/.exec(text) ?? [];
  if (digits === undefined) return null;
  const number = Number(digits);
  if (tag === undefined) return number;
  const slot = [...tag.toUpperCase()].reduce((sum, digit) => sum * 32 + DIGITS.indexOf(digit), 0);
  const known = [...tag.toUpperCase()].every((digit) => DIGITS.includes(digit));
  return known && slot >= FIRST_SLOT && number < SLOT_SIZE ? slot * SLOT_SIZE + number : null;
}
