/** An address as a picture that phones and cameras read. Made here: nothing of it leaves the browser. */
import { lazy, Suspense } from 'react';

const Picture = lazy(() => import('./qr-picture.tsx').then(({ QrPicture }) => ({ default: QrPicture })));

/** `label` says what it leads to. Loaded when it is first shown. */
export function QrCode({ text, label }: { text: string; label: string }) {
  return (
    <Suspense>
      <Picture text={text} label={label} />
    </Suspense>
  );
}
