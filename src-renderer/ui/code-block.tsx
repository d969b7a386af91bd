import { Check, Copy } from 'lucide-react';
import { useState } from 'react';
import { Button, IconButton } from './button.tsx';
import styles from './code-block.module.css';
import { useMessages } from './i18n.ts';
import { messages } from './messages.ts';
import { toastError } from './toast.tsx';

const SHOWN_MS = 1500;

function useCopy(text: string): { copied: boolean; copy: () => Promise<void> } {
  const t = useMessages(messages);
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setCopied(true);
      setTimeout(() => setCopied(false), SHOWN_MS);
    } catch {
      // Without https only some addresses have a clipboard.
      toastError(new Error(t('copyFailed')));
    }
  };
  return { copied, copy };
}

/** Copies `text`; with `children` a button with a word, else an icon. `label` says what is copied. */
export function CopyButton({ text, label, children }: { text: string; label?: string; children?: string }) {
  const t = useMessages(messages);
  const { copied, copy } = useCopy(text);
  const icon = copied ? <Check size={14} aria-hidden /> : <Copy size={14} aria-hidden />;
  if (children !== undefined) {
    return (
      <Button icon={icon} onClick={() => void copy()}>
        {copied ? t('copied') : children}
      </Button>
    );
  }
  return <IconButton label={copied ? t('copied') : (label ?? t('copy'))} icon={icon} onClick={() => void copy()} />;
}

/** Text of a machine, to read and to copy. */
export function CodeBlock({ text, label }: { text: string; label?: string }) {
  return (
    <div className={styles.block}>
      <pre className={styles.code} tabIndex={0}>
        {text}
      </pre>
      <div className={styles.copy}>
        <CopyButton text={text} {...(label === undefined ? {} : { label })} />
      </div>
    </div>
  );
}
