/** Pure rules of accounts: what a password must be, how long an account stays locked, what a browser calls itself. */
import { reaches, type Role } from '../../shared/protocol/rest/roles.ts';
import { COMMON_WORDS } from './common-words.ts';

/** So many wrong passwords or codes in a row cost nothing: people mistype. */
const FREE_FAILURES = 4;
const FIRST_LOCK_MS = 30_000;
const LONGEST_LOCK_MS = 15 * 60_000;

/** For how long nothing further is looked at after the given number of failures in a row: doubles with each. */
export function lockMs(failures: number): number {
  if (failures <= FREE_FAILURES) return 0;
  return Math.min(FIRST_LOCK_MS * 2 ** Math.min(failures - FREE_FAILURES - 1, 20), LONGEST_LOCK_MS);
}

/** Why a password (of sufficient length) must not be taken, as the end of a sentence; null for a good one. */
export function whyWeak(password: string, owner: { email: string; name: string }): string | null {
  const plain = password.toLowerCase();
  if (new Set(plain).size < 5) return 'repeats few characters: take a longer phrase of several words';
  if (isGuessed(plain, COMMON_WORDS)) return 'is one of the first that are tried: take a phrase of several words';
  const own = [...owner.email.split(/[@.+_-]/), ...owner.name.toLowerCase().split(/\s+/)]
    .filter((word) => word.length >= 3)
    .sort((a, b) => b.length - a.length);
  const guessed = isGuessed(plain, [...own, ...COMMON_WORDS]);
  return guessed ? 'consists of your own name: take a phrase of several words' : null;
}

/** Whether too little is left beside known words, punctuation, and signs that follow each other: four letters or eight signs are enough. */
function isGuessed(plain: string, words: readonly string[]): boolean {
  const left = withoutRows(withoutWords(unleet(withoutWords(plain, words)), words));
  return left.replace(/\P{L}/gu, '').length < 4 && left.length < 8;
}

const LEET: Record<string, string> = { '0': 'o', '1': 'i', '3': 'e', '4': 'a', '5': 's', '7': 't', '@': 'a', $: 's' };

/** Figures that stand for letters, but not those of a number. */
function unleet(text: string): string {
  return text.replace(/[013457@$](?=[a-z])|(?<=[a-z])[013457@$](?![0-9])/g, (sign) => LEET[sign] ?? sign);
}

/** A space in their place, so that no new words come of what stood around them. */
function withoutWords(text: string, words: readonly string[]): string {
  let left = text;
  for (const word of words) left = left.replaceAll(word, ' ');
  return left;
}

/** Without punctuation, and without runs of signs that follow each other (1234, aaaa, dcba). */
function withoutRows(text: string): string {
  const signs = text.replace(/[\s\p{P}\p{S}]/gu, '');
  let kept = '';
  for (let i = 0; i < signs.length; i += 1) {
    const step = signs.charCodeAt(i) - signs.charCodeAt(i - 1);
    if (i === 0 || Math.abs(step) > 1) kept += signs[i];
  }
  return kept;
}

/** `Chrome 141 on Linux`, from what a browser says of itself; anybody can say anything, so it is for people only. */
export function describeBrowser(userAgent: string): string {
  const [, name, version] = /(Edg|OPR|Firefox|Chrome)\/(\d+)/.exec(reordered(userAgent)) ?? [];
  const safari = name === undefined ? /Version\/(\d+).* Safari\//.exec(userAgent)?.[1] : undefined;
  const program = name ? `${NAMES[name] ?? name} ${version}` : safari ? `Safari ${safari}` : null;
  const system = SYSTEMS.find(([sign]) => userAgent.includes(sign))?.[1];
  if (program === null) return userAgent === '' ? 'an unknown program' : userAgent.slice(0, 60);
  return system ? `${program} on ${system}` : program;
}

const NAMES: Record<string, string> = { Edg: 'Edge', OPR: 'Opera' };
const SYSTEMS = [
  ['Windows', 'Windows'],
  ['iPhone', 'iPhone'],
  ['iPad', 'iPad'],
  ['Android', 'Android'],
  ['Mac OS X', 'macOS'],
  ['CrOS', 'ChromeOS'],
  ['Linux', 'Linux'],
] as const;

/** Edge and Opera also call themselves Chrome, before their own name. */
const reordered = (userAgent: string) => userAgent.split(' ').reverse().join(' ');

/** What somebody may do in a team; null: nothing. `teams` null: as `role` in all of them. */
export function roleIn(who: { role: Role; teams: ReadonlyMap<string, Role> | null }, teamId: string): Role | null {
  return who.teams === null ? who.role : (who.teams.get(teamId) ?? null);
}

/** Members are managed from maintainer on, and only up to one's own role. */
export function mayManage(own: Role | null, ...roles: readonly (Role | null)[]): boolean {
  if (own === null || !reaches(own, 'maintainer')) return false;
  return roles.every((role) => role === null || reaches(own, role));
}

/** The teams in which somebody has a role or more; null: all. */
export function teamsWith(
  who: { role: Role; teams: ReadonlyMap<string, Role> | null },
  least: Role,
): readonly string[] | null {
  return who.teams && [...who.teams].filter(([, role]) => reaches(role, least)).map(([id]) => id);
}
