import type { Task } from '../../../shared/protocol/rest/tasks.ts';
import type { Tone } from '../../ui/status.tsx';

export const TASK_TONES: Record<Task['status'], Tone> = {
  pending: 'skipped',
  assigned: 'running',
  running: 'running',
  completed: 'passed',
  failed: 'failed',
  timeout: 'failed',
  cancelled: 'skipped',
};
