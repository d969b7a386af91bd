import { Download, ExternalLink } from 'lucide-react';
import { CodeBlock } from '../ui/code-block.tsx';
import { useMessages } from '../ui/i18n.ts';
import { traceViewerUrl } from './attachment-kind.ts';
import { FullScreen } from './full-screen.tsx';
import { messages } from './messages.ts';
import styles from './trace-view.module.css';

interface TraceViewProps {
  /** Signed address of the trace. */
  url: string;
  /** Of the attempt. */
  number: number;
  onClose: () => void;
}

/** Playwright's trace viewer over the whole window. It runs on the content origin: it cannot reach this page, nor the API. */
export function TraceView({ url, number, onClose }: TraceViewProps) {
  const t = useMessages(messages);
  const title = t('traceTitle', { number });
  const links = (
    <>
      <a className={styles.link} href={traceViewerUrl(url)} target="_blank" rel="noreferrer">
        <ExternalLink size={14} aria-hidden /> {t('traceFull')}
      </a>
      <a className={styles.link} href={`${url}?download`}>
        <Download size={14} aria-hidden /> {t('traceDownload')}
      </a>
    </>
  );
  return (
    <FullScreen title={title} actions={links} onClose={onClose}>
      {isSecureContext ? (
        <iframe
          className={styles.frame}
          title={title}
          src={traceViewerUrl(url)}
          // With its own origin it has its service worker; it is another one than ours.
          sandbox="allow-scripts allow-same-origin allow-downloads allow-popups allow-popups-to-escape-sandbox"
          allow="clipboard-write"
        />
      ) : (
        <div className={styles.insecure}>
          <h2>{t('traceInsecure')}</h2>
          <p>{t('traceInsecureWhy')}</p>
          <CodeBlock text={`npx playwright show-trace '${url}'`} />
        </div>
      )}
    </FullScreen>
  );
}
