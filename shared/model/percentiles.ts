/** Mean and percentiles of durations, by the nearest-rank method: each figure is a value that was really measured. */
export interface DurationFigures {
  mean_ms: number;
  p50_ms: number;
  p95_ms: number;
  p99_ms: number;
}

/** null where there is nothing to measure. */
export function durationFigures(durations: readonly number[]): DurationFigures | null {
  if (durations.length === 0) return null;
  const sorted = [...durations].sort((a, b) => a - b);
  const rank = (p: number) => sorted[Math.max(0, Math.ceil((p / 100) * sorted.length) - 1)] ?? 0;
  const mean = sorted.reduce((sum, ms) => sum + ms, 0) / sorted.length;
  return { mean_ms: Math.round(mean * 10) / 10, p50_ms: rank(50), p95_ms: rank(95), p99_ms: rank(99) };
}
