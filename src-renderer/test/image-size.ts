/** What is known of a screenshot that is not as expected, besides its pictures. */
import { stripAnsi } from '../ui/parse-ansi.ts';

export interface PixelCount {
  pixels: number;
  /** 0–1 of all of the picture. */
  share: number;
}

/** As Playwright counted them; null where it says nothing of this picture. `alone`: it is the only one of the attempt. */
export function pixelsOf(messages: readonly string[], name: string, alone: boolean): PixelCount | null {
  for (const message of messages) {
    const text = stripAnsi(message);
    const [, pixels, share] =
      /(\d+) pixels? \(ratio ([\d.]+) of all image pixels\) (?:is|are) different/.exec(text) ?? [];
    if (pixels === undefined || share === undefined) continue;
    const [, snapshot] = /^\s*Snapshot:\s*(\S.*?)\s*$/m.exec(text) ?? [];
    if (snapshot === undefined ? alone : snapshot === name) return { pixels: Number(pixels), share: Number(share) };
  }
  return null;
}
