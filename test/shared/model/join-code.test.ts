import { expect, test } from 'vitest';
import { JOIN_WORDS } from '../../../shared/base/join-words.ts';
import { isOneEditAway, joinCode, readJoinCode, sayBadCode } from '../../../shared/model/join-code.ts';
import { joinLinkOf, readJoinLink } from '../../../shared/model/join-link.ts';

test('the words are 2,048 short ones in order, each known by its first four letters', () => {
  expect(JOIN_WORDS).toHaveLength(2048);
  expect(JOIN_WORDS.filter((word) => !/^[a-z]{3,9}$/.test(word))).toEqual([]);
  expect([...JOIN_WORDS].sort()).toEqual(JOIN_WORDS);
  expect(new Set(JOIN_WORDS.map((word) => word.slice(0, 4))).size).toBe(2048);
});

test('no word is another one with a letter changed, added or left out', () => {
  const near = JOIN_WORDS.flatMap((word, i) =>
    JOIN_WORDS.slice(i + 1)
      .filter((other) => isOneEditAway(word, other))
      .map((other) => `${word} ${other}`),
  );
  expect(near).toEqual([]);
  expect(['cat', 'cart', 'at', 'car'].map((word) => isOneEditAway('cat', word))).toEqual([false, true, true, true]);
});

test('six numbers make six words, and come back however they are typed', () => {
  const code = joinCode([0, 2047, 1024, 1, 512, 2046]);
  expect(code.split(' ')).toHaveLength(6);
  const short = code
    .split(' ')
    .map((word) => word.slice(0, 4))
    .join('-');
  for (const typed of [code, code.toUpperCase(), ` ${code.replaceAll(' ', ',\n')}.`, short])
    expect(readJoinCode(typed)).toEqual({ code });
});

test('a code that is wrong is told by its word, with the one that was meant', () => {
  expect(readJoinCode('abacus abbey abdomen')).toEqual({ problem: 'count', words: 3 });
  const typed = 'abacus abbey zuchini about above absent';
  const bad = readJoinCode(typed);
  expect(bad).toEqual({ problem: 'word', position: 3, word: 'zuchini', meant: 'zucchini' });
  expect('problem' in bad && sayBadCode(bad)).toBe('Word 3, "zuchini", is in no join code; perhaps "zucchini".');
  expect(readJoinCode('abacus abbey abdominal about above absent')).toMatchObject({ position: 3, meant: 'abdomen' });
  expect(readJoinCode('abacus abbey qqqq about above absent')).toMatchObject({ position: 3, meant: null });
  expect(readJoinCode('')).toEqual({ problem: 'count', words: 0 });
});

test('a join link holds the line, and nothing else is one', () => {
  const line = 'https://192.168.1.2:4800#pfj_abc.pfp_def';
  expect(readJoinLink(joinLinkOf(line))).toBe(line);
  expect(readJoinLink(`${joinLinkOf(line)}/`)).toBe(line);
  expect(readJoinLink(line)).toBe(line);
  for (const other of [
    'playfleet://join/',
    'playfleet://join/%',
    'playfleet://join/mill',
    'javascript:1#2',
    'six words',
  ])
    expect(readJoinLink(other)).toBeNull();
});
