/** Which widgets the overview shows, in which order and how wide: each user's own, kept in the browser. Pure. */

export const WIDGETS = [
  'health',
  'success',
  'start',
  'active',
  'queue',
  'workers',
  'failures',
  'flaky',
  'trend',
  'slowest',
] as const;
export type WidgetId = (typeof WIDGETS)[number];

/** Thirds of the page; on narrow screens each widget has all of it. */
export type Width = 1 | 2 | 3;

export interface Placed {
  id: WidgetId;
  width: Width;
}
export type Layout = readonly Placed[];

export const PRESET: Layout = [
  { id: 'health', width: 1 },
  { id: 'success', width: 1 },
  { id: 'start', width: 1 },
  { id: 'active', width: 2 },
  { id: 'queue', width: 1 },
  { id: 'failures', width: 2 },
  { id: 'workers', width: 1 },
  { id: 'flaky', width: 2 },
];

export type LayoutChange =
  | { type: 'add'; id: WidgetId }
  | { type: 'remove'; id: WidgetId }
  /** To the place of another one; the others move up. */
  | { type: 'move'; id: WidgetId; to: number }
  | { type: 'resize'; id: WidgetId; width: Width }
  | { type: 'reset' };

const widthOf = (id: WidgetId): Width => PRESET.find((placed) => placed.id === id)?.width ?? 1;

/** The same object where nothing changes. */
export function changed(layout: Layout, change: LayoutChange): Layout {
  if (change.type === 'reset') return PRESET;
  const index = layout.findIndex(({ id }) => id === change.id);
  if (change.type === 'add') return index >= 0 ? layout : [...layout, { id: change.id, width: widthOf(change.id) }];
  const placed = layout[index];
  if (placed === undefined) return layout;
  switch (change.type) {
    case 'remove':
      return layout.filter(({ id }) => id !== change.id);
    case 'resize':
      return placed.width === change.width ? layout : layout.with(index, { ...placed, width: change.width });
    case 'move': {
      const to = Math.min(Math.max(change.to, 0), layout.length - 1);
      return to === index ? layout : layout.toSpliced(index, 1).toSpliced(to, 0, placed);
    }
  }
}

export const missing = (layout: Layout): WidgetId[] =>
  WIDGETS.filter((id) => !layout.some((placed) => placed.id === id));

const VERSION = 1;

export const layoutText = (layout: Layout): string => JSON.stringify({ version: VERSION, widgets: layout });

/** The preset where nothing usable is kept. Widgets that do not exist any more are left out. */
export function readLayout(text: string | null): Layout {
  if (text === null) return PRESET;
  try {
    const kept = JSON.parse(text) as { version?: unknown; widgets?: unknown } | null;
    if (kept?.version !== VERSION || !Array.isArray(kept.widgets)) return PRESET;
    return kept.widgets.reduce<Layout>((layout, one: Partial<Placed> | null) => {
      const id = WIDGETS.find((known) => known === one?.id);
      if (id === undefined || layout.some((placed) => placed.id === id)) return layout;
      const width = ([1, 2, 3] as const).find((known) => known === one?.width) ?? widthOf(id);
      return [...layout, { id, width }];
    }, []);
  } catch {
    return PRESET;
  }
}
