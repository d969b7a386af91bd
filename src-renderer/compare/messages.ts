import { defineMessages } from '../ui/i18n.ts';

export const messages = defineMessages({
  en: {
    title: 'Compare runs',
  },
  de: {
    title: 'Läufe vergleichen',
  },
});
