import { useQuery } from '@tanstack/react-query';
import { Download, ExternalLink, FileText, Play } from 'lucide-react';
import { useState, type ReactNode } from 'react';
import { Ansi } from '../ui/ansi.tsx';
import { Button } from '../ui/button.tsx';
import { useLanguage, useMessages } from '../ui/i18n.ts';
import { ErrorState, Skeleton } from '../ui/states.tsx';
import type { Attachment, Attempt } from './attachment-kind.ts';
import { sortAttachments } from './attachment-kind.ts';
import styles from './attachments.module.css';
import { ImageComparison } from './image-comparison.tsx';
import { Lightbox } from './lightbox.tsx';
import { messages } from './messages.ts';
import { sizeText } from './size-text.ts';

interface AttachmentsProps {
  attempt: Attempt;
  run: string;
  testId: string;
  onTrace: (trace: Attachment) => void;
}

/** What the attempt left behind, each kind in its own way. Its bytes come from the content origin alone. */
export function Attachments({ attempt, run, testId, onTrace }: AttachmentsProps) {
  const t = useMessages(messages);
  const [shown, setShown] = useState<number | null>(null);
  const sorted = sortAttachments(attempt.attachments);
  const images = sorted.images.filter(({ content_url }) => content_url !== null);
  const videos = sorted.videos.filter(({ content_url }) => content_url !== null);
  const waiting = [...sorted.images, ...sorted.videos].filter(({ content_url }) => content_url === null);
  const rest = [...waiting, ...sorted.others];
  return (
    <>
      {sorted.comparisons.map((comparison) => (
        <ImageComparison
          key={comparison.name}
          comparison={comparison}
          attempt={attempt}
          run={run}
          testId={testId}
          alone={sorted.comparisons.length === 1}
        />
      ))}
      {images.length > 0 && (
        <ul className={styles.images} aria-label={t('screenshots')}>
          {images.map((image, index) => (
            <li key={index}>
              <button
                type="button"
                className={styles.image}
                aria-label={t('showScreenshot', { name: image.name })}
                onClick={() => setShown(index)}
              >
                <img src={image.content_url ?? ''} alt="" loading="lazy" />
                <span>{image.name}</span>
              </button>
            </li>
          ))}
        </ul>
      )}
      {videos.map((video, index) => (
        <Video key={index} video={video} />
      ))}
      {sorted.traces.length + sorted.texts.length + rest.length > 0 && (
        <ul className={styles.files} aria-label={t('files')}>
          {sorted.traces.map((trace, index) => (
            <FileRow key={`trace ${index}`} file={trace}>
              {trace.content_url !== null && (
                <Button look="quiet" icon={<Play size={14} aria-hidden />} onClick={() => onTrace(trace)}>
                  {t('openTrace')}
                </Button>
              )}
            </FileRow>
          ))}
          {sorted.texts.map((text, index) => (
            <TextFile key={`text ${index}`} file={text} />
          ))}
          {rest.map((file, index) => (
            <FileRow key={`other ${index}`} file={file} />
          ))}
        </ul>
      )}
      {shown !== null && <Lightbox images={images} at={shown} onMove={setShown} onClose={() => setShown(null)} />}
    </>
  );
}

function Video({ video }: { video: Attachment }) {
  const t = useMessages(messages);
  return (
    <video
      className={styles.video}
      src={video.content_url ?? ''}
      controls
      preload="metadata"
      aria-label={t('videoOf', { name: video.name })}
    />
  );
}

function FileRow({ file, children, below }: { file: Attachment; children?: ReactNode; below?: ReactNode }) {
  const t = useMessages(messages);
  const language = useLanguage();
  const url = file.content_url;
  return (
    <li>
      <div className={styles.file}>
        <FileText size={14} aria-hidden />
        <span className={styles.name}>{file.name}</span>
        <span className="muted">{sizeText(file.size, language)}</span>
        {children}
        {url === null ? (
          <span className="muted">
            {file.missing === undefined ? t('notArrived') : t('missing', { why: file.missing })}
          </span>
        ) : (
          <>
            <a href={url} target="_blank" rel="noreferrer" aria-label={t('openFile', { name: file.name })}>
              <ExternalLink size={14} aria-hidden />
            </a>
            <a href={`${url}?download`} aria-label={t('download', { name: file.name })}>
              <Download size={14} aria-hidden />
            </a>
          </>
        )}
      </div>
      {below}
    </li>
  );
}

/** Read when it is opened. */
function TextFile({ file }: { file: Attachment }) {
  const t = useMessages(messages);
  const [open, setOpen] = useState(false);
  const url = file.content_url;
  return (
    <FileRow file={file} below={open && url !== null && <TextContent url={url} file={file} />}>
      {url !== null && (
        <Button look="quiet" aria-expanded={open} onClick={() => setOpen(!open)}>
          {open ? t('hideText') : t('showText')}
        </Button>
      )}
    </FileRow>
  );
}

function TextContent({ url, file }: { url: string; file: Attachment }) {
  const t = useMessages(messages);
  const { data, error, refetch } = useQuery({
    queryKey: ['attachment', file.sha256],
    queryFn: async ({ signal }) => {
      const answer = await fetch(url, { signal });
      if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
      return shownAs(await answer.text(), file.contentType);
    },
    staleTime: Infinity,
  });
  if (error) return <ErrorState error={error} onRetry={() => void refetch()} />;
  if (data === undefined) return <Skeleton rows={2} />;
  return (
    <pre className={styles.text} tabIndex={0} aria-label={t('textOf', { name: file.name })}>
      <Ansi text={data} />
    </pre>
  );
}

function shownAs(text: string, contentType: string): string {
  if (!contentType.startsWith('application/json')) return text;
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    // What says to be JSON need not be.
    return text;
  }
}
