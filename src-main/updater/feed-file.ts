/** Reads electron-builder's feed files (`latest*.yml`) exactly as electron-updater does. */
import type { FeedFile } from '../../shared/model/update-trust.ts';

export async function readFeedFile(text: string): Promise<FeedFile | { problem: string }> {
  // Only where there is an update: a worker need not hold it in memory for months.
  const { parseUpdateInfo } = await import('electron-updater/out/providers/Provider.js');
  try {
    const { version, files } = parseUpdateInfo(text, 'feed file', new URL('https://feed.invalid/'));
    if (typeof version !== 'string' || !Array.isArray(files)) return { problem: 'it names no version and files' };
    return { version, files };
  } catch (error) {
    return { problem: `it cannot be read: ${(error as Error).message.split('\n')[0] ?? ''}` };
  }
}
