/** Who stands in for the active coordinator, as the page reaches it: the agent follows by itself, and the dashboard goes along. */
import type { StandIn } from '../../../../shared/protocol/desktop/offline.ts';
import type { AwayCoordinator } from '../../../agent/coordinators/stand-ins.ts';
import type { Credentials } from '../../page/credentials.ts';
import type { Target } from '../../page/proxy.ts';
import { contentUrlOf, type EnrolmentDeps } from '../enrolment.ts';
import { DesktopRefusal } from '../refusal.ts';

export interface FollowedDeps extends Pick<EnrolmentDeps, 'clock' | 'random'> {
  credentials: Credentials;
  report: (error: unknown, during: string) => void;
}

const idOf = ({ origin }: AwayCoordinator): string => `stand-in ${origin}`;

export class Followed {
  readonly #deps: FollowedDeps;
  #at: AwayCoordinator | null = null;
  #contentUrl: string | null = null;

  constructor(deps: FollowedDeps) {
    this.#deps = deps;
  }

  get view(): (StandIn & { since: number }) | null {
    return this.#at && { name: this.#at.name, address: this.#at.url, since: this.#at.since };
  }

  /** Where the page's requests go instead; null: nowhere else. */
  get target(): Target | null {
    return this.#at && { id: idOf(this.#at), url: this.#at.url, pin: this.#at.pin };
  }

  /** Where its attachments come from; null: not known. */
  get contentUrl(): string | null {
    return this.#contentUrl;
  }

  /** `token`: of this app there; null: it has none yet, and its person may have to sign in. */
  async set(to: AwayCoordinator | null, token: string | null): Promise<void> {
    const { credentials, report } = this.#deps;
    const before = this.#at;
    if (before !== null && before.origin !== to?.origin) await credentials.forget(idOf(before));
    if (to !== null && token !== null && credentials.tokenOf(idOf(to)) !== token)
      await credentials.setToken(idOf(to), token).catch((error: unknown) => report(error, `signing in at ${to.url}`));
    if (before?.url !== to?.url || before?.pin !== to?.pin) this.#contentUrl = null;
    this.#at = to;
    if (to !== null && this.#contentUrl === null) this.#contentUrl = await this.#askContentUrl(to);
  }

  /** It may be on its way up: whoever looks again asks again. */
  #askContentUrl(at: AwayCoordinator): Promise<string | null> {
    return contentUrlOf(at, 'address', this.#deps).catch((error: unknown) => {
      if (error instanceof DesktopRefusal) return null;
      throw error;
    });
  }
}
