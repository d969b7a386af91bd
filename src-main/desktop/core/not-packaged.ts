/** Parts of an app that was not installed by a package: a checkout is updated by git. */
import type { UpdateState } from '../../../shared/protocol/desktop/state.ts';
import { DesktopRefusal } from './refusal.ts';
import type { Updating } from './ports.ts';

const WHY = 'This copy was not installed by a package, so it does not update itself.';

export function noUpdates(): Updating {
  const state: UpdateState = {
    state: 'unsupported',
    version: null,
    percent: null,
    waitingFor: null,
    problem: WHY,
    checkedAt: null,
  };
  const refuse = (): never => {
    throw new DesktopRefusal('unsupported', WHY);
  };
  return {
    state,
    onChange: () => undefined,
    start: () => undefined,
    check: async () => refuse(),
    install: async () => refuse(),
    stop: () => undefined,
    wake: () => undefined,
    leave: () => false,
  };
}
