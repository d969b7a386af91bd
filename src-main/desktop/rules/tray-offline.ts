/** What the tray says and offers in the time without the coordinator. */
import type { DesktopState } from '../../../shared/protocol/desktop/state.ts';
import { centralName, offersPromotion } from './offline.ts';
import type { TrayItem } from './tray.ts';
import { wordsOf } from './words.ts';

const MOST_STAND_INS = 3;

/** One line of text; null while the coordinator itself is worked for. */
export function offlineLine({ offline, language }: DesktopState): string | null {
  const words = wordsOf(language);
  const { promotion, follows } = offline;
  if (promotion === null) return follows && words.followsText(follows.name);
  if (!promotion.ending) return words.standsIn(promotion.name);
  const left = promotion.about?.homecoming.runs_to_bring;
  const text = words.comesHome(promotion.name);
  return left ? `${text}: ${words.runsToBring(left)}` : text;
}

/** Why standing in, or coming home, does not go on; null where nothing is the matter. */
export function promotionProblem({ offline, language }: DesktopState): string | null {
  const part = offline.promotion?.part;
  if (part?.state !== 'given_up' && part?.state !== 'waiting') return null;
  return part.problem ?? wordsOf(language).promotionGaveUp;
}

export function offlineChoices(state: DesktopState): TrayItem[] {
  const words = wordsOf(state.language);
  const { promotion, follows, standIns } = state.offline;
  const central = centralName(state);
  if (central === null) return [];
  if (promotion !== null)
    return promotion.ending ? [] : [{ kind: 'choice', label: words.demoteChoice, action: { do: 'demote' } }];
  if (follows !== null)
    return [{ kind: 'choice', label: words.switchHomeChoice(central), action: { do: 'switchHome' } }];
  const others = standIns.slice(0, MOST_STAND_INS).map(({ name, address }): TrayItem => {
    const label = words.switchChoice(name.replaceAll('&', '&&'));
    return { kind: 'choice', label, action: { do: 'switchTo', name, address } };
  });
  if (!offersPromotion(state)) return others;
  return [...others, { kind: 'choice', label: words.promoteChoice(central), action: { do: 'promote' } }];
}
