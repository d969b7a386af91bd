/** Versions of programs as semver writes them: `1.2.3`, `1.3.0-beta.2`. What stands behind a `+` does not count. */

export interface Version {
  numbers: readonly [number, number, number];
  /** Of `-beta.2`: `['beta', '2']`; empty for a release. */
  before: readonly string[];
}

const FORM =
  /^(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+[0-9A-Za-z.-]+)?$/;

/** null where the text is no version. */
export function parseVersion(text: string): Version | null {
  const match = FORM.exec(text);
  if (!match) return null;
  const [, major, minor, patch, before] = match;
  return { numbers: [Number(major), Number(minor), Number(patch)], before: before?.split('.') ?? [] };
}

export const isVersion = (text: string): boolean => parseVersion(text) !== null;

/** Below 0 where `a` is older than `b`. What is no version is older than every version: who cannot say theirs gets no credit for it. */
export function compareVersions(a: string, b: string): number {
  const [one, other] = [parseVersion(a), parseVersion(b)];
  if (!one || !other) return Number(one !== null) - Number(other !== null);
  for (const at of [0, 1, 2] as const) {
    if (one.numbers[at] !== other.numbers[at]) return one.numbers[at] - other.numbers[at];
  }
  return compareBefore(one.before, other.before);
}

/** A release is newer than all that came before it. */
function compareBefore(a: readonly string[], b: readonly string[]): number {
  if (a.length === 0 || b.length === 0) return b.length - a.length;
  for (let at = 0; at < Math.max(a.length, b.length); at++) {
    const [one, other] = [a[at], b[at]];
    if (one === undefined || other === undefined) return one === undefined ? -1 : 1;
    const [isNumber, isOtherNumber] = [/^\d+$/.test(one), /^\d+$/.test(other)];
    if (isNumber && isOtherNumber && Number(one) !== Number(other)) return Number(one) - Number(other);
    if (isNumber !== isOtherNumber) return isNumber ? -1 : 1;
    if (one !== other && !isNumber) return one < other ? -1 : 1;
  }
  return 0;
}
