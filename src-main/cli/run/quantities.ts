/** Numbers with units as they are typed. Each throws CliFailure that names the option and what it takes. */
import { CliFailure } from '../failure.ts';

export function wholeNumber(option: string, text: string, least: number, most: number): number {
  const value = /^[0-9]{1,15}$/.test(text) ? Number(text) : NaN;
  if (value >= least && value <= most) return value;
  throw new CliFailure(`${option} takes a whole number from ${least} to ${most}, not "${text}".`);
}

const TIME_UNITS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, min: 60_000, h: 3_600_000, d: 86_400_000 };

/** `30s`, `10m`, `1h`, `500ms`, `7d`; a number alone counts in units of `bareUnitMs`. Returns whole milliseconds. */
export function milliseconds(option: string, text: string, bareUnitMs: number): number {
  const match = /^([0-9]{1,12}(?:\.[0-9]{1,3})?)\s*([a-z]*)$/i.exec(text.trim());
  const unit = match?.[2] === '' ? bareUnitMs : TIME_UNITS[match?.[2]?.toLowerCase() ?? ''];
  if (match && unit !== undefined) return Math.round(Number(match[1]) * unit);
  throw new CliFailure(`${option} takes a time such as 30s, 10m or 1h, not "${text}".`);
}

const SIZE_UNITS: Record<string, number> = {
  '': 1,
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
};

/** `200MB`, `1.5GB`, `512MiB`; a number alone is bytes. */
export function byteCount(option: string, text: string): number {
  const match = /^([0-9]{1,15}(?:\.[0-9]{1,3})?)\s*([a-z]*)$/i.exec(text.trim());
  const unit = SIZE_UNITS[match?.[2]?.toLowerCase() ?? ''];
  if (match && unit !== undefined) return Math.round(Number(match[1]) * unit);
  throw new CliFailure(`${option} takes a size such as 200MB or 1.5GB, not "${text}".`);
}
