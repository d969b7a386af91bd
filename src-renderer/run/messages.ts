import { defineMessages } from '../ui/i18n.ts';

export const messages = defineMessages({
  en: {
    title: 'Run',
  },
  de: {
    title: 'Lauf',
  },
});
