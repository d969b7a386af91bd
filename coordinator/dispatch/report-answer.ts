/** What a report of a worker is answered with, once it is stored. */
import type { AckResult } from '../../shared/protocol/link.ts';

export interface ReportAnswer {
  result: AckResult;
  detail?: string;
}
