/** Draws lanes onto a canvas: of ten thousand bars only those in sight, and of those that share a pixel only one, a failure before all else. */
import type { TestStatus } from '../../../shared/protocol/playwright.ts';
import type { Bar, Lane } from './lay-out.ts';
import { ticks, type Window } from './window.ts';

export const LANE_PX = 26;
export const AXIS_PX = 24;
const BAR_PX = 16;

export interface Look {
  text: string;
  muted: string;
  line: string;
  soft: string;
  hover: string;
  bg: string;
  focus: string;
  font: string;
  status: Readonly<Record<TestStatus, string>>;
  running: string;
  race: string;
}

export interface Scene {
  lanes: readonly Lane[];
  shown: Window;
  /** From where the axis counts. */
  zero: number;
  now: number;
  width: number;
  height: number;
  /** Of the lanes' height, above what is in sight. */
  scrolled: number;
  labels: number;
  steals: readonly { at: number; lane: number }[];
  focused: Bar | null;
  look: Look;
  timeText: (ms: number) => string;
}

const SIGN: Record<TestStatus, string> = { passed: '✓', failed: '✕', timedOut: '✕', interrupted: '!', skipped: '–' };
const RANK: Record<TestStatus, number> = { failed: 3, timedOut: 3, interrupted: 2, passed: 1, skipped: 0 };
const SIGN_FROM_PX = 14;

export const xOf = (scene: Pick<Scene, 'shown' | 'width' | 'labels'>, at: number): number =>
  scene.labels + ((at - scene.shown.from) / (scene.shown.to - scene.shown.from)) * (scene.width - scene.labels);

export function draw(c: CanvasRenderingContext2D, scene: Scene): void {
  const { width, height, look, lanes, scrolled } = scene;
  c.clearRect(0, 0, width, height);
  c.font = look.font;
  c.textBaseline = 'middle';
  const first = Math.max(0, Math.floor(scrolled / LANE_PX));
  const last = Math.min(lanes.length - 1, Math.ceil((scrolled + height) / LANE_PX));
  c.save();
  c.beginPath();
  c.rect(scene.labels, AXIS_PX, width - scene.labels, height - AXIS_PX);
  c.clip();
  drawGrid(c, scene);
  for (let index = first; index <= last; index++) drawLane(c, scene, lanes[index]!, topOf(scene, index));
  for (const { at, lane } of scene.steals)
    if (lane >= first && lane <= last) drawSteal(c, scene, at, topOf(scene, lane));
  c.restore();
  drawAxis(c, scene);
  drawLabels(c, scene, first, last);
}

export const topOf = (scene: Pick<Scene, 'scrolled'>, lane: number): number =>
  AXIS_PX + lane * LANE_PX - scene.scrolled;

function drawLane(c: CanvasRenderingContext2D, scene: Scene, lane: Lane, top: number): void {
  const { look } = scene;
  const y = top + (LANE_PX - BAR_PX) / 2;
  const fill = (from: number, to: number, colour: string, inset: number) => {
    const x = xOf(scene, from);
    c.fillStyle = colour;
    c.fillRect(x, y + inset, Math.max(1, xOf(scene, to) - x), BAR_PX - 2 * inset);
  };
  for (const { from, to } of lane.offline) hatch(c, xOf(scene, from), y, xOf(scene, to), look.line);
  for (const { from, to } of lane.otherRuns) fill(from, to, look.hover, 5);
  for (const grant of lane.grants) {
    const to = grant.to ?? scene.now;
    // Held: the process, and thinner before it what prepares for it.
    const process = grant.wall_ms === null ? grant.from : Math.max(grant.from, to - grant.wall_ms);
    fill(grant.from, process, look.line, 6);
    fill(process, to, look.line, 3);
    if (grant.race_of !== null) outline(c, xOf(scene, grant.from), y - 2, xOf(scene, to), look.race);
    if (grant.to === null) fill(Math.max(process, lane.bars.at(-1)?.to ?? 0, grant.from), to, look.running, 7);
    if (grant.ended !== null && grant.ended !== 'completed' && grant.ended !== 'cancelled') {
      c.fillStyle = look.status.failed;
      c.fillRect(xOf(scene, to) - 1, y - 3, 2, BAR_PX + 6);
    }
  }
  drawBars(c, scene, lane.bars, y);
  c.fillStyle = look.line;
  c.fillRect(scene.labels, top + LANE_PX - 1, scene.width, 1);
}

function drawBars(c: CanvasRenderingContext2D, scene: Scene, bars: readonly Bar[], y: number): void {
  const { look, shown } = scene;
  // Per part of the slot: where the last bar ended, and what stands at that pixel.
  const drawn: { right: number; rank: number }[] = [];
  for (let index = firstInSight(bars, shown.from); index < bars.length; index++) {
    const bar = bars[index]!;
    if (bar.from > shown.to) break;
    const x = xOf(scene, bar.from);
    const right = Math.max(x + 1.5, xOf(scene, bar.to));
    const { status, counted } = bar.attempt;
    const before = drawn[bar.part];
    if (before && right <= before.right && RANK[status] <= before.rank) continue;
    drawn[bar.part] = { right: Math.max(right, before?.right ?? 0), rank: RANK[status] };
    const height = BAR_PX / bar.parts;
    const top = y + bar.part * height;
    c.globalAlpha = counted ? 1 : 0.4;
    c.fillStyle = look.status[status];
    const gap = right - x > 4 ? 1 : 0;
    c.fillRect(x, top, right - x - gap, height - (bar.parts > 1 ? 1 : 0));
    c.globalAlpha = 1;
    if (right - x >= SIGN_FROM_PX && height >= 10) {
      c.fillStyle = look.bg;
      c.fillText(SIGN[status], Math.max(x, scene.labels) + 3, top + height / 2);
    }
    if (bar === scene.focused) {
      c.strokeStyle = look.focus;
      c.lineWidth = 2;
      c.strokeRect(x - 1, top - 2, Math.max(right - x, 2) + 2, height + 4);
    }
  }
}

/** Bars are in order of their beginning, and none before the found one is longer than what is looked back. */
function firstInSight(bars: readonly Bar[], from: number): number {
  let low = 0;
  let high = bars.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (bars[middle]!.to < from) low = middle + 1;
    else high = middle;
  }
  return Math.max(0, low - 8);
}

function hatch(c: CanvasRenderingContext2D, x: number, y: number, right: number, colour: string): void {
  c.strokeStyle = colour;
  c.lineWidth = 1;
  c.beginPath();
  for (let at = x; at < right; at += 6) {
    c.moveTo(at, y + BAR_PX);
    c.lineTo(Math.min(at + 6, right), y);
  }
  c.stroke();
}

function outline(c: CanvasRenderingContext2D, x: number, y: number, right: number, colour: string): void {
  c.strokeStyle = colour;
  c.lineWidth = 1.5;
  c.setLineDash([4, 2]);
  c.strokeRect(x, y, Math.max(2, right - x), BAR_PX + 4);
  c.setLineDash([]);
}

/** A small flag where an idle slot took tests away. */
function drawSteal(c: CanvasRenderingContext2D, scene: Scene, at: number, top: number): void {
  const x = xOf(scene, at);
  c.fillStyle = scene.look.race;
  c.beginPath();
  c.moveTo(x - 4, top);
  c.lineTo(x + 4, top);
  c.lineTo(x, top + 7);
  c.fill();
}

const marksOf = ({ shown, zero, width, labels }: Scene): number[] => ticks(shown, zero, (width - labels) / 90);

function drawGrid(c: CanvasRenderingContext2D, scene: Scene): void {
  c.fillStyle = scene.look.hover;
  for (const mark of marksOf(scene)) c.fillRect(xOf(scene, scene.zero + mark), AXIS_PX, 1, scene.height);
}

function drawAxis(c: CanvasRenderingContext2D, scene: Scene): void {
  const { look, width, labels } = scene;
  c.fillStyle = look.bg;
  c.fillRect(0, 0, width, AXIS_PX);
  for (const mark of marksOf(scene)) {
    const x = xOf(scene, scene.zero + mark);
    if (x < labels) continue;
    c.fillStyle = look.line;
    c.fillRect(x, AXIS_PX - 5, 1, 5);
    c.fillStyle = look.muted;
    c.fillText(scene.timeText(mark), x + 4, AXIS_PX / 2);
  }
  c.fillStyle = look.line;
  c.fillRect(0, AXIS_PX - 1, width, 1);
}

function drawLabels(c: CanvasRenderingContext2D, scene: Scene, first: number, last: number): void {
  const { look, labels, lanes, height } = scene;
  c.fillStyle = look.bg;
  c.fillRect(0, AXIS_PX, labels, height);
  c.save();
  c.beginPath();
  c.rect(0, AXIS_PX, labels - 6, height - AXIS_PX);
  c.clip();
  for (let index = first; index <= last; index++) {
    const { worker, slot } = lanes[index]!;
    const y = topOf(scene, index) + LANE_PX / 2;
    c.fillStyle = slot === 1 ? look.text : look.muted;
    c.fillText(slot === 1 ? worker : `· ${slot}`, slot === 1 ? 0 : 8, y);
  }
  c.restore();
}
