/** The mails that there are, and how often one person may get each. */

export type Language = 'en' | 'de';

/** What each mail says beside its text. Times in milliseconds since the epoch. */
export interface LetterData {
  invitation: { by: string; team: string | null; link: string };
  password_reset: { link: string };
  welcome: { link: string };
  new_device: { browser: string; address: string; at: number };
  locked: { minutes: number };
  password_changed: { at: number };
  second_factor_changed: { change: 'added' | 'removed' | 'backup_codes'; at: number };
  test: Record<string, never>;
}

export type LetterKind = keyof LetterData;

/** `name` is '' where it is not known yet; `language` null: that of the installation. */
export interface Recipient {
  email: string;
  name: string;
  language: Language | null;
}

export type Letter = {
  [K in LetterKind]: { kind: K; to: Recipient; data: LetterData[K]; expiresAt?: number };
}[LetterKind];

const HOUR_MS = 3_600_000;

/** So that nobody is flooded by who tries passwords or asks for links in their name. */
export const AT_MOST: Record<LetterKind, { count: number; withinMs: number }> = {
  invitation: { count: 20, withinMs: HOUR_MS },
  password_reset: { count: 3, withinMs: HOUR_MS },
  welcome: { count: 3, withinMs: HOUR_MS },
  new_device: { count: 10, withinMs: HOUR_MS },
  locked: { count: 1, withinMs: HOUR_MS },
  password_changed: { count: 10, withinMs: HOUR_MS },
  second_factor_changed: { count: 10, withinMs: HOUR_MS },
  test: { count: 60, withinMs: HOUR_MS },
};

/** The first language of a browser's `Accept-Language` that mails are written in; null where it names none. */
export function languageOf(header: string | undefined): Language | null {
  const wanted = (header ?? '')
    .slice(0, 500)
    .split(',')
    .map((part, at) => {
      const [tag = '', ...parameters] = part.trim().toLowerCase().split(';');
      const q = parameters.map((one) => /^\s*q=([0-9.]+)$/.exec(one)?.[1]).find((one) => one !== undefined);
      return { language: tag.split('-')[0], weight: q === undefined ? 1 : Number(q), at };
    })
    .filter(({ language, weight }) => (language === 'en' || language === 'de') && weight > 0)
    .sort((a, b) => b.weight - a.weight || a.at - b.at);
  return (wanted[0]?.language as Language | undefined) ?? null;
}
