import type { Worker } from '../../shared/protocol/rest/workers.ts';
import { browserTitle, bytesText, systemName } from '../parts/units.ts';
import { useLanguage, useMessages } from '../ui/i18n.ts';
import { Facts } from '../ui/page.tsx';
import { Sign } from '../ui/status.tsx';
import { messages } from './messages.ts';
import styles from './worker.module.css';

/** What the machine has, and how that was found. */
export function Capabilities({ worker }: { worker: Worker }) {
  const t = useMessages(messages);
  const language = useLanguage();
  const has = worker.capabilities;
  const extra = Object.entries(has.extra);
  return (
    <>
      <p className={styles.how}>{t('capabilitiesHow')}</p>
      <Facts
        items={[
          [t('platform'), `${systemName(has.platform)} ${has.platform_version}`],
          [t('model'), `${t('cores', { n: has.cpus })} ${has.arch} ${has.cpu_model}`],
          [t('memory'), bytesText(has.memory_bytes, language)],
          ...(has.disk_free_bytes === null ? [] : [[t('diskFree'), bytesText(has.disk_free_bytes, language)] as const]),
          [t('browsers'), <Browsers key="browsers" worker={worker} />],
          [t('displays'), String(has.displays)],
          [t('node'), has.node_version || '–'],
          [t('fingerprint'), worker.fingerprint ?? '–'],
          ...(extra.length === 0 ? [] : [[t('extra'), <code key="extra">{JSON.stringify(has.extra)}</code>] as const]),
        ]}
      />
    </>
  );
}

function Browsers({ worker }: { worker: Worker }) {
  const t = useMessages(messages);
  const { browsers, missing_browsers: missing } = worker.capabilities;
  return (
    <ul>
      {Object.entries(browsers).map(([name, { version, how }]) => (
        <li key={name}>
          <Sign tone="passed" /> {browserTitle(name)} {version}{' '}
          <span className="muted">{`${t(how === 'system' ? 'browserSystem' : 'browserInstalled')}, ${t('browserLaunched')}`}</span>
        </li>
      ))}
      {Object.entries(missing).map(([name, why]) => (
        <li key={name}>
          <Sign tone="skipped" /> {browserTitle(name)} <span className="muted">{why}</span>
        </li>
      ))}
      {Object.keys(browsers).length + Object.keys(missing).length === 0 && t('none')}
    </ul>
  );
}
