/** Join codes as people say and type them: six words out of 2,048, which are 66 bits. */
import { JOIN_WORDS } from '../base/join-words.ts';

export const CODE_WORDS = 6;
/** As many as tell each word from all others; whoever types may stop there. */
const ENOUGH_LETTERS = 4;

const places = new Map(JOIN_WORDS.map((word, place) => [word, place]));
const byBeginning = new Map(JOIN_WORDS.map((word) => [word.slice(0, ENOUGH_LETTERS), word]));

/** `values`: six numbers below 2,048. */
export const joinCode = (values: readonly number[]): string => values.map((value) => JOIN_WORDS[value] ?? '').join(' ');

/** How a typed code is wrong; `position` counts from 1. */
export type BadCode =
  { problem: 'count'; words: number } | { problem: 'word'; position: number; word: string; meant: string | null };

/**
 * The code in its one spelling, from what somebody typed or pasted: in any case, with any signs between the words, each word whole or by its
 * first four letters.
 */
export function readJoinCode(text: string): { code: string } | BadCode {
  const typed = text
    .toLowerCase()
    .split(/[^a-z]+/)
    .filter((word) => word !== '');
  const words: string[] = [];
  for (const [i, word] of typed.slice(0, CODE_WORDS).entries()) {
    const known = knownWord(word);
    if (known === null) return { problem: 'word', position: i + 1, word: word.slice(0, 30), meant: meantBy(word) };
    words.push(known);
  }
  return typed.length === CODE_WORDS ? { code: words.join(' ') } : { problem: 'count', words: typed.length };
}

/** In words, for the person who has typed it. */
export function sayBadCode(bad: BadCode): string {
  if (bad.problem === 'count') return `A join code has ${CODE_WORDS} words; this has ${bad.words}.`;
  const { position, word, meant } = bad;
  return `Word ${position}, "${word}", is in no join code${meant === null ? '' : `; perhaps "${meant}"`}.`;
}

function knownWord(word: string): string | null {
  if (places.has(word)) return word;
  const begun = byBeginning.get(word.slice(0, ENOUGH_LETTERS));
  return begun !== undefined && begun.startsWith(word) && word.length >= ENOUGH_LETTERS ? begun : null;
}

/** The one word that begins as it does, or is one letter away; null where none or several are. */
function meantBy(word: string): string | null {
  const begun = byBeginning.get(word.slice(0, ENOUGH_LETTERS));
  if (begun !== undefined) return begun;
  const near = JOIN_WORDS.filter((known) => isOneEditAway(known, word));
  return near.length === 1 ? (near[0] ?? null) : null;
}

/** One letter changed, added or left out. */
export function isOneEditAway(a: string, b: string): boolean {
  if (Math.abs(a.length - b.length) > 1) return false;
  let from = 0;
  while (from < a.length && a[from] === b[from]) from += 1;
  let [endA, endB] = [a.length, b.length];
  while (endA > from && endB > from && a[endA - 1] === b[endB - 1]) {
    endA -= 1;
    endB -= 1;
  }
  return endA - from <= 1 && endB - from <= 1 && a !== b;
}
