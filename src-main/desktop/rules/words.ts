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
  promoteChoice: (name: string) => `Stand in for ${name}…`,
  promote: {
    title: (name: string) => `Stand in for ${name} with this computer?`,
    text: (name: string) =>
      `People on this network can go on working here, with what this computer knows of ${name}. What it cannot do: write mails, sign people in through GitHub and the like, take backup codes, show runs from before, reach repositories and registries beyond this network. Do it while ${name} is away; later everything is brought home.`,
    yes: 'Stand in',
    no: 'Cancel',
  },
  secrets: {
    title: () => "Open the team's secrets here, too?",
    text: () =>
      'The copy holds values of secrets. This computer also runs tests, as the same user: a malicious test could read all of them, also those of other projects. Closed, runs go without them.',
    yes: 'Open them',
    no: 'Leave them closed',
  },
  demoteChoice: 'Bring everything home…',
  demote: {
    title: (name: string) => `Bring everything home to ${name}?`,
    text: (name: string) =>
      `No more runs are taken here. What runs is finished, then everything is brought to ${name} and compared, and the workers go home. What this computer kept is deleted when ${name} has proven to have it.`,
    yes: 'Bring it home',
    no: 'Cancel',
  },
  quitPromoted: {
    title: () => 'Quit, while the team works here?',
    text: (name: string) =>
      `This computer stands in for ${name}. While the app is ended, nobody can work with it. Everything is kept, and goes on when the app begins again.`,
    yes: 'Quit',
    no: 'Cancel',
  },
  switchChoice: (name: string) => `Switch to ${name}…`,
  switchTo: {
    title: (name: string) => `Work for ${name} meanwhile?`,
    text: (name: string, central: string) =>
      `${name} has proven that it stands in for ${central}. This computer and this window work with it until it ends; what runs is finished first.`,
    yes: 'Switch',
    no: 'Cancel',
  },
  switchHomeChoice: (name: string) => `Back to ${name}`,
  standsIn: (name: string) => `Stands in for ${name}`,
  comesHome: (name: string) => `Brings everything home to ${name}`,
  runsToBring: (n: number) => `${counted(n, 'run', 'runs')} to bring`,
  followsText: (name: string) => `Works for ${name}, which stands in`,
  standInFound: (name: string, central: string) => `${name} stands in for ${central}`,
  standInFoundText: 'Open the app to go on working there.',
  promotionGaveUp: 'This computer no longer stands in for the coordinator',
  isHome: (name: string) => `Everything is at home at ${name}`,
  isHomeText: (runs: number, conflicts: number) =>
    `${counted(runs, 'run', 'runs')}, counted and verified; what this computer kept is deleted.${conflicts > 0 ? ` ${counted(conflicts, 'conflict', 'conflicts')} to decide there.` : ''}`,
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
  promoteChoice: (name) => `${name} vertreten …`,
  promote: {
    title: (name) => `${name} mit diesem Rechner vertreten?`,
    text: (name) =>
      `Leute in diesem Netz können hier weiterarbeiten, mit dem, was dieser Rechner von ${name} weiß. Nicht möglich sind: Mails schreiben, Anmelden über GitHub und Ähnliches, Ersatzcodes, frühere Läufe zeigen, Repositorys und Registrys außerhalb dieses Netzes. Nur, solange ${name} fort ist; später wird alles heimgebracht.`,
    yes: 'Vertreten',
    no: 'Abbrechen',
  },
  secrets: {
    title: () => 'Auch die Geheimnisse des Teams hier öffnen?',
    text: () =>
      'Die Kopie enthält Werte von Geheimnissen. Auf diesem Rechner laufen auch Tests, als derselbe Benutzer: Ein bösartiger Test könnte alle lesen, auch die anderer Projekte. Bleiben sie geschlossen, laufen Tests ohne sie.',
    yes: 'Öffnen',
    no: 'Geschlossen lassen',
  },
  demoteChoice: 'Alles heimbringen …',
  demote: {
    title: (name) => `Alles heimbringen zu ${name}?`,
    text: (name) =>
      `Hier werden keine Läufe mehr angenommen. Was läuft, wird beendet; dann wird alles zu ${name} gebracht und verglichen, und die Worker kehren heim. Was dieser Rechner behielt, wird gelöscht, sobald ${name} bewiesen hat, alles zu haben.`,
    yes: 'Heimbringen',
    no: 'Abbrechen',
  },
  quitPromoted: {
    title: () => 'Beenden, während das Team hier arbeitet?',
    text: (name) =>
      `Dieser Rechner vertritt ${name}. Solange die App beendet ist, kann niemand damit arbeiten. Alles bleibt erhalten und geht weiter, wenn die App wieder beginnt.`,
    yes: 'Beenden',
    no: 'Abbrechen',
  },
  switchChoice: (name) => `Zu ${name} wechseln …`,
  switchTo: {
    title: (name) => `Inzwischen für ${name} arbeiten?`,
    text: (name, central) =>
      `${name} hat bewiesen, dass er ${central} vertritt. Dieser Rechner und dieses Fenster arbeiten mit ihm, bis er endet; was läuft, wird zuerst beendet.`,
    yes: 'Wechseln',
    no: 'Abbrechen',
  },
  switchHomeChoice: (name) => `Zurück zu ${name}`,
  standsIn: (name) => `Vertritt ${name}`,
  comesHome: (name) => `Bringt alles heim zu ${name}`,
  runsToBring: (n) => `noch ${counted(n, 'Lauf', 'Läufe')}`,
  followsText: (name) => `Arbeitet für ${name} als Vertretung`,
  standInFound: (name, central) => `${name} vertritt ${central}`,
  standInFoundText: 'Öffnen Sie die App, um dort weiterzuarbeiten.',
  promotionGaveUp: 'Dieser Rechner vertritt den Koordinator nicht mehr',
  isHome: (name) => `Alles ist daheim bei ${name}`,
  isHomeText: (runs, conflicts) =>
    `${counted(runs, 'Lauf', 'Läufe')}, gezählt und geprüft; was dieser Rechner behielt, ist gelöscht.${conflicts > 0 ? ` ${counted(conflicts, 'Konflikt ist', 'Konflikte sind')} dort zu entscheiden.` : ''}`,
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
