import { describe, expect, test } from 'vitest';
import { isUnder, nameOf, roomUnder } from '../../../coordinator/dispatch/rules/caps.ts';
import { askInWords, asksNothing, NOTHING, slotsThatFit } from '../../../coordinator/dispatch/rules/requests.ts';

const GIB = 2 ** 30;
const cap = (over: object, limit = 2) => ({ id: 'c', limit, ...over }) as Parameters<typeof isUnder>[0];
const run = (tags: string[], environments: string[] = []) => ({ tags, environments });

describe('CPU and memory requests', () => {
  const machine = { cpus: 4, memory_bytes: 8 * GIB };

  test('as many slots fit as the scarcer of the two allows, beside what is set aside', () => {
    expect(slotsThatFit(machine, NOTHING, { cpus: 1, memoryBytes: 0 })).toBe(4);
    expect(slotsThatFit(machine, NOTHING, { cpus: 1, memoryBytes: 4 * GIB })).toBe(2);
    expect(slotsThatFit(machine, { cpus: 3, memoryBytes: 0 }, { cpus: 2, memoryBytes: GIB })).toBe(0);
    expect(slotsThatFit(machine, { cpus: 2.5, memoryBytes: 6 * GIB }, { cpus: 0.5, memoryBytes: GIB })).toBe(2);
    expect(slotsThatFit(machine, { cpus: 9, memoryBytes: 0 }, { cpus: 1, memoryBytes: 0 })).toBe(0);
    expect(slotsThatFit(machine, { cpus: 4, memoryBytes: 8 * GIB }, NOTHING)).toBe(Infinity);
  });

  test('tenths of CPUs add up', () => {
    expect(slotsThatFit({ cpus: 0.3, memory_bytes: 0 }, NOTHING, { cpus: 0.1, memoryBytes: 0 })).toBe(3);
    expect(
      slotsThatFit({ cpus: 1, memory_bytes: 0 }, { cpus: 0.7, memoryBytes: 0 }, { cpus: 0.1, memoryBytes: 0 }),
    ).toBe(3);
  });

  test('what asks for one of the two asks for something', () => {
    expect(asksNothing(NOTHING)).toBe(true);
    expect(asksNothing({ cpus: 0.1, memoryBytes: 0 })).toBe(false);
    expect(asksNothing({ cpus: 0, memoryBytes: 1 })).toBe(false);
  });

  test('they are said as people say them', () => {
    expect(askInWords({ cpus: 1, memoryBytes: 0 })).toBe('1 CPU');
    expect(askInWords({ cpus: 2.5, memoryBytes: 1.5 * GIB })).toBe('2.5 CPUs and 1.5 GiB of memory');
    expect(askInWords({ cpus: 0, memoryBytes: GIB / 3 })).toBe('0.33 GiB of memory');
    expect(askInWords(NOTHING)).toBe('');
  });
});

describe('caps', () => {
  test('a cap counts runs with its tag, or those that test against its environment', () => {
    expect(isUnder(cap({ tag: 'db' }), run(['ui', 'db']))).toBe(true);
    expect(isUnder(cap({ tag: 'db' }), run(['ui'], ['db']))).toBe(false);
    expect(isUnder(cap({ environment: 'staging' }), run(['staging']))).toBe(false);
    expect(isUnder(cap({ environment: 'staging' }), run([], ['other', 'staging']))).toBe(true);
    expect(isUnder(cap({ environment: 'https://shop.test//' }), run([], ['https://shop.test/']))).toBe(true);
    expect(isUnder(cap({ environment: 'https://shop.test/a' }), run([], ['https://shop.test']))).toBe(false);
  });

  test('the tightest of several says how many more may begin, counting what all runs under it hold', () => {
    const caps = [cap({ tag: 'db' }, 5), cap({ environment: 'staging' }, 3)];
    const held = [
      { run: run(['db']), tasks: 2 },
      { run: run(['db'], ['staging']), tasks: 1 },
      { run: run(['other']), tasks: 9 },
    ];
    expect(roomUnder(caps, run(['db']), held)).toEqual({ room: 2, cap: caps[0] });
    expect(roomUnder(caps, run(['db'], ['staging']), held)).toEqual({ room: 2, cap: caps[0] });
    expect(roomUnder(caps, run([], ['staging']), held)).toEqual({ room: 2, cap: caps[1] });
    expect(roomUnder(caps, run(['free']), held)).toEqual({ room: Infinity, cap: null });
    expect(roomUnder([cap({ tag: 'db' }, 1)], run(['db']), held).room).toBe(0);
  });

  test('a cap is named by what it is for', () => {
    expect(nameOf(cap({ tag: 'db' }, 1))).toBe('at most 1 task at once with tag db');
    expect(nameOf(cap({ environment: 'staging' }, 4))).toBe('at most 4 tasks at once against staging');
  });
});
