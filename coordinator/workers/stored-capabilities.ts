/** How capabilities lie in the column `workers.capabilities`: as the agent link writes them, with the slots that the machine lends. */
import { workerCapabilities, type WorkerCapabilities } from '../../shared/protocol/rest/workers.ts';
import { DEFAULT_MAX_PARALLEL } from './rules.ts';

export function storeCapabilities({ max_parallel, ...rest }: WorkerCapabilities): string {
  return JSON.stringify({ ...rest, slots: max_parallel });
}

export function readCapabilities(text: string): WorkerCapabilities {
  const { slots, ...rest } = JSON.parse(text) as { slots?: number };
  return workerCapabilities.parse({ extra: {}, ...rest, max_parallel: slots ?? DEFAULT_MAX_PARALLEL });
}
