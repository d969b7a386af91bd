import { ChevronLeft, ChevronRight, Download, Maximize, Minimize } from 'lucide-react';
import { useState, type KeyboardEvent } from 'react';
import { IconButton } from '../ui/button.tsx';
import { cx } from '../ui/class-names.ts';
import { useMessages } from '../ui/i18n.ts';
import type { Attachment } from './attachment-kind.ts';
import { FullScreen } from './full-screen.tsx';
import styles from './lightbox.module.css';
import { messages } from './messages.ts';

const ICON = { size: 16, 'aria-hidden': true } as const;

interface LightboxProps {
  images: readonly Attachment[];
  at: number;
  onMove: (at: number) => void;
  onClose: () => void;
}

/** Pictures one at a time over the whole window: arrow keys move on, `f` shows every pixel. */
export function Lightbox({ images, at, onMove, onClose }: LightboxProps) {
  const t = useMessages(messages);
  const [full, setFull] = useState(false);
  const image = images[at];
  if (image?.content_url == null) return null;
  const move = (step: number) => onMove((at + step + images.length) % images.length);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'ArrowRight') move(1);
    else if (event.key === 'ArrowLeft') move(-1);
    else if (event.key === 'f') setFull(!full);
  };
  const actions = (
    <>
      <span className="muted" aria-live="polite">
        {t('imageAt', { at: at + 1, n: images.length })}
      </span>
      {images.length > 1 && (
        <>
          <IconButton label={t('previous')} icon={<ChevronLeft {...ICON} />} onClick={() => move(-1)} />
          <IconButton label={t('next')} icon={<ChevronRight {...ICON} />} onClick={() => move(1)} />
        </>
      )}
      <IconButton
        label={full ? t('fitImage') : t('fullImage')}
        icon={full ? <Minimize {...ICON} /> : <Maximize {...ICON} />}
        onClick={() => setFull(!full)}
      />
      <a href={`${image.content_url}?download`} aria-label={t('download', { name: image.name })}>
        <Download {...ICON} />
      </a>
    </>
  );
  return (
    <FullScreen title={image.name} actions={actions} onClose={onClose} onKeyDown={onKeyDown}>
      <div className={styles.stage} tabIndex={full ? 0 : undefined}>
        <img
          className={cx(styles.image, full && styles.full)}
          src={image.content_url}
          alt={t('screenshotOf', { name: image.name })}
        />
      </div>
    </FullScreen>
  );
}
