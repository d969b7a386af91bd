/** Reads electron-builder's feed files (`latest*.yml`) exactly as electron-updater does. */
import { parseUpdateInfo } from 'electron-updater/out/providers/Provider.js';
import type { FeedFile } from '../../shared/model/update-trust.ts';

export function readFeedFile(text: string): FeedFile | { problem: string } {
  try {
    const { version, files } = parseUpdateInfo(text, 'feed file', new URL('https://feed.invalid/'));
    if (typeof version !== 'string' || !Array.isArray(files)) return { problem: 'it names no version and files' };
    return { version, files };
  } catch (error) {
    return { problem: `it cannot be read: ${(error as Error).message.split('\n')[0] ?? ''}` };
  }
}
