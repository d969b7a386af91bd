/** The time without the coordinator: who may stand in for it, what came home, and on a promoted one how far it is on its way. */
import { useMayEverywhere } from '../fleet/access.ts';
import { useOffline } from '../fleet/offline.ts';
import { ErrorState, Skeleton } from '../ui/states.tsx';
import { Copies } from './offline-copies.tsx';
import { Merged } from './offline-merged.tsx';
import { PromotionState } from './offline-promotion.tsx';
import styles from './settings.module.css';

export function Offline() {
  const { data, error, refetch } = useOffline();
  const mayAll = useMayEverywhere('admin');
  // Of one that has ended, what was last heard stays in sight; the notice above says so.
  if (error && !data?.promotion) return <ErrorState error={error} onRetry={() => void refetch()} />;
  if (!data) return <Skeleton rows={6} />;
  return (
    <div className={styles.stack}>
      {data.promotion && <PromotionState promotion={data.promotion} mayEnd={mayAll} />}
      {!data.promotion && <Copies copies={data.copies} mayChange={mayAll} />}
      {!data.promotion && <Merged mayDecide={mayAll} />}
    </div>
  );
}
