import type { RunConfig } from '../../../shared/protocol/work.ts';

const CHOOSES = /^(--(grep|grep-invert|project|only-changed|last-failed|test-list.*|shard)(=|$)|-[gG])/;

/**
 * Whether a run with this config takes all tests of its suite. Which option a word belongs to is the agent's knowledge: any word of its own
 * is taken for a filter of files, so that a part is never called the whole.
 */
export function takesAll({ browser, args }: Pick<RunConfig, 'browser' | 'args'>): boolean {
  return browser === undefined && args.every((arg) => arg.startsWith('-') && arg !== '--' && !CHOOSES.test(arg));
}
