/** What the agent's data folder tells of the time without its coordinator. */
import type { CopyFacts } from '../../../../shared/protocol/desktop/offline.ts';
import { statementClaims } from '../../../../shared/protocol/offline/promotion.ts';
import { activeId, readStandIns } from '../../../agent/coordinators/remembered.ts';
import { standInOf, type AwayCoordinator } from '../../../agent/coordinators/stand-ins.ts';
import { readCopyState } from '../../../agent/offline/copy-state.ts';
import { placesIn } from '../../../agent/offline/places.ts';
import { sealedBy } from '../../../agent/offline/sealed-copy.ts';

export interface WorkerFiles {
  copy: CopyFacts | null;
  /** What its coordinator has said of itself; null: nothing yet, and then nobody can prove to stand in for it. */
  home: { origin: string; signingKey: string } | null;
  /** Who stands in for it, where the agent works for them; null: it works for that itself. */
  followed: AwayCoordinator | null;
}

export const NOTHING_KNOWN: WorkerFiles = { copy: null, home: null, followed: null };

/** `folder`: of one coordinator. @throws AgentError where a file is damaged. */
export async function readWorkerFiles(folder: string): Promise<WorkerFiles> {
  const places = placesIn(folder);
  const state = await readCopyState(places.copyState);
  const by = state && (await sealedBy(places.copy));
  const standIns = readStandIns(folder, activeId(folder));
  const copy = state && {
    at: state.fresh_at,
    tests: state.tests,
    secrets: state.secrets,
    until: statementClaims.parse(JSON.parse(state.statement.claims)).expires_at,
    problem: state.problem,
    key: by === 'given' ? ('safe' as const) : ('file' as const),
  };
  return { copy, home: standIns.home, followed: standInOf(standIns) };
}
