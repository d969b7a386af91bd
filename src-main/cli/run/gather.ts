/** Collects what the last words on a run need. */
import type { Run } from '../../../shared/protocol/rest/runs.ts';
import type { Api } from '../api.ts';
import { figuresOf } from './figures.ts';
import type { Followed } from './follow.ts';
import type { Summary } from './summary.ts';

/** `last`: what was seen while following; null where nothing was. */
export async function gatherSummary(api: Api, run: Run, last: Followed | null): Promise<Summary> {
  const view = last?.view;
  const absolute = (path: string): string => new URL(path, `${api.url}/`).href;
  return {
    name: run.name,
    number: run.number,
    figures: figuresOf({ view: view!, polled: run, trouble: null }, Date.parse(run.completed_at ?? run.created_at)),
    failures: view?.unexpected ?? [],
    errors: new Map(),
    flaky: view?.flaky ?? [],
    slowest: view?.slowest ?? [],
    runErrors: view?.errors.map((error) => error.message) ?? [],
    workers: Object.values(view?.workers ?? {}).filter((worker) => worker.took_part).length,
    links: {
      report: run.report.state === 'ready' ? absolute(run.links.report) : null,
      api: absolute(run.links.self),
      archive: absolute(run.links.download),
    },
    reportTrouble: run.report.message,
  };
}
