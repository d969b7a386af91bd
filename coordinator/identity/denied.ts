/** Which refusals say something about whom they refused. */

export interface Refused {
  status: number;
  code: string;
  /** A token, key or cookie was shown. */
  credential: boolean;
}

/** A secret was shown, or spent, that does not work. */
export const isFailedSignIn = ({ status, code, credential }: Refused): boolean =>
  status === 401 && (credential || code === 'token_refused' || code === 'sign_in_failed');

/** What belongs into the audit log. Somebody who shows nothing at all (a page before its sign-in, a health check) is no news. */
export const isDenial = (refused: Refused): boolean =>
  refused.status === 403 || refused.status === 429 || isFailedSignIn(refused);
