/**
 * The coordinator's side of the agent link (shared/protocol/link.ts): one session per WebSocket. Reports are handed to the commands in the
 * order in which they came (the database keeps that order) and acknowledged when they are durable.
 */
import { CLOSE } from '../../../shared/protocol/link.ts';
import { Absences } from './absences.ts';
import type { LinkOptions, LinkSocket } from './options.ts';
import { Session, type Connections } from './session.ts';

export class AgentLink {
  readonly #options: LinkOptions;
  readonly #connections: Connections;
  #stopping = false;
  #goingHome: string | null = null;

  constructor(options: LinkOptions) {
    this.#options = options;
    this.#connections = { sessions: new Map(), opened: new Set(), absences: new Absences(options) };
  }

  /** Takes over a WebSocket whose upgrade was authenticated as this worker. `hold` makes what is sent in this turn leave together. */
  accept(socket: LinkSocket, workerId: string, hold: () => void): void {
    if (this.#stopping) socket.close(1001, 'coordinator stops');
    else if (this.#goingHome !== null) socket.close(CLOSE.goHome, 'go_home');
    else new Session({ socket, hold }, workerId, this.#options, this.#connections).open();
  }

  /** Ends the links of a worker whose key was revoked or that was removed, also one that has not greeted yet. */
  refuse(workerId: string, reason: string): void {
    for (const session of this.#connections.opened)
      if (session.workerId === workerId) session.end(CLOSE.keyRefused, 'key_refused', reason);
  }

  /** Ends all links for good: this coordinator stood in for another, which is there again. */
  sendHome(reason: string): void {
    this.#goingHome = reason;
    for (const session of this.#connections.opened) session.end(CLOSE.goHome, 'go_home', reason);
  }

  /** Reads a worker's settings again after they were changed, and tells it its new intent. */
  async refresh(workerId: string): Promise<void> {
    await this.#connections.sessions.get(workerId)?.refresh();
  }

  /** Tells all agents at which pace to send from now on. */
  tellPace(): void {
    for (const session of this.#connections.sessions.values()) session.tellPace();
  }

  /** The oldest version that is taken is another: agents that are too old get nothing new, and their links end when nothing runs there. */
  async checkVersions(): Promise<void> {
    await Promise.all([...this.#connections.sessions.values()].map((session) => session.refresh()));
  }

  /** For a graceful stop: agents reconnect when the coordinator is back. */
  closeAll(): void {
    this.#stopping = true;
    for (const session of this.#connections.opened) session.close();
  }
}
