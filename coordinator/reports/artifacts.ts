/** Attachments as the artifact store keeps them, for where a blob lacks them. */
import { access } from 'node:fs/promises';
import path from 'node:path';
import type { Attachment } from '../../shared/protocol/playwright.ts';
import { extensionOf } from '../artifacts/content-types.ts';
import type { Resources } from './resources.ts';

export interface Artifacts {
  /** Puts the attachment's file among the resources; resolves to the path that events use, or null where the store lacks it. */
  copy(attachment: Attachment): Promise<string | null>;
}

export function openArtifacts(artifactsDir: string | null, resources: Resources): Artifacts {
  return {
    async copy(attachment) {
      if (artifactsDir === null || attachment.sha256 === null) return null;
      const file = artifactFile(artifactsDir, attachment.sha256);
      const there = await access(file).then(
        () => true,
        () => false,
      );
      return there ? resources.addFile(file, extensionOf(attachment)) : null;
    },
  };
}

/** Where the artifact store keeps a file: `<first two hex digits>/<sha256>`. */
export const artifactFile = (artifactsDir: string, sha256: string): string =>
  path.join(artifactsDir, sha256.slice(0, 2), sha256);
