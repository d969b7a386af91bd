/** Which part of a span of time is shown. Pure. */
export interface Window {
  from: number;
  to: number;
}

/** Nothing is to be told apart below this. */
const LEAST_MS = 20;

/** `factor` < 1 shows less. `at` stays where it is. */
export function zoomed(shown: Window, whole: Window, factor: number, at: number): Window {
  const length = Math.min(
    Math.max((shown.to - shown.from) * factor, LEAST_MS),
    Math.max(whole.to - whole.from, LEAST_MS),
  );
  const part = (at - shown.from) / Math.max(shown.to - shown.from, 1);
  const from = at - part * length;
  return within({ from, to: from + length }, whole);
}

/** `by`: of what is shown; 0.5 = half of it further. */
export function panned(shown: Window, whole: Window, by: number): Window {
  const ms = (shown.to - shown.from) * by;
  return within({ from: shown.from + ms, to: shown.to + ms }, whole);
}

function within({ from, to }: Window, whole: Window): Window {
  const length = to - from;
  const start = Math.max(whole.from, Math.min(from, whole.to - length));
  return { from: start, to: start + length };
}

const STEPS = [1, 2, 5];

/** Where the marks of the axis stand: round distances, at most about `most` of them. Milliseconds since `zero`. */
export function ticks(shown: Window, zero: number, most: number): number[] {
  const length = shown.to - shown.from;
  if (length <= 0) return [];
  const rough = length / Math.max(1, most);
  const step = stepFrom(rough);
  const marks: number[] = [];
  for (let at = Math.ceil((shown.from - zero) / step) * step; at <= shown.to - zero; at += step) marks.push(at);
  return marks;
}

/** Seconds in decimal steps, minutes and hours in theirs. */
function stepFrom(rough: number): number {
  const round = [15_000, 30_000, 60_000, 120_000, 300_000, 600_000, 900_000, 1_800_000, 3_600_000];
  if (rough <= 10_000) {
    const power = 10 ** Math.floor(Math.log10(rough));
    return (STEPS.find((step) => step * power >= rough) ?? 10) * power;
  }
  return round.find((step) => step >= rough) ?? Math.ceil(rough / 3_600_000) * 3_600_000;
}
