import { defineMessages } from '../ui/i18n.ts';

export const messages = defineMessages({
  en: {
    part_given_up: 'It does not run: it ended too often',
    part_off: 'It does not run',
    part_running: 'Starting',
    part_starting: 'Starting',
    part_stopping: 'Stopping',
    part_waiting: 'It ended by itself and is started again',
  },
  de: {
    part_given_up: 'Läuft nicht: Er ist zu oft abgebrochen',
    part_off: 'Läuft nicht',
    part_running: 'Startet',
    part_starting: 'Startet',
    part_stopping: 'Hört auf',
    part_waiting: 'Ist von selbst abgebrochen und wird wieder gestartet',
  },
});
