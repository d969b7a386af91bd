/** Why a workspace could not be made ready. The message is for people and says what to do; `code` is for programs. */
export class WorkspaceError extends Error {
  override readonly name = 'WorkspaceError';
  readonly code: WorkspaceErrorCode;
  /** Not worth another try on another machine: the fault lies in what was sent. */
  readonly permanent: boolean;

  constructor(code: WorkspaceErrorCode, message: string, options: ErrorOptions & { permanent?: boolean } = {}) {
    super(message, options);
    this.code = code;
    this.permanent = options.permanent ?? false;
  }
}

export type WorkspaceErrorCode =
  /** The tree, or the project's folder in it, is not what it must be. */
  | 'bad-source'
  /** The owner of this machine has not allowed it. */
  | 'not-allowed'
  /** The coordinator or the git server could not hand it over. */
  | 'unreachable'
  | 'install-failed'
  | 'playwright-missing'
  | 'disk-full';
