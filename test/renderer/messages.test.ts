import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type { Catalogue, Message, Messages } from '../../src-renderer/ui/i18n.ts';
import { firstLanguage, say } from '../../src-renderer/ui/i18n.ts';

const source = fileURLToPath(new URL('../../src-renderer', import.meta.url));

async function catalogues(): Promise<{ file: string; messages: Messages<Catalogue> }[]> {
  const files = (await readdir(source, { recursive: true })).filter((name) => name.endsWith('messages.ts'));
  return Promise.all(
    files.map(async (file) => ({
      file,
      messages: Object.values((await import(path.join(source, file))) as Record<string, Messages<Catalogue>>)[0]!,
    })),
  );
}

const forms = (message: Message): string[] => (typeof message === 'string' ? [message] : [message.one, message.other]);
const placeholders = (message: Message): string[] =>
  [...new Set(forms(message).flatMap((text) => text.match(/\{\w+\}/g) ?? []))].sort();

test('every folder says the same in English and German, with the same values', async () => {
  const all = await catalogues();
  expect(all.length).toBeGreaterThan(10);
  for (const { file, messages } of all) {
    expect(Object.keys(messages.de).sort(), file).toEqual(Object.keys(messages.en).sort());
    for (const [key, message] of Object.entries(messages.en)) {
      const german = messages.de[key]!;
      expect(placeholders(german), `${file} ${key}`).toEqual(placeholders(message));
      expect(typeof german, `${file} ${key}`).toBe(typeof message);
      for (const text of [...forms(message), ...forms(german)]) expect(text.trim(), `${file} ${key}`).not.toBe('');
    }
  }
});

test('values are put in, numbers in the way of the language', () => {
  const tests = { one: '{n} test of {name}', other: '{n} tests of {name}' };
  expect(say(tests, { n: 1, name: 'shop' }, 'en')).toBe('1 test of shop');
  expect(say(tests, { n: 12_345, name: '{n}' }, 'en')).toBe('12,345 tests of {n}');
  expect(say(tests, { n: 12_345, name: 'shop' }, 'de')).toBe('12.345 tests of shop');
});

test('the language is the chosen one, else the first that the browser asks for, else English', () => {
  expect(firstLanguage('de', ['en-GB'])).toBe('de');
  expect(firstLanguage(null, ['fr', 'de-AT', 'en'])).toBe('de');
  expect(firstLanguage('tlh', ['fr'])).toBe('en');
});
