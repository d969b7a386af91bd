/** Figures of machines as text. */
import type { Language } from '../ui/i18n.ts';

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];

/** `15.9 GB`: of 1024 each, as memory is sold. */
export function bytesText(bytes: number, language: Language): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${value.toLocaleString(language, { maximumFractionDigits: value < 10 && unit > 0 ? 1 : 0 })} ${UNITS[unit]!}`;
}

export const percentText = (percent: number, language: Language): string =>
  (percent / 100).toLocaleString(language, { style: 'percent', maximumFractionDigits: 0 });

const SYSTEMS: Record<string, string> = {
  linux: 'Linux',
  darwin: 'macOS',
  win32: 'Windows',
  freebsd: 'FreeBSD',
  openbsd: 'OpenBSD',
  sunos: 'SunOS',
  aix: 'AIX',
};
export const systemName = (platform: string): string => SYSTEMS[platform] ?? platform;

const BROWSERS: Record<string, string> = { chromium: 'Chromium', firefox: 'Firefox', webkit: 'WebKit' };
export const browserTitle = (browser: string): string => BROWSERS[browser] ?? browser;
