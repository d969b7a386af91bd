/** The colours of the page for what draws itself; read anew when they change. */
import { coloursAt } from '../../ui/colours.ts';
import type { Look } from './draw.ts';

export function readLook(element: Element): Look {
  const token = coloursAt(element);
  const failed = token('--failed');
  return {
    text: token('--text'),
    muted: token('--muted'),
    line: token('--line'),
    soft: token('--soft'),
    hover: token('--hover'),
    bg: token('--bg'),
    focus: token('--link'),
    font: `12px ${getComputedStyle(element).fontFamily}`,
    status: {
      passed: token('--passed'),
      failed,
      timedOut: failed,
      interrupted: token('--flaky'),
      skipped: token('--line-strong'),
    },
    running: token('--running'),
    race: token('--flaky'),
  };
}
