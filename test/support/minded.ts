/** The real agent's process as the program that has started it sees it, over its IPC channel. */
import type { ChildProcess } from 'node:child_process';
import {
  CONTROL_VERSION,
  controlMessage,
  type AgentCommand,
  type AgentStatus,
  type ControlAnswer,
  type ControlRequest,
} from '../../shared/protocol/desktop/agent.ts';

export class Minded {
  readonly pid: number;
  /** All that it has said of itself. */
  readonly statuses: AgentStatus[] = [];
  readonly #child: ChildProcess;
  #id = 0;
  #wake: (() => void)[] = [];
  readonly #answers = new Map<number | null, (answer: ControlAnswer) => void>();

  /** `child` was started with an IPC channel. */
  constructor(child: ChildProcess) {
    this.#child = child;
    this.pid = child.pid ?? 0;
    child.on('message', (input) => {
      const message = controlMessage.parse(input);
      if (message.type === 'status') this.statuses.push(message.status);
      else this.#answers.get(message.id)?.(message.answer);
      for (const wake of this.#wake.splice(0)) wake();
    });
    child.once('exit', () => {
      for (const wake of this.#wake.splice(0)) wake();
    });
  }

  /** @throws Error where the agent refuses. */
  async ask(command: AgentCommand): Promise<Extract<ControlAnswer, { ok: true }>> {
    const request: ControlRequest = { playfleet: 'control', v: CONTROL_VERSION, id: ++this.#id, command };
    const answer = await this.say(request, request.id);
    if (!answer.ok) throw new Error(`the agent refuses ${command.type}: ${answer.error.message}`);
    return answer;
  }

  /** Sends anything, and resolves with what is answered to `id`. */
  say(message: object | string | number, id: number | null): Promise<ControlAnswer> {
    const answered = new Promise<ControlAnswer>((resolve) => this.#answers.set(id, resolve));
    this.#child.send(message);
    return answered;
  }

  /** Resolves with the first status from now on, the present one included, that is wanted. */
  async until(wanted: (status: AgentStatus) => boolean): Promise<AgentStatus> {
    for (let from = Math.max(0, this.statuses.length - 1); ;) {
      const found = this.statuses.slice(from).find(wanted);
      if (found) return found;
      from = this.statuses.length;
      const { exitCode, signalCode } = this.#child;
      if (exitCode !== null || signalCode !== null)
        throw new Error(
          `the agent has ended (${exitCode ?? signalCode}); it said last ${JSON.stringify(this.statuses.at(-1))}`,
        );
      await new Promise<void>((resolve) => this.#wake.push(resolve));
    }
  }
}
