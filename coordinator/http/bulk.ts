/** One action on several objects in one command, each with its own result. */
import type { BulkAnswer, BulkItem } from '../../shared/protocol/rest/bulk.ts';
import { Refusal } from './refusal.ts';

export type Done = Pick<BulkItem, 'result'> & Partial<Pick<BulkItem, 'status' | 'test_run_id' | 'number'>>;

/** `act` refuses (throws a Refusal) before it changes anything, so that a refused item leaves nothing behind. An id counts once. */
export async function eachOf(ids: readonly string[], act: (id: string) => Promise<Done>): Promise<BulkAnswer> {
  const items: BulkItem[] = [];
  for (const id of new Set(ids)) items.push(await itemOf(id, act));
  const count = (result: BulkItem['result']) => items.filter((item) => item.result === result).length;
  return { done: count('done'), unchanged: count('unchanged'), refused: count('refused'), items };
}

async function itemOf(id: string, act: (id: string) => Promise<Done>): Promise<BulkItem> {
  const plain = { id, status: 200, code: null, detail: null, test_run_id: null, number: null };
  try {
    return { ...plain, ...(await act(id)) };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { ...plain, result: 'refused', status: error.status, code: error.code, detail: error.message };
  }
}
