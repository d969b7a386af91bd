/** What a machine does, and why it lends less than it could, in words: for its owner in their language, and for the team. */
import type { AgentStatus, Why, WhyReason } from '../protocol/desktop/agent.ts';

export const WORD_LANGUAGES = ['en', 'de'] as const;
export type WordLanguage = (typeof WORD_LANGUAGES)[number];

export interface HowToSay {
  language: WordLanguage;
  /** In which times are said. */
  timeZone: string;
  now: number;
}

interface Words {
  /** By reason; `…Until` where its end is known, `…Below` where a limit is part of it. */
  why: Record<WhyReason | 'ownerUntil' | 'outsideHoursUntil' | 'batteryBelow', string>;
  mode: Record<Why['mode'], string>;
  state: Record<AgentStatus['state'], string>;
}

const WORDS: Record<WordLanguage, Words> = {
  en: {
    why: {
      suspending: 'this computer is going to sleep',
      owner: 'until you resume it',
      ownerUntil: 'by you until {until}',
      outsideHours: 'outside its hours',
      outsideHoursUntil: 'outside its hours until {until}',
      battery: 'this computer runs on battery',
      batteryBelow: 'its battery is below {limit} %',
      metered: 'the network is metered',
      thermal: 'this computer is hot',
      fullScreen: 'an application fills the screen',
      userActive: 'you are using this computer; it goes on {span} after your last input',
      foreignLoad: 'other programs use more than {limit} % of the processor',
    },
    mode: { pause: 'Paused', fewer: '{lent} of {total} slots' },
    state: {
      starting: 'Starting',
      idle: 'Ready: nothing to run',
      busy: 'Running on {busy} of {lent} slots',
      paused: 'Paused',
      offline: 'No connection to the coordinator',
      attention: 'Needs your attention',
      draining: 'Finishing what runs, then stopping',
    },
  },
  de: {
    why: {
      suspending: 'dieser Rechner geht in den Ruhezustand',
      owner: 'bis du es aufhebst',
      ownerUntil: 'von dir bis {until}',
      outsideHours: 'außerhalb der Zeiten',
      outsideHoursUntil: 'außerhalb der Zeiten bis {until}',
      battery: 'dieser Rechner läuft mit Akku',
      batteryBelow: 'der Akku ist unter {limit} %',
      metered: 'das Netz ist getaktet',
      thermal: 'dieser Rechner ist heiß',
      fullScreen: 'eine Anwendung füllt den Bildschirm',
      userActive: 'du benutzt diesen Rechner; es geht {span} nach deiner letzten Eingabe weiter',
      foreignLoad: 'andere Programme nutzen mehr als {limit} % des Prozessors',
    },
    mode: { pause: 'Pausiert', fewer: '{lent} von {total} Plätzen' },
    state: {
      starting: 'Startet',
      idle: 'Bereit: nichts zu tun',
      busy: 'Arbeitet auf {busy} von {lent} Plätzen',
      paused: 'Pausiert',
      offline: 'Keine Verbindung zum Koordinator',
      attention: 'Braucht deine Aufmerksamkeit',
      draining: 'Beendet, was läuft, und hört dann auf',
    },
  },
};

/** What the team is told; that somebody sits at the machine, and what they do there, is nobody's business. */
const FOR_TEAM: Words['why'] = {
  suspending: 'the machine goes to sleep',
  owner: 'paused by its owner',
  ownerUntil: 'paused by its owner until {until}',
  outsideHours: 'outside its hours',
  outsideHoursUntil: 'outside its hours until {until}',
  battery: 'the machine runs on battery',
  batteryBelow: 'its battery is below {limit} %',
  metered: 'its network is metered',
  thermal: 'the machine is hot',
  fullScreen: 'its owner needs the machine',
  userActive: 'its owner needs the machine',
  foreignLoad: 'its owner needs the machine',
};

const DAY_MS = 86_400_000;

/** One line for the tray and for `playfleet worker status`, as `Paused: outside its hours until Mon 09:00`. */
export function statusInWords(status: AgentStatus, how: HowToSay): string {
  const { state, mode } = WORDS[how.language];
  const [first] = status.why;
  if (status.state === 'attention' && status.problem) return `${state.attention}: ${problemInWords(status.problem)}`;
  if (first && ['paused', 'idle', 'busy'].includes(status.state)) {
    const does =
      first.mode === 'pause' ? mode.pause : fill(status.state === 'busy' ? state.busy : mode.fewer, status.slots);
    return `${does}: ${whyInWords(first, how)}`;
  }
  return fill(state[status.state], status.slots);
}

/** Why, for the owner, without a capital and a full stop. */
export function whyInWords(why: Why, how: HowToSay): string {
  return say(why, WORDS[how.language].why, how);
}

/** Why, for the coordinator and the team: English, as all that a coordinator keeps. */
export function whyForTeam(why: Why, how: Omit<HowToSay, 'language'>): string {
  return say(why, FOR_TEAM, { ...how, language: 'en' });
}

function problemInWords({ message, mend }: NonNullable<AgentStatus['problem']>): string {
  return mend === null ? message : `${message}. ${mend}`;
}

function say(why: Why, words: Words['why'], how: HowToSay): string {
  switch (why.reason) {
    case 'owner':
    case 'outsideHours':
      return why.until === null
        ? words[why.reason]
        : fill(words[`${why.reason}Until`], { until: timeInWords(why.until, how) });
    case 'battery':
      return why.belowPercent === null ? words.battery : fill(words.batteryBelow, { limit: why.belowPercent });
    case 'userActive':
      return fill(words.userActive, { span: spanInWords(why.idleSeconds, how.language) });
    case 'foreignLoad':
      return fill(words.foreignLoad, { limit: why.abovePercent });
    default:
      return words[why.reason];
  }
}

/** The time of day; with the weekday where that is another day, with the date where it is a week and more away. */
function timeInWords(at: number, { language, timeZone, now }: HowToSay): string {
  const inParts = (options: Intl.DateTimeFormatOptions, ms: number): string =>
    new Intl.DateTimeFormat(language === 'de' ? 'de-DE' : 'en-GB', { timeZone, ...options }).format(ms);
  const day = { year: 'numeric', month: '2-digit', day: '2-digit' } as const;
  const time = inParts({ hour: '2-digit', minute: '2-digit' }, at);
  if (inParts(day, at) === inParts(day, now)) return time;
  return `${at - now < 6 * DAY_MS ? inParts({ weekday: 'short' }, at) : inParts(day, at)} ${time}`;
}

function spanInWords(seconds: number, language: WordLanguage): string {
  const unit = seconds % 60 === 0 ? 'minute' : 'second';
  const value = unit === 'minute' ? seconds / 60 : seconds;
  return new Intl.NumberFormat(language, { style: 'unit', unit, unitDisplay: 'short' }).format(value);
}

function fill(text: string, values: Readonly<Record<string, string | number>>): string {
  return text.replaceAll(/\{(\w+)\}/g, (all, name: string) => String(values[name] ?? all));
}
