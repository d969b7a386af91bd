/** Attempts and attachments as the API tells of them. */
import type { Attachment, Attempt } from '../../../src-renderer/test/attachment-kind.ts';

export const file = (name: string, contentType: string, over: Partial<Attachment> = {}): Attachment => ({
  name,
  contentType,
  sha256: name.padEnd(64, '0').slice(0, 64),
  size: 10,
  url: `/api/v1/blobs/${name}`,
  content_url: `http://fleet:7778/f/token/${name}`,
  ...over,
});

export const attempt = (over: Partial<Attempt> = {}): Attempt => ({
  retry: 0,
  status: 'passed',
  counted: true,
  worker_id: 'w1',
  worker: 'machine-1',
  task_id: 't1',
  started_at: '2026-11-21T12:00:00.000Z',
  duration_ms: 1500,
  errors: [],
  steps: [],
  annotations: [],
  stdout: '',
  stderr: '',
  attachments: [],
  ...over,
});
