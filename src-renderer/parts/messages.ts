import { defineMessages } from '../ui/i18n.ts';

export const messages = defineMessages({
  en: {
    broken: 'not carried out',
    cancelled: 'cancelled',
    expected: 'passed',
    failed: 'failed',
    flaky: 'flaky',
    passed: 'passed',
    progress: '{settled} of {total} tests',
    running: 'running',
    skipped: 'skipped',
    unexpected: 'failed',
    waiting: 'waiting',
  },
  de: {
    broken: 'nicht ausgeführt',
    cancelled: 'abgebrochen',
    expected: 'bestanden',
    failed: 'fehlgeschlagen',
    flaky: 'unzuverlässig',
    passed: 'bestanden',
    progress: '{settled} von {total} Tests',
    running: 'läuft',
    skipped: 'übersprungen',
    unexpected: 'fehlgeschlagen',
    waiting: 'wartet',
  },
});
