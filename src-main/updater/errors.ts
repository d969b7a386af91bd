/** An update could not be looked for, loaded or installed. The message is for people, and says what to do where they can do something. */
export class UpdateError extends Error {
  override readonly name = 'UpdateError';
  readonly code: 'unreachable' | 'disk_full' | 'damaged' | 'install_failed';

  constructor(code: UpdateError['code'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
