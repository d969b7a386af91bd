import { Check } from 'lucide-react';
import { useAcceptScreenshots, useScreenshots } from '../fleet/test-detail.ts';
import { useMay } from '../fleet/me.ts';
import { Button } from '../ui/button.tsx';
import { useMessages } from '../ui/i18n.ts';
import { Badge } from '../ui/status.tsx';
import { toastDone, toastError } from '../ui/toast.tsx';
import { messages } from './messages.ts';
import { saveFile } from './save-file.ts';

/** Takes the actual picture over: the snapshot file comes as a download, for the source is not the coordinator's to change. */
export function AcceptScreenshot({ run, id }: { run: string; id: string }) {
  const t = useMessages(messages);
  const may = useMay('runner');
  const { data } = useScreenshots(run, true);
  const accept = useAcceptScreenshots();
  const known = data?.find((one) => one.id === id);
  if (!known) return null;
  const onAccept = () =>
    accept.mutate(
      { run, ids: [id] },
      {
        onSuccess: ({ file, name }) => {
          saveFile(file, name);
          toastDone(t('acceptDone'));
        },
        onError: toastError,
      },
    );
  return (
    <>
      {known.accepted && <Badge tone="passed">{t('accepted', { name: known.accepted.by })}</Badge>}
      {may &&
        (known.path === null ? (
          <span className="muted">{t('noPath', { why: known.why ?? '' })}</span>
        ) : (
          <Button icon={<Check size={14} aria-hidden />} busy={accept.isPending} title={known.path} onClick={onAccept}>
            {t('accept')}
          </Button>
        ))}
    </>
  );
}
