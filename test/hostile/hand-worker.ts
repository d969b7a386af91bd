/** A worker by hand, for what no honest agent says. */
import { WebSocket } from 'ws';
import type { AgentMessage, CoordinatorMessage, Report } from '../../shared/protocol/link.ts';
import type { Grant } from '../../shared/protocol/work.ts';
import { must } from './attack.ts';

/** Connects, greets with so many slots, and says what it is told to. */
export async function speak(url: string, key: string, slots: number) {
  const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/api/v1/link`, {
    headers: { authorization: `Bearer ${key}` },
  });
  const inbox: CoordinatorMessage[] = [];
  let wake = (): void => undefined;
  socket.on('message', (data: Buffer) => {
    inbox.push(JSON.parse(data.toString()) as CoordinatorMessage);
    wake();
  });
  socket.on('close', () => wake());
  const say = (message: AgentMessage): void => socket.send(JSON.stringify(message));
  const next = async <T extends CoordinatorMessage>(is: (message: CoordinatorMessage) => message is T): Promise<T> => {
    for (;;) {
      const at = inbox.findIndex(is);
      if (at >= 0) return inbox.splice(at, 1)[0] as T;
      must(socket.readyState === WebSocket.OPEN, 'the link was closed');
      await new Promise<void>((resolve) => (wake = resolve));
    }
  };
  const closed = new Promise<number>((resolve) => socket.once('close', resolve));
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  const capabilities = {
    platform: 'linux' as const,
    platform_version: '',
    arch: 'x64',
    cpus: 2,
    cpu_model: '',
    memory_bytes: 2 ** 32,
    disk_free_bytes: 2 ** 32,
    browsers: { chromium: { version: '1', how: 'system' as const } },
    missing_browsers: {},
    displays: 0,
    node_version: '',
    fingerprint: null,
  };
  say({ type: 'hello', protocol: 4, agentVersion: '0', slots, tags: [], allowProjects: null, held: [], capabilities });
  let id = 0;
  return {
    async grant(runId: string): Promise<Grant> {
      const isOurs = (message: CoordinatorMessage): message is Extract<CoordinatorMessage, { type: 'grant' }> =>
        message.type === 'grant' && message.grant.runId === runId;
      return (await next(isOurs)).grant;
    },
    async report(report: Report): Promise<void> {
      id += 1;
      const mine = id;
      say({ type: 'report', id, report });
      const isMine = (message: CoordinatorMessage): message is Extract<CoordinatorMessage, { type: 'ack' }> =>
        message.type === 'ack' && message.id === mine;
      const { result, detail } = await next(isMine);
      must(result === 'accepted', `${report.kind} was ${result}: ${detail ?? ''}`);
    },
    /** Sends a frame as it is. */
    send: (frame: string | Uint8Array): void => socket.send(frame),
    /** The next message, but for those that come unasked. */
    any: () => next((message): message is CoordinatorMessage => !['welcome', 'pace'].includes(message.type)),
    /** The code with which the coordinator ends the link. */
    closed,
    close: () => socket.terminate(),
  };
}
