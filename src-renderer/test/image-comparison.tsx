import { useEffect, useState } from 'react';
import { Button } from '../ui/button.tsx';
import { cx } from '../ui/class-names.ts';
import { useLanguage, useMessages } from '../ui/i18n.ts';
import { Sign } from '../ui/status.tsx';
import { AcceptScreenshot } from './accept-screenshot.tsx';
import type { Attempt, Comparison } from './attachment-kind.ts';
import styles from './image-comparison.module.css';
import { pixelsOf } from './image-size.ts';
import { messages } from './messages.ts';

type Mode = 'slider' | 'sides' | 'blink' | 'diff';
const MODES = [
  ['slider', 'modeSlider'],
  ['sides', 'modeSides'],
  ['blink', 'modeBlink'],
  ['diff', 'modeDiff'],
] as const satisfies readonly (readonly [Mode, string])[];

interface Size {
  width: number;
  height: number;
}

interface ImageComparisonProps {
  comparison: Comparison;
  attempt: Attempt;
  run: string;
  testId: string;
  /** It is the only one of the attempt. */
  alone: boolean;
}

/** A screenshot beside what was expected, in four ways of seeing what is different. */
export function ImageComparison({ comparison, attempt, run, testId, alone }: ImageComparisonProps) {
  const t = useMessages(messages);
  const language = useLanguage();
  const [mode, setMode] = useState<Mode>('slider');
  const [sizes, setSizes] = useState<{ expected?: Size; actual?: Size }>({});
  const { name, expected, actual, diff } = comparison;
  const urls = { expected: expected?.content_url ?? null, actual: actual.content_url, diff: diff?.content_url ?? null };
  const pixels = pixelsOf(
    attempt.errors.map(({ message }) => message),
    name,
    alone,
  );
  const sized = (part: 'expected' | 'actual') => (size: Size) => setSizes((before) => ({ ...before, [part]: size }));
  const text = ({ width, height }: Size) => t('sizes', { width: String(width), height: String(height) });
  const differ =
    sizes.expected &&
    sizes.actual &&
    (sizes.expected.width !== sizes.actual.width || sizes.expected.height !== sizes.actual.height);
  if (urls.actual === null) return <p className="muted">{`${name}: ${t('notArrived')}`}</p>;
  const both = urls.expected !== null;
  return (
    <figure className={styles.comparison} aria-label={t('comparison', { name })}>
      <figcaption className={styles.head}>
        <h3>
          <Sign tone="failed" /> {name}
        </h3>
        <span className="muted">
          {sizes.actual && text(sizes.actual)}
          {pixels &&
            ` · ${t('pixels', { n: pixels.pixels })} · ${t('pixelShare', { percent: percent(pixels.share, language) })}`}
        </span>
        <span className={styles.spring} />
        {both && (
          <div className={styles.modes} role="group" aria-label={t('mode')}>
            {MODES.map(([id, word]) => (
              <button key={id} type="button" aria-pressed={mode === id} onClick={() => setMode(id)}>
                {t(word)}
              </button>
            ))}
          </div>
        )}
        <AcceptScreenshot run={run} id={`${testId}/${name}`} />
      </figcaption>
      {differ && sizes.expected && sizes.actual && (
        <p>
          <Sign tone="failed" /> {t('sizesDiffer', { expected: text(sizes.expected), actual: text(sizes.actual) })}
        </p>
      )}
      {!both ? (
        <>
          <p>{t('noExpected')}</p>
          <Picture url={urls.actual} name={t('actual')} onSize={sized('actual')} />
        </>
      ) : mode === 'slider' ? (
        <Slider
          expected={urls.expected!}
          actual={urls.actual}
          onExpected={sized('expected')}
          onActual={sized('actual')}
        />
      ) : mode === 'sides' ? (
        <div className={styles.sides}>
          <Picture url={urls.expected!} name={t('expectedValue')} shown onSize={sized('expected')} />
          <Picture url={urls.actual} name={t('actual')} shown onSize={sized('actual')} />
        </div>
      ) : mode === 'blink' ? (
        <Blink expected={urls.expected!} actual={urls.actual} />
      ) : urls.diff !== null ? (
        <Picture url={urls.diff} name={t('modeDiff')} />
      ) : (
        <div className={cx(styles.stack, styles.difference)}>
          <img src={urls.expected!} alt={t('expectedValue')} />
          <img className={styles.over} src={urls.actual} alt={t('actual')} />
        </div>
      )}
    </figure>
  );
}

const percent = (share: number, language: string): string =>
  (share * 100).toLocaleString(language, { maximumSignificantDigits: 2 });

interface PictureProps {
  url: string;
  name: string;
  /** The name stands over it. */
  shown?: boolean;
  onSize?: (size: Size) => void;
}

function Picture({ url, name, shown = false, onSize }: PictureProps) {
  const t = useMessages(messages);
  const [failed, setFailed] = useState(false);
  return (
    <div className={styles.picture}>
      {shown && <span className="muted">{name}</span>}
      {failed ? (
        <p>{t('pictureFailed')}</p>
      ) : (
        <img
          src={url}
          alt={name}
          onLoad={({ currentTarget }) =>
            onSize?.({ width: currentTarget.naturalWidth, height: currentTarget.naturalHeight })
          }
          onError={() => setFailed(true)}
        />
      )}
    </div>
  );
}

interface SliderProps {
  expected: string;
  actual: string;
  onExpected: (size: Size) => void;
  onActual: (size: Size) => void;
}

/** A range over the picture: dragged by mouse or finger, moved with the arrow keys. */
function Slider({ expected, actual, onExpected, onActual }: SliderProps) {
  const t = useMessages(messages);
  const [at, setAt] = useState(50);
  return (
    <div className={styles.stack}>
      <Picture url={expected} name={t('expectedValue')} onSize={onExpected} />
      <div className={styles.over} style={{ clipPath: `inset(0 0 0 ${at}%)` }}>
        <Picture url={actual} name={t('actual')} onSize={onActual} />
      </div>
      <span className={cx(styles.side, styles.left)} aria-hidden>
        {t('expectedValue')}
      </span>
      <span className={cx(styles.side, styles.right)} aria-hidden>
        {t('actual')}
      </span>
      <input
        className={styles.range}
        type="range"
        min={0}
        max={100}
        step={1}
        value={at}
        aria-label={t('sliderLabel')}
        aria-valuetext={`${100 - at} %`}
        onChange={(event) => setAt(Number(event.target.value))}
      />
      <span className={styles.handle} style={{ left: `${at}%` }} aria-hidden />
    </div>
  );
}

/** Slow enough to harm nobody. */
const BLINK_MS = 700;

function Blink({ expected, actual }: { expected: string; actual: string }) {
  const t = useMessages(messages);
  const [isActual, setIsActual] = useState(false);
  const [running, setRunning] = useState(() => !matchMedia('(prefers-reduced-motion: reduce)').matches);
  useEffect(() => {
    if (!running) return;
    const timer = setInterval(() => setIsActual((before) => !before), BLINK_MS);
    return () => clearInterval(timer);
  }, [running]);
  return (
    <div>
      <div className={styles.blinkBar}>
        <Button onClick={() => setRunning(!running)}>{running ? t('blinkStop') : t('blinkStart')}</Button>
        <Button look="quiet" aria-pressed={isActual} onClick={() => setIsActual(!isActual)}>
          {isActual ? t('actual') : t('expectedValue')}
        </Button>
      </div>
      <div className={styles.stack}>
        <img src={expected} alt={t('expectedValue')} />
        <img
          className={styles.over}
          src={actual}
          alt={t('actual')}
          style={{ visibility: isActual ? 'visible' : 'hidden' }}
        />
      </div>
    </div>
  );
}
