import { useMemo } from 'react';
import type { Worker } from '../../shared/protocol/rest/workers.ts';
import { browserTitle, systemName } from '../parts/units.ts';
import { useMessages } from '../ui/i18n.ts';
import { EmptyState } from '../ui/states.tsx';
import { availability, type Availability } from './groups.ts';
import { messages } from './messages.ts';
import styles from './workers.module.css';

/** Which browsers there are on which systems, and how much of them is free. */
export function Hardware({ workers }: { workers: readonly Worker[] }) {
  const t = useMessages(messages);
  const cells = useMemo(() => availability(workers), [workers]);
  if (cells.length === 0) return <EmptyState title={t('availabilityNone')} command="playfleet doctor" />;
  const browsers = [...new Set(cells.map(({ browser }) => browser))];
  const platforms = [...new Set(cells.map(({ platform }) => platform))];
  const at = (browser: string, platform: string) =>
    cells.find((cell) => cell.browser === browser && cell.platform === platform);
  return (
    <div className={styles.scroll} tabIndex={0} role="region" aria-label={t('hardware')}>
      <p className="muted">{t('availabilityWhy')}</p>
      <table className={styles.hardware} aria-label={t('hardware')}>
        <thead>
          <tr>
            <th scope="col">{t('browser')}</th>
            {platforms.map((platform) => (
              <th scope="col" key={platform}>
                {systemName(platform)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {browsers.map((browser) => (
            <tr key={browser}>
              <th scope="row">{browserTitle(browser)}</th>
              {platforms.map((platform) => (
                <td key={platform}>
                  <Cell cell={at(browser, platform)} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Cell({ cell }: { cell: Availability | undefined }) {
  const t = useMessages(messages);
  if (!cell) return <span className="muted">–</span>;
  return (
    <>
      <span className={cell.free > 0 ? undefined : 'muted'}>{t('free', { free: cell.free, all: cell.slots })}</span>
      {cell.away > 0 && <div className="muted">{t('availabilityAway', { n: cell.away })}</div>}
    </>
  );
}
