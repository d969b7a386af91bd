import { defineMessages } from '../ui/i18n.ts';

/** Words of the page as a whole; its parts have their own beside them. */
export const messages = defineMessages({
  en: {
    details: 'Details',
    logs: 'Logs',
    parts: 'Parts of the run',
    runs: 'Runs',
    schedule: 'Schedule',
    tasks: 'Tasks',
    tests: 'Tests',
    title: 'Run',
  },
  de: {
    details: 'Einzelheiten',
    logs: 'Protokoll',
    parts: 'Teile des Laufs',
    runs: 'Läufe',
    schedule: 'Ablauf',
    tasks: 'Aufgaben',
    tests: 'Tests',
    title: 'Lauf',
  },
});
