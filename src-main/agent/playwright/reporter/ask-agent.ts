import type { AgentMessage, ReporterMessage } from '../../../../shared/protocol/ipc.ts';
import type { Channel } from './channel.ts';

type Answer<T extends AgentMessage['type']> = Extract<AgentMessage, { type: T }>;

/** Sends `question` and resolves with the agent's message of type `answer`, however long that takes; null where the agent is gone. */
export async function askAgent<T extends AgentMessage['type']>(
  channel: Channel,
  question: ReporterMessage,
  answer: T,
): Promise<Answer<T> | null> {
  if (!process.connected) return null;
  return new Promise((resolve) => {
    const answered = (message: Answer<T> | null): void => {
      process.off('message', onMessage);
      process.off('disconnect', onGone);
      process.channel?.unref();
      resolve(message);
    };
    const onMessage = (message: AgentMessage): void => {
      if (message?.type === answer) answered(message as Answer<T>);
    };
    const onGone = (): void => answered(null);
    process.on('message', onMessage);
    process.on('disconnect', onGone);
    // Nothing else may keep the process alive while it waits.
    process.channel?.ref();
    channel.send(question);
  });
}
