/** Lets workers open their WebSocket. Requests that become one do not pass through the app, so what it does for others is done here. */
import type { IncomingMessage } from 'node:http';
import type { DenialLog } from '../audit/denials.ts';
import { toActor } from '../audit/record.ts';
import { checkAccess, forbidden, type Principal, type WorkerPrincipal } from '../http/principal.ts';
import type { RateLimits } from '../http/rate-limits.ts';
import { Refusal } from '../http/refusal.ts';
import { secretIn } from './authentication.ts';
import type { Authenticator } from './authenticator.ts';
import { isDenial, isFailedSignIn } from './denied.ts';

export interface UpgradeGuard {
  authenticator: Authenticator;
  denials: DenialLog;
  limits: RateLimits;
}

/** The id of the worker that asks; throws the Refusal otherwise. */
export async function workerOf(request: IncomingMessage, guard: UpgradeGuard): Promise<string> {
  const { authenticator, denials, limits } = guard;
  const address = request.socket.remoteAddress;
  const secret = secretIn(request.headers);
  let principal: Principal | null = null;
  try {
    // Agents are no browsers. Cookies open nothing here either; this is for whatever else a page might find to show.
    if (request.headers.origin !== undefined) throw forbidden('Pages may not open this WebSocket.');
    if (secret !== null) principal = await authenticator.identify(secret);
    if (secret !== null && principal === null) limits.checkGuessing(address);
    limits.check(principal, address, 'GET', '/api/v1/link');
    checkAccess(principal, 'worker');
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const { status, code } = error;
    const credential = secret !== null;
    if (isFailedSignIn({ status, code, credential })) limits.failed(address);
    if (isDenial({ status, code, credential })) {
      denials.note({ ...toActor(principal, address), request: 'GET /api/v1/link', status, code });
    }
    throw error;
  }
  return (principal as WorkerPrincipal).workerId;
}
