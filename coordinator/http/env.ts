/** What every handler finds in its context. */
import type { HttpBindings } from '@hono/node-server';
import type { Logger } from 'pino';
import type { Principal } from './principal.ts';
import type { Scope } from './scope.ts';

export interface AppEnv {
  Bindings: HttpBindings;
  Variables: {
    /** Also in the header x-request-id, in the log, and in `instance` of a problem. */
    requestId: string;
    log: Logger;
    /** A credential was shown, whatever it is worth. */
    credential: boolean;
    /** null: no credential, or none that is known. */
    principal: Principal | null;
    /** Where the caller sees and may do what the route does; set by its guard. */
    scope: Scope;
    /** Whether the credential would still do now, and for the same teams: for answers that go on for long. */
    stillKnown: () => Promise<boolean>;
  };
}
