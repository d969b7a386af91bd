/** How long bringing 10,000 results home takes, and what that costs those who wait for their next task: the benchmark of merging, as a row. */
import { spawn } from 'node:child_process';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { ended, root } from '../../../scripts/programs.ts';
import type { Scenario } from '../bench.ts';

interface Figures {
  merge: {
    results: number;
    in_place_s: number;
    verified_s: number;
    ratio: number;
    p99_ms: { quiet: number; merging: number };
  };
}

const RESULTS = 10_000;

export const mergeSpeed: Scenario = async () => {
  const child = spawn(process.execPath, [path.join(root, 'test/bench/merge.ts')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [said] = await Promise.all([text(child.stdout), ended(child)]);
  const { merge } = JSON.parse(said.trimEnd().split('\n').at(-1) ?? '') as Figures;
  return {
    acknowledged: RESULTS,
    stored: merge.results,
    lost: Math.max(0, RESULTS - merge.results),
    double_counted: Math.max(0, merge.results - RESULTS),
    figures: {
      in_place_s: merge.in_place_s,
      verified_s: merge.verified_s,
      p99_quiet_ms: merge.p99_ms.quiet,
      p99_merging_ms: merge.p99_ms.merging,
      p99_ratio: merge.ratio,
    },
    limits: { in_place_s: 10, p99_ratio: 2 },
  };
};
