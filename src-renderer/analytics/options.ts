/** What ECharts draws of a dataset. Pure: colours come from outside. */
import type { EChartsCoreOption } from 'echarts/core';
import type { DataColumn, Dataset } from './dataset.ts';

export interface Look {
  text: string;
  muted: string;
  line: string;
  bg: string;
  /** First and second series, and what a heat map begins with. */
  first: string;
  second: string;
  weak: string;
  font: string;
  /** Of the picture, in pixels. */
  width: number;
}

type Format = (value: number, kind: DataColumn['kind']) => string;

const BAR_PX = 26;
const MIN_PX = 120;
export const LINES_PX = 240;

export const barsHeight = ({ rows }: Dataset): number => Math.max(MIN_PX, rows.length * BAR_PX + 40);
export const heatHeight = ({ rows }: Dataset): number => Math.max(MIN_PX, rows.length * 24 + 90);

const base = (look: Look): EChartsCoreOption => ({
  animation: false,
  textStyle: { fontFamily: look.font, fontSize: 12, color: look.text },
});

// Drawn into the canvas: the page's policy lets no styles in that scripts write into markup.
const tooltip = (look: Look) => ({
  renderMode: 'richText' as const,
  backgroundColor: look.bg,
  borderColor: look.line,
  textStyle: { color: look.text, fontSize: 12 },
});

const axis = (look: Look) => ({
  axisLine: { lineStyle: { color: look.line } },
  axisTick: { show: false },
  axisLabel: { color: look.muted, hideOverlap: true },
  splitLine: { lineStyle: { color: look.line } },
});

/** Lines over time; the second one is dashed, so that colour is not all that tells them apart. `shown`: ids of columns. */
export function linesOption(data: Dataset, shown: readonly string[], format: Format, look: Look): EChartsCoreOption {
  const columns = shown.map((id) => data.columns.findIndex((column) => column.id === id));
  const kind = data.columns[columns[0] ?? 0]?.kind ?? 'count';
  return {
    ...base(look),
    grid: { left: 8, right: 12, top: 34, bottom: 4, containLabel: true },
    legend: { top: 0, left: 0, textStyle: { color: look.text }, inactiveColor: look.muted },
    tooltip: { ...tooltip(look), trigger: 'axis', valueFormatter: (value: unknown) => said(value, kind, format) },
    xAxis: { type: 'category', data: data.rows.map(({ cells }) => cells[0]), ...axis(look) },
    yAxis: {
      type: 'value',
      min: 0,
      ...(kind === 'rate' ? { max: 1 } : {}),
      ...axis(look),
      axisLabel: { color: look.muted, formatter: (value: number) => format(value, kind) },
    },
    series: columns.map((at, i) => ({
      type: 'line',
      name: data.columns[at]?.head ?? '',
      data: data.rows.map(({ cells }) => cells[at] ?? null),
      connectNulls: true,
      symbol: i === 0 ? 'circle' : 'rect',
      symbolSize: 5,
      lineStyle: { width: 2, type: i === 0 ? 'solid' : 'dashed' },
      color: i === 0 ? look.first : look.second,
    })),
  };
}

/** One bar per row, the first row on top. `shown`: id of the column. */
export function barsOption(data: Dataset, shown: string, format: Format, look: Look): EChartsCoreOption {
  const at = data.columns.findIndex((column) => column.id === shown);
  const kind = data.columns[at]?.kind ?? 'count';
  return {
    ...base(look),
    grid: { left: 8, right: 64, top: 4, bottom: 4, containLabel: true },
    tooltip: { ...tooltip(look), valueFormatter: (value: unknown) => said(value, kind, format) },
    xAxis: { type: 'value', ...axis(look), axisLabel: { show: false }, splitLine: { show: false } },
    yAxis: {
      type: 'category',
      inverse: true,
      data: data.rows.map(({ cells }) => cells[0]),
      ...axis(look),
      axisLabel: { color: look.text, width: labelWidth(look), overflow: 'truncate', interval: 0 },
    },
    series: [
      {
        type: 'bar',
        name: data.columns[at]?.head ?? '',
        data: data.rows.map(({ cells }) => cells[at] ?? null),
        color: look.first,
        barMaxWidth: 14,
        label: {
          show: true,
          position: 'right',
          color: look.text,
          formatter: ({ value }: { value: unknown }) => said(value, kind, format),
        },
      },
    ],
  };
}

/** Rows by the columns behind the first; 0–1. Nothing is drawn where a value is not known. */
export function heatOption(data: Dataset, format: Format, look: Look): EChartsCoreOption {
  const cells = data.rows.flatMap((row, y) =>
    row.cells.slice(1).flatMap((value, x) => (typeof value === 'number' ? [[x, y, value]] : [])),
  );
  return {
    ...base(look),
    grid: { left: 8, right: 12, top: 4, bottom: 54, containLabel: true },
    tooltip: {
      ...tooltip(look),
      formatter: ({ value: [x = 0, y = 0, use = 0] }: { value: number[] }) =>
        `${String(data.rows[y]?.cells[0])}, ${data.columns[x + 1]?.head}:00  ${format(use, 'rate')}`,
    },
    xAxis: {
      type: 'category',
      data: data.columns.slice(1).map(({ head }) => head),
      ...axis(look),
      splitArea: { show: false },
    },
    yAxis: {
      type: 'category',
      inverse: true,
      data: data.rows.map(({ cells: [name] }) => name),
      ...axis(look),
      axisLabel: { color: look.text, width: labelWidth(look), overflow: 'truncate' },
    },
    visualMap: {
      min: 0,
      max: 1,
      orient: 'horizontal',
      left: 0,
      bottom: 0,
      itemHeight: 90,
      itemWidth: 12,
      text: [format(1, 'rate'), format(0, 'rate')],
      textStyle: { color: look.muted },
      inRange: { color: [look.weak, look.first] },
    },
    series: [{ type: 'heatmap', data: cells, itemStyle: { borderColor: look.bg, borderWidth: 1 } }],
  };
}

/** Names may take so much of the picture. */
const labelWidth = ({ width }: Look): number => Math.min(240, Math.round(width * 0.38));

const said = (value: unknown, kind: DataColumn['kind'], format: Format): string =>
  typeof value === 'number' ? format(value, kind) : '–';
