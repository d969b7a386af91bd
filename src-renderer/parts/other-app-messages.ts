import { defineMessages } from '../ui/i18n.ts';

export const messages = defineMessages({
  en: {
    newer: 'It was updated while this page was open. Close the window and open it again.',
    newerTitle: 'The app is newer than this page',
    none: 'Here it shows what this computer lends, once it is installed. In a browser there is nothing to see.',
    noneTitle: 'This page belongs to the desktop app',
    older: 'Update the app, then open this page again. Until then its icon in the tray works as before.',
    olderTitle: 'The app is older than this page',
  },
  de: {
    newer: 'Sie wurde aktualisiert, während diese Seite offen war. Schließe das Fenster und öffne es wieder.',
    newerTitle: 'Die App ist neuer als diese Seite',
    none: 'Hier zeigt sie, was dieser Rechner bereitstellt, sobald sie installiert ist. In einem Browser gibt es nichts zu sehen.',
    noneTitle: 'Diese Seite gehört zur Desktop-App',
    older: 'Aktualisiere die App und öffne die Seite dann wieder. Bis dahin tut ihr Symbol im Infobereich, was es tat.',
    olderTitle: 'Die App ist älter als diese Seite',
  },
});
