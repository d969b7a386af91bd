/** What the app says outside of its page, in English and German: in the tray, in notifications and in questions. */
import type { Why } from '../../../shared/protocol/desktop/agent.ts';

export type Language = 'en' | 'de';

const counted = (n: number, one: string, other: string): string => `${n} ${n === 1 ? one : other}`;

const en = {
  idle: 'Ready for tests',
  busy: (busy: number, lent: number) => `Running tests: ${busy} of ${lent} slots`,
  paused: 'Paused',
  offline: 'No connection to the coordinator',
  starting: 'Starting…',
  draining: (tasks: number) => (tasks === 0 ? 'Ending…' : `Finishing ${counted(tasks, 'task', 'tasks')}…`),
  attention: 'Needs your attention',
  notSetUp: 'Not set up yet',
  until: (when: string) => `until ${when}`,
  holdsBack: (reason: string) => `Lends less: ${reason}`,
  reason: {
    suspending: 'the computer goes to sleep',
    owner: 'you paused it',
    outsideHours: 'outside the hours that you set',
    battery: 'runs on battery',
    metered: 'the network is metered',
    thermal: 'the computer is hot',
    fullScreen: 'a program fills the screen',
    userActive: 'you are using the computer',
    foreignLoad: 'other programs need the processor',
  } satisfies Record<Why['reason'], string>,
  open: 'Open dashboard',
  setUp: 'Set up…',
  testsHeading: 'Running now',
  moreTests: (n: number) => `and ${n} more`,
  pauseHour: 'Pause for 1 hour',
  pauseTomorrow: 'Pause until tomorrow',
  pauseOpen: 'Pause until I resume',
  resume: 'Resume',
  restart: 'Try again',
  thisComputer: 'This computer…',
  installUpdate: (version: string) => `Install version ${version}`,
  startAtLogin: 'Start at login',
  quit: 'Quit when tests have finished',
  quitNow: 'Quit now, give tests back',
  tasksOf: (busy: number, lent: number) => `${busy}/${lent}`,
  agentGaveUp: 'This computer no longer lends its slots',
  coordinatorGaveUp: 'The coordinator on this computer does not run',
  offlineLong: 'Nothing can be run here until the coordinator answers again.',
  updateRefused: 'An update was refused',
  updateReady: (version: string) => `Version ${version} is ready. It is installed when no tests run.`,
  secretsRefused: 'Passwords cannot be kept safely on this computer. Open the app to decide.',
  joinTitle: 'Lend this computer to another team?',
  joinText: (address: string) =>
    `A link asks to enrol this computer at ${address}. Whoever runs that coordinator can then run tests, which are programs, here. Go on only if you know it.`,
  joinYes: 'Go on',
  joinNo: 'Cancel',
  settingsSetAside: (file: string) => `The settings could not be read. They were put aside as ${file}; set up anew.`,
};

const de: typeof en = {
  idle: 'Bereit für Tests',
  busy: (busy, lent) => `Tests laufen: ${busy} von ${lent} Plätzen`,
  paused: 'Pausiert',
  offline: 'Keine Verbindung zum Koordinator',
  starting: 'Startet …',
  draining: (tasks) =>
    tasks === 0 ? 'Wird beendet …' : `${counted(tasks, 'Aufgabe läuft', 'Aufgaben laufen')} noch …`,
  attention: 'Braucht Ihre Aufmerksamkeit',
  notSetUp: 'Noch nicht eingerichtet',
  until: (when) => `bis ${when}`,
  holdsBack: (reason) => `Verleiht weniger: ${reason}`,
  reason: {
    suspending: 'der Rechner geht in den Ruhezustand',
    owner: 'von Ihnen pausiert',
    outsideHours: 'außerhalb der eingestellten Zeiten',
    battery: 'läuft auf Akku',
    metered: 'das Netz wird nach Menge bezahlt',
    thermal: 'der Rechner ist heiß',
    fullScreen: 'ein Programm füllt den Bildschirm',
    userActive: 'Sie benutzen den Rechner',
    foreignLoad: 'andere Programme brauchen den Prozessor',
  },
  open: 'Dashboard öffnen',
  setUp: 'Einrichten …',
  testsHeading: 'Läuft gerade',
  moreTests: (n) => `und ${n} weitere`,
  pauseHour: '1 Stunde pausieren',
  pauseTomorrow: 'Bis morgen pausieren',
  pauseOpen: 'Pausieren, bis ich fortsetze',
  resume: 'Fortsetzen',
  restart: 'Erneut versuchen',
  thisComputer: 'Dieser Rechner …',
  installUpdate: (version) => `Version ${version} installieren`,
  startAtLogin: 'Beim Anmelden starten',
  quit: 'Beenden, wenn die Tests fertig sind',
  quitNow: 'Sofort beenden, Tests zurückgeben',
  tasksOf: (busy, lent) => `${busy}/${lent}`,
  agentGaveUp: 'Dieser Rechner verleiht seine Plätze nicht mehr',
  coordinatorGaveUp: 'Der Koordinator auf diesem Rechner läuft nicht',
  offlineLong: 'Hier läuft nichts, bis der Koordinator wieder antwortet.',
  updateRefused: 'Eine Aktualisierung wurde abgelehnt',
  updateReady: (version) => `Version ${version} ist bereit. Sie wird installiert, wenn keine Tests laufen.`,
  secretsRefused:
    'Passwörter können auf diesem Rechner nicht sicher aufbewahrt werden. Öffnen Sie die App, um zu entscheiden.',
  joinTitle: 'Diesen Rechner an ein anderes Team verleihen?',
  joinText: (address) =>
    `Ein Link will diesen Rechner bei ${address} anmelden. Wer diesen Koordinator betreibt, kann dann hier Tests ausführen, und Tests sind Programme. Nur fortfahren, wenn Sie ihn kennen.`,
  joinYes: 'Weiter',
  joinNo: 'Abbrechen',
  settingsSetAside: (file) => `Die Einstellungen waren nicht lesbar und liegen nun in ${file}; bitte neu einrichten.`,
};

export type Words = typeof en;

export const wordsOf = (language: Language): Words => ({ en, de })[language];

/** Why the agent lends less, or nothing, and until when; null where nothing holds it back. `timeZone`: of this computer. */
export function whyText(why: readonly Why[], language: Language, now: number, timeZone: string): string | null {
  const [first] = why;
  if (first === undefined) return null;
  const words = wordsOf(language);
  const reason = words.reason[first.reason];
  return first.until === null ? reason : `${reason}, ${words.until(momentText(first.until, language, now, timeZone))}`;
}

/** The time of day; with the weekday where it is another day. */
export function momentText(at: number, language: Language, now: number, timeZone: string): string {
  const locale = language === 'de' ? 'de-DE' : 'en-GB';
  const text = (options: Intl.DateTimeFormatOptions, when: number): string =>
    new Intl.DateTimeFormat(locale, { timeZone, ...options }).format(when);
  const time = text({ hour: '2-digit', minute: '2-digit' }, at);
  const isToday = text({ dateStyle: 'short' }, at) === text({ dateStyle: 'short' }, now);
  if (isToday) return time;
  const isSoon = at - now < 6 * 86_400_000;
  return `${text(isSoon ? { weekday: 'long' } : { day: 'numeric', month: 'long' }, at)}, ${time}`;
}
