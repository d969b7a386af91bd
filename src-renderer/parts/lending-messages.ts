import { defineMessages } from '../ui/i18n.ts';

export const messages = defineMessages({
  en: {
    allProjects: 'Tests of all projects may run here',
    name: 'Name in the fleet',
    nameHint: 'As the team sees it.',
    projects: 'Only these projects',
    projectsHint: 'One a line, as runs name them. Tests of others are refused here, whatever the coordinator says.',
    slots: 'Slots',
    slotsHint: 'Tests at the same time.',
    suggested: '{n} fit this computer.',
  },
  de: {
    allProjects: 'Tests aller Projekte dürfen hier laufen',
    name: 'Name in der Flotte',
    nameHint: 'Wie das Team ihn sieht.',
    projects: 'Nur diese Projekte',
    projectsHint:
      'Eines je Zeile, wie Läufe sie nennen. Tests anderer werden hier abgelehnt, was der Coordinator auch sagt.',
    slots: 'Plätze',
    slotsHint: 'Tests zur selben Zeit.',
    suggested: '{n} passen zu diesem Rechner.',
  },
});
