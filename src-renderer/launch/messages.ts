import { defineMessages } from '../ui/i18n.ts';

export const messages = defineMessages({
  en: {
    title: 'Start a run',
  },
  de: {
    title: 'Lauf starten',
  },
});
