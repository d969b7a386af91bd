/** What the agent link needs of the rest of the coordinator, and of a WebSocket. */
import type { Clock } from '../../../shared/base/clock.ts';
import type { AgentMessage } from '../../../shared/protocol/link.ts';
import type { MachineMetrics } from '../../../shared/protocol/work.ts';
import type { Pace } from '../../load/rules/load.ts';
import type { Database, WriteHandle } from '../../storage/database.ts';
import type { FailureContext } from '../failure-context.ts';
import type { Fleet } from '../fleet.ts';
import type { Inflow } from '../inflow.ts';
import type { ReportQueue } from '../report-queue.ts';

/** The part of a `ws` WebSocket that the link uses. */
export interface LinkSocket {
  send(text: string): void;
  close(code: number, reason: string): void;
  terminate(): void;
  ping(): void;
  pause(): void;
  resume(): void;
  readonly bufferedAmount: number;
  on(event: 'message', listener: (data: { toString(): string }) => void): void;
  on(event: 'close' | 'pong', listener: () => void): void;
}

export interface LinkOptions {
  db: Database;
  fleet: Fleet;
  clock: Clock;
  coordinatorVersion: string;
  settings: () => {
    leaseMs: number;
    heartbeatMs: number;
    reconnectGraceMs: number;
    /** How long a worker's key works; null: for ever. */
    keyLifeMs: number | null;
    /** The oldest agent that is taken; null: any. */
    minimumAgentVersion: string | null;
  };
  failures: () => FailureContext;
  reports: Pick<ReportQueue, 'add'>;
  inflow: Inflow;
  /** Whose workers these are, and the key of its statements. `actsFor`: the origin that it stands in for. */
  offline: { origin: string; signingKey: string; actsFor: string | null };
  /** How often agents are to send what may be left out. */
  pace: () => Pace;
  onHeartbeat: (
    w: WriteHandle,
    workerId: string,
    metrics: MachineMetrics,
    running: number,
    now: number,
  ) => Promise<void>;
  onIntent: (
    w: WriteHandle,
    workerId: string,
    intent: 'active' | 'paused' | 'draining',
    reason: string,
    now: number,
  ) => Promise<void>;
  /** Live only: they may be dropped. */
  onProgress: (workerId: string, message: Extract<AgentMessage, { type: 'progress' }>) => void;
  onLog: (workerId: string, message: Extract<AgentMessage, { type: 'log' }>) => void;
  wake: () => void;
  /** The link of this worker is down. */
  onGone: (workerId: string) => void;
  log: { info(fields: object, text: string): void; warn(fields: object, text: string): void };
}
