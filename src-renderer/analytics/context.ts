import type { Span } from './range.ts';

/** Whether a chart is shown as a table. */
export interface ChartContext {
  asTable: boolean;
  onTable: (asTable: boolean) => void;
}

export interface RunChartProps extends ChartContext {
  span: Span;
  zone: string;
  /** Left out: all of them. */
  project?: string;
}
