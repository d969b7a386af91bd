/** Finding and joining coordinators (src-main/joining), as the app asks for it. */
import type { Clock } from '../../../shared/base/clock.ts';
import type { FoundCoordinator } from '../../../shared/protocol/desktop/wizard.ts';
import { Discovery } from '../../joining/discover.ts';
import { joinByCode, lineOf } from '../../joining/join-by-code.ts';
import type { Joining } from './ports.ts';
import { DesktopRefusal } from './refusal.ts';

const LOOK_MS = 6_000;

/** `socket`: of multicast DNS, in tests. */
export function createJoining(clock: Clock, socket?: object): Joining {
  return {
    async discover(onFound) {
      let trouble: Error | null = null;
      const list = (): FoundCoordinator[] =>
        discovery.found.map(({ name, address, version }) => ({ name, address, version }));
      const discovery: Discovery = new Discovery({
        clock,
        ...(socket === undefined ? {} : { socket }),
        onChange: () => onFound(list()),
        onTrouble: (error) => (trouble = error),
      });
      try {
        await new Promise<void>((resolve) => clock.after(LOOK_MS, resolve));
        const found = list();
        if (found.length === 0 && trouble !== null)
          throw new DesktopRefusal(
            'no_lan',
            `This computer cannot look around on its network: ${(trouble as Error).message}. Type the address instead.`,
          );
        return found;
      } finally {
        await discovery.close();
      }
    },
    redeem: async (asked) => lineOf(await joinByCode(asked)),
  };
}
