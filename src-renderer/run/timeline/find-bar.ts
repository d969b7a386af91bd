/** Which bar is meant: by a point on the canvas, or by going on from another one. Pure. */
import { AXIS_PX, LANE_PX, xOf, type Scene } from './draw.ts';
import type { Bar, Lane } from './lay-out.ts';

export interface FoundBar {
  bar: Bar;
  lane: Lane;
}

/** Beside a bar by so many pixels is still on it: many are narrow. */
const NEAR_PX = 3;

export function barAt(
  lanes: readonly Lane[],
  place: Pick<Scene, 'shown' | 'width' | 'labels' | 'scrolled'>,
  x: number,
  y: number,
): FoundBar | null {
  if (y < AXIS_PX || x < place.labels) return null;
  const lane = lanes[Math.floor((y - AXIS_PX + place.scrolled) / LANE_PX)];
  if (!lane) return null;
  const inLane = ((y - AXIS_PX + place.scrolled) % LANE_PX) / LANE_PX;
  let nearest: { bar: Bar; distance: number } | null = null;
  for (const bar of lane.bars) {
    const left = xOf(place, bar.from);
    const right = Math.max(left + 1, xOf(place, bar.to));
    if (left > x + NEAR_PX) break;
    if (Math.floor(inLane * bar.parts) !== bar.part) continue;
    const distance = x < left ? left - x : x > right ? x - right : 0;
    if (distance <= NEAR_PX && (nearest === null || distance <= nearest.distance)) nearest = { bar, distance };
  }
  return nearest && { bar: nearest.bar, lane };
}

/** `lanes` further up or down, or `bars` further in the same lane; from nowhere to the first there is. */
export function nextBar(all: readonly Lane[], from: FoundBar | null, lanes: number, bars: number): FoundBar | null {
  const filled = all.filter((lane) => lane.bars.length > 0);
  // Lanes are laid out anew while the run goes on: the same slot, and the same attempt.
  const lane = filled.findIndex((one) => one.workerId === from?.lane.workerId && one.slot === from.lane.slot);
  if (!from || lane === -1) return filled[0] ? { lane: filled[0], bar: filled[0].bars[0]! } : null;
  const target = filled[Math.min(Math.max(lane + lanes, 0), filled.length - 1)]!;
  if (lanes !== 0) {
    const bar = target.bars.find((one) => one.to >= from.bar.from) ?? target.bars.at(-1)!;
    return { lane: target, bar };
  }
  const index = target.bars.findIndex(({ attempt }) => attempt.id === from.bar.attempt.id);
  const bar = target.bars[Math.min(Math.max(index + bars, 0), target.bars.length - 1)]!;
  return { lane: target, bar };
}
