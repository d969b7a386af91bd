/** The colours of the page for what draws itself; read anew when they change. */
import type { Look } from './draw.ts';

export function readLook(element: Element): Look {
  const style = getComputedStyle(element);
  const token = (name: string) => style.getPropertyValue(`--${name}`).trim();
  const failed = token('failed');
  return {
    text: token('text'),
    muted: token('muted'),
    line: token('line'),
    soft: token('soft'),
    hover: token('hover'),
    bg: token('bg'),
    focus: token('link'),
    font: `12px ${style.fontFamily}`,
    status: {
      passed: token('passed'),
      failed,
      timedOut: failed,
      interrupted: token('flaky'),
      skipped: token('line-strong'),
    },
    running: token('running'),
    race: token('flaky'),
  };
}
