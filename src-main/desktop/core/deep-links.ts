/** Links that other programs hand over. A join link asks first: anybody can write one. */
import type { JoinWay } from '../../../shared/protocol/desktop/wizard.ts';
import { parseDeepLink } from '../rules/deep-link.ts';
import type { Words } from '../rules/words.ts';
import type { System } from './ports.ts';

export interface LinkDeps {
  system: System;
  words: () => Words;
  isSetUp: () => boolean;
  /** Of the first-run wizard. */
  beginWith: (join: JoinWay) => void;
  /** One more coordinator; what is refused is told. */
  add: (join: JoinWay) => Promise<void>;
  note: (text: string) => void;
}

export async function openLink(
  text: string,
  { system, words, isSetUp, beginWith, add, note }: LinkDeps,
): Promise<void> {
  const link = parseDeepLink(text);
  if (link === null) return note(`a link was not understood and is ignored (${text.length} characters)`);
  if (link.kind === 'run') return system.show(`/runs/${link.id}`);
  const { joinTitle, joinText, joinYes, joinNo } = words();
  const question = { title: joinTitle, text: joinText(link.address), yes: joinYes, no: joinNo };
  if (!(await system.ask(question))) return;
  const join = { by: 'link' as const, link: link.link };
  if (!isSetUp()) {
    beginWith(join);
    return system.show('/setup');
  }
  await add(join);
  system.show('/this-computer');
}
