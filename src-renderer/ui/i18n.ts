/**
 * Messages in English and German. Each folder has its own catalogue (`messages.ts`); a message may hold `{names}` of values, and be one of
 * a pair where its number matters: `{ one: '{n} test', other: '{n} tests' }`, chosen by the value `n`.
 */
import { useCallback } from 'react';
import { create } from 'zustand';
import { readKept, writeKept } from './kept.ts';

export const LANGUAGES = ['en', 'de'] as const;
export type Language = (typeof LANGUAGES)[number];

export type Message = string | { one: string; other: string };
export type Catalogue = Record<string, Message>;

/** The names between braces. */
type NamesIn<T extends string> = T extends `${string}{${infer Name}}${infer Rest}` ? Name | NamesIn<Rest> : never;
type NamesOf<M extends Message> = M extends string
  ? NamesIn<M>
  : M extends { other: infer Other extends string }
    ? NamesIn<Other> | 'n'
    : never;
type Values<M extends Message> = { [Name in NamesOf<M>]: string | number };
type Arguments<M extends Message> = [NamesOf<M>] extends [never] ? [] : [values: Values<M>];

/** The keys of messages that hold no values. */
export type PlainKey<C extends Catalogue> = { [K in keyof C]: Arguments<C[K]> extends [] ? K : never }[keyof C] &
  string;

/** Says a message of the catalogue in the language of now. */
export type Translate<C extends Catalogue> = <K extends keyof C & string>(key: K, ...values: Arguments<C[K]>) => string;

export interface Messages<C extends Catalogue> {
  en: C;
  de: Record<keyof C, Message>;
}

/** Declares the catalogue of a folder; the German one has the same keys (a test compares the placeholders too). */
export function defineMessages<const C extends Catalogue>(messages: {
  en: C;
  de: { [K in keyof C]: C[K] extends string ? string : { one: string; other: string } };
}): Messages<C> {
  return messages;
}

/** The message with its values put in. */
export function say(message: Message, values: Readonly<Record<string, string | number>>, language: Language): string {
  const text = typeof message === 'string' ? message : message[plural(Number(values.n), language)];
  return text.replaceAll(/\{(\w+)\}/g, (whole, name: string) => {
    const value = values[name];
    if (value === undefined) return whole;
    return typeof value === 'number' ? value.toLocaleString(language) : value;
  });
}

function plural(n: number, language: Language): 'one' | 'other' {
  return new Intl.PluralRules(language).select(n) === 'one' ? 'one' : 'other';
}

const KEPT = 'playfleet.language';

/** What the browser asks for, where nothing was chosen: English unless it is German. */
export function firstLanguage(chosen: string | null, preferred: readonly string[]): Language {
  const known = LANGUAGES.find((language) => language === chosen);
  if (known) return known;
  for (const tag of preferred) {
    const match = LANGUAGES.find((language) => tag.toLowerCase().split('-')[0] === language);
    if (match) return match;
  }
  return 'en';
}

/** How dates are written: as where the reader lives, as far as that is told in the language that is shown. `en` for an `en-GB` browser: `en-GB`. */
export function regionOf(language: Language, preferred: readonly string[]): string {
  return preferred.find((tag) => tag.toLowerCase().split('-')[0] === language) ?? language;
}

export const browserLanguages: readonly string[] = typeof navigator === 'undefined' ? [] : navigator.languages;

export const useLanguageStore = create<{ language: Language; choose: (language: Language) => void }>((set) => ({
  language: firstLanguage(readKept(KEPT), browserLanguages),
  choose: (language) => {
    writeKept(KEPT, language);
    set({ language });
  },
}));

export const useLanguage = (): Language => useLanguageStore((state) => state.language);

export function useMessages<C extends Catalogue>(messages: Messages<C>): Translate<C> {
  const language = useLanguage();
  return useCallback((key, ...values) => say(messages[language][key], values[0] ?? {}, language), [messages, language]);
}
