/** What this computer does, in the words that the tray uses, too. */
import type { AgentStatus } from '../../shared/protocol/desktop/agent.ts';
import type { PartState } from '../../shared/protocol/desktop/part-state.ts';
import type { DesktopState } from '../../shared/protocol/desktop/state.ts';
import { statusInWords } from '../../shared/model/manners-words.ts';
import { useLanguage, useMessages, type Language } from '../ui/i18n.ts';
import { Status, type Tone } from '../ui/status.tsx';
import { useNow } from '../ui/time.tsx';
import { messages } from './computer-messages.ts';
import { ownTimeZone } from '../ui/time-text.ts';

const TONES: Record<AgentStatus['state'], Tone> = {
  starting: 'skipped',
  idle: 'passed',
  busy: 'running',
  paused: 'skipped',
  offline: 'flaky',
  attention: 'failed',
  draining: 'skipped',
};

const PART_TONES: Record<PartState['state'], Tone> = {
  off: 'skipped',
  starting: 'skipped',
  running: 'skipped',
  stopping: 'skipped',
  waiting: 'flaky',
  given_up: 'failed',
};

export function toneOf({ agent }: Pick<DesktopState, 'agent'>): Tone {
  return agent.status === null ? PART_TONES[agent.state] : TONES[agent.status.state];
}

/** One sentence; where the agent does not run, how its process stands. */
export function useStateText({ agent }: Pick<DesktopState, 'agent'>): string {
  const t = useMessages(messages);
  const language: Language = useLanguage();
  // Untils are said by the day: they must not grow old.
  const now = useNow(60_000);
  if (agent.status !== null) return statusInWords(agent.status, { language, timeZone: ownTimeZone(), now });
  return t(`part_${agent.state}`);
}

export function ComputerState({ state }: { state: DesktopState }) {
  return <Status tone={toneOf(state)}>{useStateText(state)}</Status>;
}
