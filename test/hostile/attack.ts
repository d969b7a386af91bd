/** What is tried against a real coordinator and real workers, and what became of it. */
import { problem } from '../../shared/protocol/rest/common.ts';

/** The coordinator that is attacked, as its admin sees it. */
export interface Target {
  url: string;
  contentUrl: string;
  dataDir: string;
  adminToken: string;
  /** As the admin; `path` below the coordinator's address, `body` as JSON. */
  request(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Response>;
  joinToken(): Promise<string>;
  enrol(hostname: string): Promise<{ workerId: string; apiKey: string }>;
}

export interface Arena {
  target: Target;
  /** Empty, for the attackers' files; removed at the end. */
  folder: string;
  /** Cleans up when all attacks of a family are over. */
  after: (cleanUp: () => unknown) => void;
}

export interface Attack {
  /** What is tried. */
  attack: string;
  /** Tries it. Resolves to what stopped it; throws where nothing did. */
  run: () => Promise<string>;
  /** Nothing stops it among processes of one user: it resolves to what follows from that. */
  trusted?: true;
}

export type Family = (arena: Arena) => Attack[] | Promise<Attack[]>;

export interface Outcome {
  attack: string;
  /** What stopped it; null where it got through. */
  stoppedBy: string | null;
  /** How it got through, or what kept it from being tried. */
  failure: string | null;
  /** It is not stopped, and said not to be. */
  trusted: boolean;
}

/** No attack may keep the others from being tried. */
const ATTACK_MS = 180_000;

export async function carryOut(attacks: readonly Attack[]): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const { attack, run, trusted = false } of attacks) {
    try {
      outcomes.push({ attack, stoppedBy: await within(ATTACK_MS, run()), failure: null, trusted });
    } catch (error) {
      const failure = error instanceof Error ? error.message : String(error);
      outcomes.push({ attack, stoppedBy: null, failure, trusted });
    }
  }
  return outcomes;
}

async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`it did not come to an end within ${ms / 1000} s`)), ms);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

export function must(holds: boolean, otherwise: string): asserts holds {
  if (!holds) throw new Error(otherwise);
}

/** Throws unless the answer is a problem with one of these statuses; resolves to what it says. */
export async function refused(answer: Response, ...statuses: number[]): Promise<string> {
  const text = await answer.text();
  must(statuses.includes(answer.status), `was answered ${answer.status} ${text.slice(0, 200)}`);
  const parsed = problem.safeParse(json(text));
  must(parsed.success, `${answer.status} without a problem: ${text.slice(0, 200)}`);
  return `${answer.status} ${parsed.data.code}`;
}

/** The body of a good answer. */
export async function good<T>(answer: Response): Promise<T> {
  const text = await answer.text();
  must(answer.ok, `was answered ${answer.status} ${text.slice(0, 300)}`);
  return JSON.parse(text) as T;
}

/** Runs it and resolves to the message it throws; throws where it does not, or where the message is another. */
export async function throwing(work: () => unknown, pattern: RegExp): Promise<string> {
  let message: string;
  try {
    await work();
  } catch (error) {
    message = error instanceof Error ? error.message : String(error);
    must(pattern.test(message), `stopped by something else: ${message}`);
    return message.slice(0, 120);
  }
  throw new Error('nothing stopped it');
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
