import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { FirstOrder } from '../../../../shared/protocol/ipc.ts';

/** Names the file with this process's FirstOrder as JSON; the folder around it is the process's own. */
export const ORDER_FILE = 'PLAYFLEET_ORDER_FILE';

export interface ReceivedOrder {
  order: FirstOrder;
  /** Where the reporter may leave large attachment bodies for the agent. */
  folder: string;
}

export function readOrder(env: NodeJS.ProcessEnv): ReceivedOrder {
  const file = env[ORDER_FILE];
  if (!file) throw new Error(`${ORDER_FILE} is not set: this reporter is started by Playfleet's agent only`);
  return { order: JSON.parse(readFileSync(file, 'utf8')) as FirstOrder, folder: path.dirname(file) };
}
