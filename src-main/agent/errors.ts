/** Ends the agent, with a message for its owner that says what to do. Never holds a key or a token. */
export class AgentError extends Error {
  override readonly name = 'AgentError';
  readonly exitCode: number;

  constructor(message: string, exitCode: number, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
  }
}

/** The coordinator does not know this worker's key, or does not any more. */
export class KeyRefused extends AgentError {}

export const EXIT = {
  ok: 0,
  /** Our own fault: should never be seen. */
  internal: 1,
  /** It could not begin: settings, data folder, enrolment. Mend it and start again. */
  cannotStart: 2,
  /** The coordinator does not accept this worker (any more): starting again does not help. */
  refused: 3,
  /** It worked for a promoted coordinator, which has ended. */
  sentHome: 4,
  /** Another version was put in its place: whoever started it starts that one. */
  updated: 75,
} as const;
