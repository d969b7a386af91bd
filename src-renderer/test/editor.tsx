import { useState } from 'react';
import { Button } from '../ui/button.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { Field, Form, Input } from '../ui/field.tsx';
import { useMessages } from '../ui/i18n.ts';
import { readKept, writeKept } from '../ui/kept.ts';
import { messages } from './messages.ts';
import { editorLink } from './source-link.ts';

interface OpenInEditorProps {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  project: string;
  file: string;
  line: number;
}

/** Opens the test in VS Code. Only who looks knows where the files are on their machine. */
export function OpenInEditor({ open, onOpenChange, project, file, line }: OpenInEditorProps) {
  const t = useMessages(messages);
  const kept = `playfleet.folder ${project}`;
  const [folder, setFolder] = useState(() => readKept(kept) ?? '');
  const onSubmit = () => {
    writeKept(kept, folder);
    location.assign(editorLink(folder, file, line));
    onOpenChange(false);
  };
  return (
    <Dialog open={open} onOpenChange={onOpenChange} title={t('editorTitle')} description={t('editorWhy')}>
      <Form
        onSubmit={(event) => {
          event.preventDefault();
          onSubmit();
        }}
      >
        <Field label={t('editorFolder')}>
          <Input value={folder} onChange={(event) => setFolder(event.target.value)} required spellCheck={false} />
        </Field>
        <Button type="submit" look="primary">
          {t('editorOpen')}
        </Button>
      </Form>
    </Dialog>
  );
}
