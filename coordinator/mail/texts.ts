/** What the mails say, in each language. */
import type { Language, LetterData, LetterKind } from './letters.ts';

/** `action`: the one link of the mail, and what its button says. */
export interface Words {
  subject: string;
  paragraphs: string[];
  action?: { label: string; link: string };
}

type Texts = { [K in LetterKind]: (data: LetterData[K]) => Words };

const at = (time: number): string => `${new Date(time).toISOString().slice(0, 16).replace('T', ' ')} UTC`;

const en: Texts = {
  invitation: ({ by, team, link }) => ({
    subject: 'You are invited to Playfleet',
    paragraphs: [
      team === null
        ? `${by} invites you to Playfleet, as an admin of the whole installation.`
        : `${by} invites you to Playfleet, into the team ${team}.`,
      'Follow the link to make your account. It works once, for seven days. If you do not know what this is about, do nothing.',
    ],
    action: { label: 'Make my account', link },
  }),
  password_reset: ({ link }) => ({
    subject: 'A new password for Playfleet',
    paragraphs: [
      'Somebody, probably you, has asked on the sign-in page for a new password for your account.',
      'Follow the link to set one. It works once, for an hour. If you did not ask, do nothing: your password stays as it is.',
    ],
    action: { label: 'Set a new password', link },
  }),
  welcome: ({ link }) => ({
    subject: 'Welcome to Playfleet',
    paragraphs: [
      'Your account is made, and this address belongs to it.',
      'You can sign in at any time, and set up a second factor on your account page.',
    ],
    action: { label: 'Open Playfleet', link },
  }),
  new_device: ({ browser, address, at: time }) => ({
    subject: 'A new browser has signed in to your Playfleet account',
    paragraphs: [
      `${browser}, from ${address}, has signed in to your account on ${at(time)}, for the first time.`,
      'If that was you, there is nothing to do. If not: sign in, change your password, which signs out all other browsers, and tell an admin.',
    ],
  }),
  locked: ({ minutes }) => ({
    subject: 'Your Playfleet account is locked for a while',
    paragraphs: [
      `Too many wrong passwords or codes were tried for your account. For now nothing further is looked at, at first for ${minutes} min, for longer if it goes on.`,
      'If that was you: wait a little, or ask on the sign-in page for a new password. If not: nobody has come in. Tell an admin if it happens again.',
    ],
  }),
  password_changed: ({ at: time }) => ({
    subject: 'Your Playfleet password was changed',
    paragraphs: [
      `The password of your account was changed on ${at(time)}, and other browsers were signed out.`,
      'If that was not you, ask on the sign-in page for a new password at once, and tell an admin.',
    ],
  }),
  second_factor_changed: ({ change, at: time }) => ({
    subject: 'The second factor of your Playfleet account was changed',
    paragraphs: [
      {
        added: `Since ${at(time)} signing in to your account asks for a code of an authenticator.`,
        removed: `Since ${at(time)} signing in to your account asks for no code any more.`,
        backup_codes: `On ${at(time)} new backup codes were made for your account; those before work no longer.`,
      }[change],
      'If that was not you, change your password at once, and tell an admin.',
    ],
  }),
  test: () => ({
    subject: 'Playfleet can send mails',
    paragraphs: ['This is the test that was asked for in the settings. Mails arrive.'],
  }),
};

const de: Texts = {
  invitation: ({ by, team, link }) => ({
    subject: 'Einladung zu Playfleet',
    paragraphs: [
      team === null
        ? `${by} lädt dich zu Playfleet ein, als Admin der ganzen Installation.`
        : `${by} lädt dich zu Playfleet ein, in das Team ${team}.`,
      'Mit dem Link legst du dein Konto an. Er gilt einmal und sieben Tage lang. Wenn du nicht weißt, worum es geht, tu nichts.',
    ],
    action: { label: 'Konto anlegen', link },
  }),
  password_reset: ({ link }) => ({
    subject: 'Ein neues Passwort für Playfleet',
    paragraphs: [
      'Jemand, wahrscheinlich du, hat auf der Anmeldeseite um ein neues Passwort für dein Konto gebeten.',
      'Mit dem Link legst du eines fest. Er gilt einmal und eine Stunde lang. Warst du es nicht, tu nichts: dein Passwort bleibt, wie es ist.',
    ],
    action: { label: 'Neues Passwort festlegen', link },
  }),
  welcome: ({ link }) => ({
    subject: 'Willkommen bei Playfleet',
    paragraphs: [
      'Dein Konto ist angelegt, und diese Adresse gehört dazu.',
      'Du kannst dich jederzeit anmelden und auf deiner Kontoseite einen zweiten Faktor einrichten.',
    ],
    action: { label: 'Playfleet öffnen', link },
  }),
  new_device: ({ browser, address, at: time }) => ({
    subject: 'Ein neuer Browser ist in deinem Playfleet-Konto angemeldet',
    paragraphs: [
      `${browser} hat sich am ${at(time)} von ${address} aus zum ersten Mal in deinem Konto angemeldet.`,
      'Warst du das, ist nichts zu tun. Wenn nicht: melde dich an, ändere dein Passwort, was alle anderen Browser abmeldet, und sag einem Admin Bescheid.',
    ],
  }),
  locked: ({ minutes }) => ({
    subject: 'Dein Playfleet-Konto ist für eine Weile gesperrt',
    paragraphs: [
      `Für dein Konto wurden zu viele falsche Passwörter oder Codes versucht. Vorerst wird keiner mehr geprüft, zunächst für ${minutes} min, und länger, wenn es so weitergeht.`,
      'Warst du das: warte etwas, oder bitte auf der Anmeldeseite um ein neues Passwort. Wenn nicht: hereingekommen ist niemand. Sag einem Admin Bescheid, wenn es wieder vorkommt.',
    ],
  }),
  password_changed: ({ at: time }) => ({
    subject: 'Dein Playfleet-Passwort wurde geändert',
    paragraphs: [
      `Das Passwort deines Kontos wurde am ${at(time)} geändert, andere Browser wurden abgemeldet.`,
      'Warst du das nicht, bitte auf der Anmeldeseite sofort um ein neues Passwort, und sag einem Admin Bescheid.',
    ],
  }),
  second_factor_changed: ({ change, at: time }) => ({
    subject: 'Der zweite Faktor deines Playfleet-Kontos wurde geändert',
    paragraphs: [
      {
        added: `Seit ${at(time)} verlangt die Anmeldung in deinem Konto einen Code einer Authenticator-App.`,
        removed: `Seit ${at(time)} verlangt die Anmeldung in deinem Konto keinen Code mehr.`,
        backup_codes: `Am ${at(time)} wurden neue Ersatzcodes für dein Konto gemacht; die alten gelten nicht mehr.`,
      }[change],
      'Warst du das nicht, ändere sofort dein Passwort, und sag einem Admin Bescheid.',
    ],
  }),
  test: () => ({
    subject: 'Playfleet kann Mails senden',
    paragraphs: ['Das ist der Test, um den in den Einstellungen gebeten wurde. Mails kommen an.'],
  }),
};

export const TEXTS: Record<Language, Texts> = { en, de };

export const FRAME: Record<Language, { greeting: (name: string) => string; orCopy: string; footer: string }> = {
  en: {
    greeting: (name) => (name === '' ? 'Hello,' : `Hello ${name},`),
    orCopy: 'Or copy this address into your browser:',
    footer: 'Sent by the Playfleet coordinator of your team. Nobody reads answers to this address.',
  },
  de: {
    greeting: (name) => (name === '' ? 'Hallo,' : `Hallo ${name},`),
    orCopy: 'Oder kopiere diese Adresse in deinen Browser:',
    footer: 'Gesendet vom Playfleet-Koordinator deines Teams. Antworten an diese Adresse liest niemand.',
  },
};
