/** The one way from a page's question to an answer: name and argument are checked, whatever is thrown becomes a problem. */
import type { z } from 'zod';
import { desktopCalls, type DesktopAnswer, type Gives } from '../../../shared/protocol/desktop/api.ts';
import type { DesktopAsk } from '../../../shared/protocol/desktop/calls.ts';
import { problemOf } from './refusal.ts';

export type Handlers = {
  [K in DesktopAsk]: (argument: z.output<(typeof desktopCalls)[K]['takes']>) => Gives<K> | Promise<Gives<K>>;
};

export async function answerCall(
  handlers: Handlers,
  name: DesktopAsk,
  argument: unknown,
  report: (error: unknown, during: string) => void,
): Promise<DesktopAnswer> {
  const { takes, gives } = desktopCalls[name];
  const parsed = takes.safeParse(argument);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const field = issue?.path.map(String).join('.') || null;
    const message = `${field ?? name}: ${issue?.message ?? 'not understood'}`;
    return { ok: false, problem: { code: 'bad_argument', message, field } };
  }
  try {
    const handler = handlers[name] as (argument: unknown) => unknown;
    // What the contract does not name does not leave the app.
    return { ok: true, value: gives.parse(await handler(parsed.data)) };
  } catch (error) {
    const problem = problemOf(error);
    if (problem !== null) return { ok: false, problem };
    report(error, name);
    return {
      ok: false,
      problem: { code: 'internal', message: 'The app could not do this; its log says why.', field: null },
    };
  }
}
