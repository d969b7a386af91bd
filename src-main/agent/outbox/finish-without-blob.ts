import { agentMessage } from '../../../shared/protocol/link.ts';
import type { Outbox } from './outbox.ts';

/**
 * The blob report cannot be brought to the coordinator: the ends that wait for it are said without it. Every result was reported test by
 * test before, so nothing but the blob's part of the merged report is missing, and that report says so.
 */
export async function finishWithoutBlob(outbox: Outbox, sha256: string): Promise<void> {
  for (const entry of [...outbox.entries()]) {
    if (entry.after !== sha256) continue;
    const text = await outbox.read(entry.id);
    const message = text === null ? null : agentMessage.parse(JSON.parse(text));
    if (message?.type !== 'report' || message.report.kind !== 'finish') continue;
    // The new one is on disk before the old one goes; both would only give a late blob, which is welcome.
    await outbox.add({ ...message.report, end: { ...message.report.end, blobSha256: null, blobSize: null } });
    outbox.settle(entry.id);
  }
}
